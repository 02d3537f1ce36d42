//! Group normalisation image by image, on rows of channels.

use unnoise_simd::{Lines, column_squares, column_sums, norm_input_grad};

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

    /// The tensors' parts of an image, each with the range of its channels.
    fn parts(&self, image: usize) -> impl Iterator<Item = (&'a [f32], std::ops::Range<usize>)> {
        let part = |x: &'a [f32], own: std::ops::Range<usize>| (&x[image * self.pixels * own.len()..][..self.pixels * own.len()], own);
        let second = self.x2.map(|x2| part(x2, self.split..self.channels));
        [part(self.x, 0..self.split)].into_iter().chain(second)
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

/// See `src/cpu/group_norm.rs`.
pub(super) fn run(c: &mut Call<'_, f32>) -> Result<()> {
    let (pixels, channels, per_group, kind) = (c.u("pixels")?, c.u("channels")?, c.u("PER_GROUP")?, c.u("KIND")?);
    let (x, gamma, beta, film) = (Images::of(c)?, c.input("gamma")?, c.input("beta")?, c.optional("film"));
    let (eps, y) = (c.f("eps")? as f32, c.output("y")?);
    let mut kept = if c.flag("KEEP") { Some(c.output("coefficients")?) } else { None };
    let [means, squares, a, b, r, m, room] =
        c.scratch()?.rooms([channels, channels, channels, channels, channels, channels, block(channels)]);
    let lines = Lines { a, b, r, m };
    for (image, y) in y.chunks_exact_mut(pixels * channels).enumerate() {
        for (x, own) in x.parts(image) {
            let means = &mut means[own.clone()];
            column_sums(x, means);
            means.iter_mut().for_each(|mean| *mean /= pixels as f32);
            column_squares(x, means, &mut squares[own]);
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
                (lines.a[channel], lines.b[channel]) = (a, b);
                if let Some(kept) = &mut kept {
                    kept[4 * (image * channels + channel)..][..4].copy_from_slice(&[a, b, r, -mean * r]);
                }
            }
        }
        for (i, y) in y.chunks_mut(block(channels)).enumerate() {
            lines.normalise(kind, x.rows(image, i * block(channels), y.len(), room), y);
        }
    }
    Ok(())
}

/// See `src/cpu/group_norm_grad.rs`. What is behind the activation's slope is kept for the image's second pass.
pub(super) fn run_grad(c: &mut Call<'_, f32>) -> Result<()> {
    let (pixels, channels, per_group, kind) = (c.u("pixels")?, c.u("channels")?, c.u("PER_GROUP")?, c.u("KIND")?);
    let (dy, x, coefficients) = (c.input("dy")?, Images::of(c)?, c.input("coefficients")?);
    let (residual, dx) = (c.optional("residual"), c.output("dx")?);
    let mut dx2 = if c.flag("GRAD2") { Some(c.output("dx2")?) } else { None };
    let mut sums = if c.flag("SUMS") { Some(c.output("sums")?) } else { None };
    let lens = [channels, channels, channels, channels, channels, channels, block(channels), block(channels), pixels * channels];
    let [a, b, r, m, s1, s2, room, z, slopes] = c.scratch()?.rooms(lens);
    let count = (pixels * per_group) as f32;
    let mut lines = Lines { a, b, r, m };
    for (image, dy) in dy.chunks_exact(pixels * channels).enumerate() {
        lines.fill(&coefficients[4 * image * channels..][..4 * channels]);
        s1.fill(0.0);
        s2.fill(0.0);
        for (i, (dy, dz)) in dy.chunks(block(channels)).zip(slopes.chunks_mut(block(channels))).enumerate() {
            let x = x.rows(image, i * block(channels), dy.len(), room);
            lines.gate(kind, x, dy, &mut z[..x.len()], dz);
            lines.sums(x, dz, s1, s2);
        }
        if let Some(sums) = &mut sums {
            let (by_gamma, by_beta) = sums[2 * image * channels..][..2 * channels].split_at_mut(channels);
            by_gamma.copy_from_slice(s2);
            by_beta.copy_from_slice(s1);
        }
        // a dz - t1 - (r x + m) t2, as a line of x: what it begins at in place of s1, its slope in place of s2.
        for first in (0..channels).step_by(per_group) {
            let group = first..first + per_group;
            let total = |s: &[f32]| group.clone().map(|channel| lines.a[channel] * s[channel]).sum::<f32>() / count;
            let (t1, t2) = (total(s1), total(s2));
            for channel in group.clone() {
                (s1[channel], s2[channel]) = (t1 + lines.m[channel] * t2, lines.r[channel] * t2);
            }
        }
        for (i, (x, own)) in x.parts(image).enumerate() {
            let part = image * pixels * own.len()..(image + 1) * pixels * own.len();
            let (dx, residual) = match (i, &mut dx2) {
                (0, _) => (&mut dx[part.clone()], residual.map(|residual| &residual[part])),
                (_, Some(dx2)) => (&mut dx2[part], None),
                (_, None) => continue,
            };
            let line = [&lines.a[own.clone()], &s1[own.clone()], &s2[own.clone()]];
            norm_input_grad(line, x, (&slopes[own.start..], channels), residual, dx);
        }
    }
    Ok(())
}
