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

/// See `src/cpu/group_norm_coefficients.rs`.
pub(super) fn run_coefficients(c: &mut Call<'_, f32>) -> Result<()> {
    let (pixels, channels, per_group) = (c.u("pixels")?, c.u("channels")?, c.u("PER_GROUP")?);
    let (x, gamma, beta, film) = (c.input("x")?, c.input("gamma")?, c.input("beta")?, c.optional("film"));
    let (eps, y) = (c.f("eps")? as f32, c.output("y")?);
    let (mut means, mut squares) = (vec![0.0; channels], vec![0.0; channels]);
    for (image, (x, y)) in x.chunks_exact(pixels * channels).zip(y.chunks_exact_mut(4 * channels)).enumerate() {
        column_sums(x, &mut means);
        means.iter_mut().for_each(|mean| *mean /= pixels as f32);
        column_squares(x, &means, &mut squares);
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
    let (x, coefficients, y) = (c.input("x")?, c.input("coefficients")?, c.output("y")?);
    let images = x.chunks_exact(pixels * channels).zip(y.chunks_exact_mut(pixels * channels));
    for ((x, y), table) in images.zip(coefficients.chunks_exact(4 * channels)) {
        let lines = Lines::new(table);
        for (x, y) in x.chunks(block(channels)).zip(y.chunks_mut(block(channels))) {
            lines.normalise(kind, x, y);
        }
    }
    Ok(())
}

/// See `src/cpu/group_norm_sums.rs`.
pub(super) fn run_sums(c: &mut Call<'_, f32>) -> Result<()> {
    let (pixels, channels, per_group, kind) = (c.u("pixels")?, c.u("channels")?, c.u("PER_GROUP")?, c.u("KIND")?);
    let (dy, x, coefficients, y) = (c.input("dy")?, c.input("x")?, c.input("coefficients")?, c.output("y")?);
    let count = (pixels * per_group) as f32;
    let images = dy.chunks_exact(pixels * channels).zip(x.chunks_exact(pixels * channels));
    let (mut z, mut dz) = (vec![0.0; block(channels)], vec![0.0; block(channels)]);
    for (((dy, x), table), y) in images.zip(coefficients.chunks_exact(4 * channels)).zip(y.chunks_exact_mut(4 * channels)) {
        let lines = Lines::new(table);
        let (mut s1, mut s2) = (vec![0.0; channels], vec![0.0; channels]);
        for (dy, x) in dy.chunks(block(channels)).zip(x.chunks(block(channels))) {
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
    let (dy, x, coefficients, sums) = (c.input("dy")?, c.input("x")?, c.input("coefficients")?, c.input("sums")?);
    let (residual, dx) = (c.optional("residual"), c.output("dx")?);
    let mut z = vec![0.0; block(channels)];
    let tables = coefficients.chunks_exact(4 * channels).zip(sums.chunks_exact(4 * channels));
    let images = dy.chunks_exact(pixels * channels).zip(x.chunks_exact(pixels * channels)).zip(dx.chunks_exact_mut(pixels * channels));
    for (((dy, x), dx), (table, sums)) in images.zip(tables) {
        let lines = Lines::new(table);
        let Lines { r: t1, m: t2, .. } = Lines::new(sums);
        let blocks = dy.chunks(block(channels)).zip(x.chunks(block(channels))).zip(dx.chunks_mut(block(channels)));
        for ((dy, x), dx) in blocks {
            lines.gate(kind, x, dy, &mut z[..x.len()], dx);
            lines.input_grad(x, &t1, &t2, dx);
        }
    }
    if let Some(residual) = residual {
        add(dx, residual);
    }
    Ok(())
}
