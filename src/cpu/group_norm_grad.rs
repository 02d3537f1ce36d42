//! Derivatives of group normalisation by its input, and the sums that the others need.

use super::activate_grad::slope;
use super::joined::Joined;
use super::{Call, Real};
use crate::Result;

/// See `shaders/group_norm_grad.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (pixels, channels, split) = (c.u("pixels")?, c.u("channels")?, c.u("split")?);
    let (per_group, kind) = (c.u("PER_GROUP")?, c.u("KIND")?);
    let (dy, x, coefficients) = (c.input("dy")?, Joined::of(c)?, c.input("coefficients")?);
    let (residual, dx) = (c.optional("residual"), c.output("dx")?);
    let mut dx2 = if c.flag("GRAD2") { Some(c.output("dx2")?) } else { None };
    let mut sums = if c.flag("SUMS") { Some(c.output("sums")?) } else { None };
    let count = F::of((pixels * per_group) as f64);
    for g in 0..dy.len() / (pixels * per_group) {
        let (image, first) = (g / (channels / per_group), (g % (channels / per_group)) * per_group);
        let line = |channel: usize| &coefficients[4 * (image * channels + channel)..][..4];
        // dz and the normalised x.
        let at = |pixel: usize, channel: usize| {
            let (k, value) = (line(channel), x.at(pixel, channel));
            (dy[pixel * channels + channel] * slope(kind, k[0] * value + k[1]), k[2] * value + k[3])
        };
        let (mut t1, mut t2) = (F::default(), F::default());
        for channel in first..first + per_group {
            let (mut s1, mut s2) = (F::default(), F::default());
            for i in 0..pixels {
                let (dz, normal) = at(image * pixels + i, channel);
                s1 += dz;
                s2 += dz * normal;
            }
            t1 += line(channel)[0] * s1 / count;
            t2 += line(channel)[0] * s2 / count;
            if let Some(sums) = &mut sums {
                (sums[2 * image * channels + channel], sums[(2 * image + 1) * channels + channel]) = (s2, s1);
            }
        }
        for channel in first..first + per_group {
            for pixel in image * pixels..(image + 1) * pixels {
                let (dz, normal) = at(pixel, channel);
                let v = line(channel)[0] * dz - t1 - normal * t2;
                if channel < split {
                    let i = pixel * split + channel;
                    dx[i] = v + residual.map_or(F::default(), |residual| residual[i]);
                } else if let Some(dx2) = &mut dx2 {
                    dx2[pixel * (channels - split) + channel - split] = v;
                }
            }
        }
    }
    Ok(())
}
