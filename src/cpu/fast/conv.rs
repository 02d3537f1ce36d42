//! Convolutions as products of matrices: what the taps of a few places read is packed straight from the images.

use unnoise_simd::{COLUMNS, OUTSIDE, ROWS, Target, add, pack_columns, pack_left_pixels, pack_patches, pack_right_pixels, product};

use super::epilogue::Steps;
use super::sums::sum_rows;
use super::taps::{Geometry, Phase};
use crate::Result;
use crate::cpu::{Call, conv as twin, conv_weight_grad as weight_twin};

/// Floats of patches that are packed at once: they stay in the second cache.
const BLOCK: usize = 1 << 15;
/// Places whose derivatives are packed at once.
const PLACES: usize = 256;

/// Extents of what is read and of the results.
struct Extents {
    from: [usize; 2],
    to: [usize; 2],
    /// Channels read and written.
    channels: usize,
    n: usize,
}

impl Extents {
    fn of(c: &Call<'_, f32>) -> Result<Self> {
        let (from, to) = ([c.u("in_height")?, c.u("in_width")?], [c.u("out_height")?, c.u("out_width")?]);
        Ok(Extents { from, to, channels: c.u("channels")?, n: c.u("n")? })
    }
}

/// See `src/cpu/conv.rs`.
pub(super) fn run(c: &mut Call<'_, f32>) -> Result<()> {
    let Some(geometry) = Geometry::of(c)? else { return twin::run(c) };
    let (e, backward) = (Extents::of(c)?, c.flag("INPUT_GRAD"));
    let (x, w, shift, y) = (c.input("x")?, c.input("w")?, c.optional("shift"), c.output("c")?);
    let mut steps = Steps::of(c)?;
    let scratch = c.scratch()?;
    let (pixels, period) = (e.to[0] * e.to[1], geometry.phases());
    let images = y.len() / (pixels * e.n);
    for phase in 0..period * period {
        let phase = geometry.phase([phase / period, phase % period], e.from, e.to);
        let depth = phase.steps() * e.channels;
        if depth == 0 {
            // No tap reaches these places.
            (0..images * phase.count()).for_each(|i| y[place(&phase, i, pixels, e.to[1]) * e.n..][..e.n].fill(0.0));
            continue;
        }
        let rows = (BLOCK / depth).next_multiple_of(ROWS).max(ROWS);
        let lens = [depth * e.n, depth * e.n.next_multiple_of(COLUMNS), depth * rows, e.channels, rows * e.n];
        let ([sums, panels, block, zeros, apart], sources) = scratch.rooms_and_indices(lens, phase.count() * phase.steps());
        zeros.fill(0.0);
        phase.sources(e.channels, sources);
        let panels = panels.as_chunks_mut().0;
        pack_weights(&phase, w, &e, backward, sums, panels);
        let block = block.as_chunks_mut::<ROWS>().0;
        for first in (0..images * phase.count()).step_by(rows) {
            let m = rows.min(images * phase.count() - first);
            for (tile, block) in (first..first + m).step_by(ROWS).zip(block.chunks_exact_mut(depth)) {
                pack_tile(&phase, x, tile..first + m, &e, (sources, zeros), block);
            }
            let target = Target { m, n: e.n, stride: e.n, alpha: 1.0, add: false };
            if period > 1 {
                product(block, panels, depth, apart, target);
                for (i, row) in apart[..m * e.n].chunks_exact(e.n).enumerate() {
                    y[place(&phase, first + i, pixels, e.to[1]) * e.n..][..e.n].copy_from_slice(row);
                }
            } else {
                let y = &mut y[first * e.n..][..m * e.n];
                product(block, panels, depth, y, target);
                finish(&mut steps, shift, first, pixels, e.n, y);
            }
        }
    }
    if period > 1 {
        finish(&mut steps, shift, 0, pixels, e.n, y);
    }
    Ok(())
}

/// Row of the results for place `i` of a phase, counted through all images.
fn place(phase: &Phase, i: usize, pixels: usize, columns: usize) -> usize {
    i / phase.count() * pixels + phase.pixel(i % phase.count(), columns)
}

/// What comes behind the product, for rows of the results from `first` on.
fn finish(steps: &mut Steps<'_>, shift: Option<&[f32]>, first: usize, pixels: usize, n: usize, y: &mut [f32]) {
    if let Some(shift) = shift {
        y.chunks_exact_mut(n).enumerate().for_each(|(i, y)| add(y, &shift[(first + i) / pixels * n..][..n]));
    }
    steps.finish(first, y);
}

