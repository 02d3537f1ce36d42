//! Packing for [`crate::product`]: of `L` rows (or columns) side by side, the first elements, then the second ones, and so on.

/// `panels[p · depth + t][i] = x[(p · L + i) · lane + t · step]`, zero for lanes past `lanes`.
pub fn pack<const L: usize>(x: &[f32], lanes: usize, (lane, step): (usize, usize), depth: usize, panels: &mut [[f32; L]]) {
    for (first, panel) in (0..lanes).step_by(L).zip(panels.chunks_exact_mut(depth)) {
        let (x, width) = (&x[first * lane..], L.min(lanes - first));
        if lane == 1 {
            for (t, to) in panel.iter_mut().enumerate() {
                let from = &x[t * step..][..width];
                match <[f32; L]>::try_from(from) {
                    Ok(from) => *to = from,
                    Err(_) => {
                        to.fill(0.0);
                        to[..width].copy_from_slice(from);
                    }
                }
            }
        } else if step == 1 && width == L {
            transpose(std::array::from_fn(|i| &x[i * lane..][..depth]), panel);
        } else {
            for (t, to) in panel.iter_mut().enumerate() {
                *to = std::array::from_fn(|i| if i < width { x[i * lane + t * step] } else { 0.0 });
            }
        }
    }
}

/// `panel[t][i] = rows[i][t]`.
#[inline(always)]
pub fn transpose<const L: usize>(rows: [&[f32]; L], panel: &mut [[f32; L]]) {
    let rows = rows.map(|row| &row[..panel.len()]);
    for (t, to) in panel.iter_mut().enumerate() {
        *to = std::array::from_fn(|i| rows[i][t]);
    }
}

/// Packs patches that read an image: `panel[s · channels + c][i] = x[i][sources[i][s] + c]`, zero where a source is
/// [`OUTSIDE`]. `zeros` are as many as there are channels.
pub fn pack_patches<const L: usize>(x: [&[f32]; L], sources: [&[u32]; L], channels: usize, zeros: &[f32], panel: &mut [[f32; L]]) {
    for (s, panel) in panel.chunks_exact_mut(channels).enumerate() {
        let row = |i: usize| match sources[i][s] {
            OUTSIDE => &zeros[..channels],
            at => &x[i][at as usize..][..channels],
        };
        transpose(std::array::from_fn(row), panel);
    }
}

/// A source that lies outside of the image.
pub const OUTSIDE: u32 = u32::MAX;

/// Packs the rows of `channels` floats that begin at `sources` of `x` for a product that sums over them:
/// `panels[p · depth + t][i] = x[sources[t] + p · L + i]`, zero past the channels and where a source is [`OUTSIDE`].
pub fn pack_pixels<const L: usize>(x: &[f32], sources: impl Iterator<Item = u32>, channels: usize, depth: usize, panels: &mut [[f32; L]]) {
    for (t, source) in sources.enumerate() {
        let to = panels[t..].iter_mut().step_by(depth);
        if source == OUTSIDE {
            to.for_each(|to| to.fill(0.0));
            continue;
        }
        let (whole, rest) = x[source as usize..][..channels].as_chunks::<L>();
        let padded = std::array::from_fn(|i| rest.get(i).copied().unwrap_or(0.0));
        let last = (!rest.is_empty()).then_some(&padded);
        to.zip(whole.iter().chain(last)).for_each(|(to, from)| *to = *from);
    }
}
