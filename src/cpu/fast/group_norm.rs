//! Group normalisation image by image, on rows of channels.

use unnoise_simd::{Lines, add, column_squares, column_sums};

use crate::Result;
use crate::cpu::Call;

/// Floats that are worked on at once: they stay in the first cache from one loop to the next.
const CACHEFUL: usize = 1 << 12;

/// Whole rows of `channels` that fill a cache.
fn block(channels: usize) -> usize {
    (CACHEFUL / channels).max(1) * channels
}

/// The image's pixels as rows of all channels, which may lie in two tensors side by side.
struct Images<'a> {
    x: &'a [f32],
    x2: Option<&'a [f32]>,
    split: usize,
    channels: usize,
    pixels: usize,
}

impl<'a> Images<'a> {
    fn of(c: &Call<'a, f32>) -> Result<Self> {
        let (channels, split, pixels) = (c.u("channels")?, c.u("split")?, c.u("pixels")?);
        Ok(Images { x: c.input("x")?, x2: c.optional("x2"), split, channels, pixels })
    }

    /// The tensors' parts of an image, each with the number of its channels.
    fn parts(&self, image: usize) -> impl Iterator<Item = (&'a [f32], usize)> {
        let part = |x: &'a [f32], width: usize| (&x[image * self.pixels * width..][..self.pixels * width], width);
        let second = self.x2.map(|x2| part(x2, self.channels - self.split));
        [part(self.x, self.split)].into_iter().chain(second)
    }

    /// Rows of all channels of an image: `len` numbers from `first` on, in `room` if they have to be put side by side.
    fn rows<'b>(&self, image: usize, first: usize, len: usize, room: &'b mut [f32]) -> &'b [f32]
    where
        'a: 'b,
    {
        let start = image * self.pixels * self.channels + first;
        let Some(x2) = self.x2 else { return &self.x[start..start + len] };
        let rest = self.channels - self.split;
        for (i, row) in room[..len].chunks_exact_mut(self.channels).enumerate() {
            let pixel = start / self.channels + i;
            row[..self.split].copy_from_slice(&self.x[pixel * self.split..][..self.split]);
            row[self.split..].copy_from_slice(&x2[pixel * rest..][..rest]);
        }
        &room[..len]
    }
}

/// See `src/cpu/group_norm_coefficients.rs`.
pub(super) fn run_coefficients(c: &mut Call<'_, f32>) -> Result<()> {
    let (pixels, channels, per_group) = (c.u("pixels")?, c.u("channels")?, c.u("PER_GROUP")?);
    let (x, gamma, beta, film) = (Images::of(c)?, c.input("gamma")?, c.input("beta")?, c.optional("film"));
    let (eps, y) = (c.f("eps")? as f32, c.output("y")?);
    let (mut means, mut squares) = (vec![0.0; channels], vec![0.0; channels]);
    for (image, y) in y.chunks_exact_mut(4 * channels).enumerate() {
        let mut first = 0;
        for (x, width) in x.parts(image) {
            let (means, squares) = (&mut means[first..first + width], &mut squares[first..first + width]);
            column_sums(x, means);
            means.iter_mut().for_each(|mean| *mean /= pixels as f32);
            column_squares(x, means, squares);
            first += width;
        }
        for first in (0..channels).step_by(per_group) {
            let group = first..first + per_group;
            // Squares about the channels' means, and the means' own about the group's (Chan et al.).
            let mean = means[group.clone()].iter().sum::<f32>() / per_group as f32;
            let between: f32 = means[group.clone()].iter().map(|m| (m - mean) * (m - mean)).sum();
            let within: f32 = squares[group.clone()].iter().sum();
            let variance = (within / pixels as f32 + between) / per_group as f32;
            let r = 1.0 / (variance + eps).sqrt();
            for channel in group {
                let (mut a, mut b) = (r * gamma[channel], beta[channel] - mean * r * gamma[channel]);
                if let Some(film) = film {
                    let scale = 1.0 + film[2 * image * channels + channel];
                    a *= scale;
                    b = b * scale + film[(2 * image + 1) * channels + channel];
                }
                y[4 * channel..][..4].copy_from_slice(&[a, b, r, -mean * r]);
            }
        }
    }
    Ok(())
}