/// Packs the weights of every step of a phase: `[channels, n]`, or `[n, channels]` as they lie for the derivative.
fn pack_weights(phase: &Phase, w: &[f32], e: &Extents, backward: bool, sums: &mut [f32], panels: &mut [[f32; COLUMNS]]) {
    let len = e.channels * e.n;
    let depth = phase.steps() * e.channels;
    for (step, sums) in sums.chunks_exact_mut(len).enumerate() {
        for (i, tap) in phase.taps(step).enumerate() {
            let w = &w[tap * len..][..len];
            if i == 0 { sums.copy_from_slice(w) } else { add(sums, w) }
        }
        let strides = if backward { (e.channels, 1) } else { (1, e.n) };
        for (j, panel) in (0..e.n).step_by(COLUMNS).zip(panels.chunks_exact_mut(depth)) {
            let lanes = COLUMNS.min(e.n - j);
            pack_columns(&sums[j * strides.0..], lanes, strides, e.channels, &mut panel[step * e.channels..][..e.channels]);
        }
    }
}

/// Packs what the first places of `places` read, as many as there are in a tile.
fn pack_tile(
    phase: &Phase,
    x: &[f32],
    places: std::ops::Range<usize>,
    e: &Extents,
    (sources, zeros): (&[u32], &[f32]),
    panel: &mut [[f32; ROWS]],
) {
    let (steps, image) = (phase.steps(), e.from[0] * e.from[1] * e.channels);
    // Places past the last one are the last one again: their results are not written.
    let lanes: [usize; ROWS] = std::array::from_fn(|i| (places.start + i).min(places.end - 1));
    let images = lanes.map(|i| &x[i / phase.count() * image..][..image]);
    let sources = lanes.map(|i| &sources[i % phase.count() * steps..][..steps]);
    pack_patches(images, sources, e.channels, zeros, panel);
}

/// See `src/cpu/conv_weight_grad.rs`.
pub(super) fn run_weight_grad(c: &mut Call<'_, f32>) -> Result<()> {
    let Some(geometry) = Geometry::of(c)? else { return weight_twin::run(c) };
    let (e, m) = (Extents::of(c)?, c.u("m")?);
    let (x, dy, part) = (c.input("x")?, c.input("dy")?, c.output("part")?);
    let (len, period, pixels) = (e.channels * e.n, geometry.phases(), e.to[0] * e.to[1]);
    let weights = geometry.taps() * len;
    // Of a split: its weights, and the sums of the columns behind them.
    let split = weights + if c.flag("SUMS") { e.n } else { 0 };
    // Where there are phases, the first split has the whole sum.
    let pixels_per_split = c.u("chunk")?;
    let chunk = if period > 1 { m } else { pixels_per_split };
    let extent = e.from[0] * e.from[1] * e.channels;
    let scratch = c.scratch()?;
    part.fill(0.0);
    for phase in 0..period * period {
        let phase = geometry.phase([phase / period, phase % period], e.from, e.to);
        let (steps, count) = (phase.steps(), phase.count());
        let lens = [e.channels.next_multiple_of(ROWS) * PLACES, e.n.next_multiple_of(COLUMNS) * PLACES, steps * len];
        let ([left, right, sums], sources) = scratch.rooms_and_indices(lens, count * steps);
        let (left, right) = (left.as_chunks_mut::<ROWS>().0, right.as_chunks_mut::<COLUMNS>().0);
        phase.sources(e.channels, sources);
        sums.fill(0.0);
        let total = m / pixels * count;
        for start in (0..total).step_by(chunk.min(total)) {
            let end = total.min(start + chunk);
            for first in (start..end).step_by(PLACES) {
                let depth = PLACES.min(end - first);
                let mut at = [0; PLACES];
                let at = &mut at[..depth];
                let right = &mut right[..depth * e.n.div_ceil(COLUMNS)];
                for (i, at) in at.iter_mut().enumerate() {
                    *at = (place(&phase, first + i, pixels, e.to[1]) * e.n) as u32;
                }
                pack_right_pixels(dy, at, e.n, right);
                for step in 0..steps {
                    for (i, at) in at.iter_mut().enumerate() {
                        let (image, place) = ((first + i) / count, (first + i) % count);
                        *at = match sources[place * steps + step] {
                            OUTSIDE => OUTSIDE,
                            source => (image * extent) as u32 + source,
                        };
                    }
                    let left = &mut left[..depth * e.channels.div_ceil(ROWS)];
                    pack_left_pixels(x, at, e.channels, left);
                    let target = Target { m: e.channels, n: e.n, stride: e.n, alpha: 1.0, add: true };
                    product(left, right, depth, &mut sums[step * len..][..len], target);
                }
            }
            let part = &mut part[start / chunk * split..];
            for (step, sums) in sums.chunks_exact_mut(len).enumerate() {
                phase.taps(step).for_each(|tap| add(&mut part[tap * len..][..len], sums));
                sums.fill(0.0);
            }
        }
    }
    if split > weights {
        for (part, dy) in part.chunks_exact_mut(split).zip(dy.chunks(pixels_per_split * e.n)) {
            sum_rows(&mut part[weights..], dy);
        }
    }
    Ok(())
}
