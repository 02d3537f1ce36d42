//! Group normalisation as a line per image and channel.

use super::joined::Joined;
use super::{Call, Real};
use crate::Result;

/// See `shaders/group_norm_coefficients.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (pixels, channels, groups, per_group) = (c.u("pixels")?, c.u("channels")?, c.u("groups")?, c.u("PER_GROUP")?);
    let (x, gamma, beta, film) = (Joined::of(c)?, c.input("gamma")?, c.input("beta")?, c.optional("film"));
    let (eps, y) = (F::of(c.f("eps")?), c.output("y")?);
    let count = F::of((pixels * per_group) as f64);
    for g in 0..groups {
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
        for j in 0..per_group {
            let channel = first + j;
            let mut a = r * gamma[channel];
            let mut b = beta[channel] - mean * a;
            if let Some(film) = film {
                let scale = F::of(1.0) + film[2 * image * channels + channel];
                a *= scale;
                b = b * scale + film[(2 * image + 1) * channels + channel];
            }
            y[4 * (image * channels + channel)..][..4].copy_from_slice(&[a, b, r, -mean * r]);
        }
    }
    Ok(())
}
