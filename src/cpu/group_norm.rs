//! Group normalisation, scaled and activated.

use super::activate::activate;
use super::joined::Joined;
use super::{Call, Real};
use crate::Result;

/// See `shaders/group_norm.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (pixels, channels, per_group, kind) = (c.u("pixels")?, c.u("channels")?, c.u("PER_GROUP")?, c.u("KIND")?);
    let (x, gamma, beta, film) = (Joined::of(c)?, c.input("gamma")?, c.input("beta")?, c.optional("film"));
    let (eps, y) = (F::of(c.f("eps")?), c.output("y")?);
    let mut kept = if c.flag("KEEP") { Some(c.output("coefficients")?) } else { None };
    let count = F::of((pixels * per_group) as f64);
    for g in 0..y.len() / (pixels * per_group) {
        let (image, first) = (g / (channels / per_group), (g % (channels / per_group)) * per_group);
        let start = image * pixels;
        let mut sum = F::default();
        for i in 0..pixels {
            for j in 0..per_group {
                sum += x.at(start + i, first + j);
            }
        }
        let mean = sum / count;
        let mut squares = F::default();
        for i in 0..pixels {
            for j in 0..per_group {
                let d = x.at(start + i, first + j) - mean;
                squares += d * d;
            }
        }
        let r = F::of(1.0) / (squares / count + eps).sqrt();
        for channel in first..first + per_group {
            let mut a = r * gamma[channel];
            let mut b = beta[channel] - mean * a;
            if let Some(film) = film {
                let scale = F::of(1.0) + film[2 * image * channels + channel];
                a *= scale;
                b = b * scale + film[(2 * image + 1) * channels + channel];
            }
            if let Some(kept) = &mut kept {
                kept[4 * (image * channels + channel)..][..4].copy_from_slice(&[a, b, r, -mean * r]);
            }
            for pixel in start..start + pixels {
                y[pixel * channels + channel] = activate(kind, a * x.at(pixel, channel) + b);
            }
        }
    }
    Ok(())
}
