//! Packing for [`crate::product`]: of `L` rows (or columns) side by side, the first elements, then the second ones, and so on.

use crate::{COLUMNS, ROWS};

/// A source that lies outside of the image.
pub const OUTSIDE: u32 = u32::MAX;

/// Packs rows of a left operand: `panels[p · depth + t][i] = x[(p · ROWS + i) · lane + t · step]`, zero for rows past `lanes`.
pub fn pack_rows(x: &[f32], lanes: usize, strides: (usize, usize), depth: usize, panels: &mut [[f32; ROWS]]) {
    pack(x, lanes, strides, depth, panels);
}

/// Packs columns of a right operand: `panels[p · depth + t][j] = x[(p · COLUMNS + j) · lane + t · step]`, zero past `lanes`.
pub fn pack_columns(x: &[f32], lanes: usize, strides: (usize, usize), depth: usize, panels: &mut [[f32; COLUMNS]]) {
    pack(x, lanes, strides, depth, panels);
}

#[inline(always)]
fn pack<const L: usize>(x: &[f32], lanes: usize, (lane, step): (usize, usize), depth: usize, panels: &mut [[f32; L]]) {
    for (first, panel) in (0..lanes).step_by(L).zip(panels.chunks_exact_mut(depth)) {
        let (x, width) = (&x[first * lane..], L.min(lanes - first));
        if lane == 1 && width == L {
            for (t, to) in panel.iter_mut().enumerate() {
                to.copy_from_slice(&x[t * step..][..L]);
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

/// `panel[t][i] = rows[i][t]`, row by row: the panel stays in the first cache.
#[inline(always)]
fn transpose<const L: usize>(rows: [&[f32]; L], panel: &mut [[f32; L]]) {
    for (i, row) in rows.into_iter().enumerate() {
        panel.iter_mut().zip(row).for_each(|(to, from)| to[i] = *from);
    }
}

/// Packs patches that read images, a row of a left operand for each: `panel[s · channels + c][i] = x[i][sources[i][s] + c]`, zero
/// where a source is [`OUTSIDE`]. `zeros` are as many as there are channels.
pub fn pack_patches(x: [&[f32]; ROWS], sources: [&[u32]; ROWS], channels: usize, zeros: &[f32], panel: &mut [[f32; ROWS]]) {
    for (s, panel) in panel.chunks_exact_mut(channels).enumerate() {
        let row = |i: usize| match sources[i][s] {
            OUTSIDE => &zeros[..channels],
            at => &x[i][at as usize..][..channels],
        };
        transpose(std::array::from_fn(row), panel);
    }
}

/// Packs the rows of `channels` floats that begin at `sources` of `x`, for a left operand whose rows are the channels:
/// `panels[p · depth + t][i] = x[sources[t] + p · ROWS + i]`, zero past the channels and where a source is [`OUTSIDE`].
pub fn pack_left_pixels(x: &[f32], sources: &[u32], channels: usize, panels: &mut [[f32; ROWS]]) {
    pack_pixels(x, sources, channels, panels);
}

/// The same for a right operand, whose columns are the channels.
pub fn pack_right_pixels(x: &[f32], sources: &[u32], channels: usize, panels: &mut [[f32; COLUMNS]]) {
    pack_pixels(x, sources, channels, panels);
}

#[inline(always)]
fn pack_pixels<const L: usize>(x: &[f32], sources: &[u32], channels: usize, panels: &mut [[f32; L]]) {
    for (first, panel) in (0..channels).step_by(L).zip(panels.chunks_exact_mut(sources.len())) {
        let width = L.min(channels - first);
        for (to, source) in panel.iter_mut().zip(sources) {
            if *source == OUTSIDE {
                to.fill(0.0);
            } else if width == L {
                to.copy_from_slice(&x[*source as usize + first..][..L]);
            } else {
                to.fill(0.0);
                to[..width].copy_from_slice(&x[*source as usize + first..][..width]);
            }
        }
    }
}