/// See `src/cpu/group_norm.rs`.
pub(super) fn run(c: &mut Call<'_, f32>) -> Result<()> {
    let (pixels, channels, kind) = (c.u("pixels")?, c.u("channels")?, c.u("KIND")?);
    let (x, coefficients, y) = (Images::of(c)?, c.input("coefficients")?, c.output("y")?);
    let mut room = vec![0.0; block(channels)];
    let tables = coefficients.chunks_exact(4 * channels);
    for ((image, y), table) in y.chunks_exact_mut(pixels * channels).enumerate().zip(tables) {
        let lines = Lines::new(table);
        for (i, y) in y.chunks_mut(block(channels)).enumerate() {
            lines.normalise(kind, x.rows(image, i * block(channels), y.len(), &mut room), y);
        }
    }
    Ok(())
}

/// See `src/cpu/group_norm_sums.rs`.
pub(super) fn run_sums(c: &mut Call<'_, f32>) -> Result<()> {
    let (pixels, channels, per_group, kind) = (c.u("pixels")?, c.u("channels")?, c.u("PER_GROUP")?, c.u("KIND")?);
    let (dy, x, coefficients, y) = (c.input("dy")?, Images::of(c)?, c.input("coefficients")?, c.output("y")?);
    let count = (pixels * per_group) as f32;
    let (mut z, mut dz, mut room) = (vec![0.0; block(channels)], vec![0.0; block(channels)], vec![0.0; block(channels)]);
    let images = dy.chunks_exact(pixels * channels).enumerate();
    for (((image, dy), table), y) in images.zip(coefficients.chunks_exact(4 * channels)).zip(y.chunks_exact_mut(4 * channels)) {
        let lines = Lines::new(table);
        let (mut s1, mut s2) = (vec![0.0; channels], vec![0.0; channels]);
        for (i, dy) in dy.chunks(block(channels)).enumerate() {
            let x = x.rows(image, i * block(channels), dy.len(), &mut room);
            let (z, dz) = (&mut z[..x.len()], &mut dz[..x.len()]);
            lines.gate(kind, x, dy, z, dz);
            lines.sums(x, dz, &mut s1, &mut s2);
        }
        for first in (0..channels).step_by(per_group) {
            let group = first..first + per_group;
            let total = |s: &[f32]| group.clone().map(|channel| lines.a[channel] * s[channel]).sum::<f32>() / count;
            let (t1, t2) = (total(&s1), total(&s2));
            for channel in group.clone() {
                y[4 * channel..][..4].copy_from_slice(&[s1[channel], s2[channel], t1, t2]);
            }
        }
    }
    Ok(())
}

/// See `src/cpu/group_norm_grad.rs`.
pub(super) fn run_grad(c: &mut Call<'_, f32>) -> Result<()> {
    let (pixels, channels, kind) = (c.u("pixels")?, c.u("channels")?, c.u("KIND")?);
    let (first, width) = (c.u("first")?, c.u("width")?);
    let (dy, x, coefficients, sums) = (c.input("dy")?, c.input("x")?, c.input("coefficients")?, c.input("sums")?);
    let (residual, dx) = (c.optional("residual"), c.output("dx")?);
    let (mut z, mut room) = (vec![0.0; block(width)], vec![0.0; block(width)]);
    let tables = coefficients.chunks_exact(4 * channels).zip(sums.chunks_exact(4 * channels));
    let images = dy.chunks_exact(pixels * channels).zip(x.chunks_exact(pixels * width)).zip(dx.chunks_exact_mut(pixels * width));
    for (((dy, x), dx), (table, sums)) in images.zip(tables) {
        let own = 4 * first..4 * (first + width);
        let lines = Lines::new(&table[own.clone()]);
        let Lines { r: t1, m: t2, .. } = Lines::new(&sums[own]);
        let rows = block(width) / width;
        let blocks = dy.chunks(rows * channels).zip(x.chunks(rows * width)).zip(dx.chunks_mut(rows * width));
        for ((dy, x), dx) in blocks {
            let dy = if width == channels {
                dy
            } else {
                let room = &mut room[..x.len()];
                room.chunks_exact_mut(width)
                    .zip(dy.chunks_exact(channels))
                    .for_each(|(to, from)| to.copy_from_slice(&from[first..first + width]));
                room
            };
            lines.gate(kind, x, dy, &mut z[..x.len()], dx);
            lines.input_grad(x, &t1, &t2, dx);
        }
    }
    if let Some(residual) = residual {
        add(dx, residual);
    }
    Ok(())
}
