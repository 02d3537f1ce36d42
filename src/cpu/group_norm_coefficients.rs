//! Group normalisation as a line per image and channel.

use super::{Call, Real};
use crate::Result;

/// Channels of an input that may lie in two tensors side by side; see `shaders/lib/joined.wgsl`.
pub(super) struct Joined<'a, F> {
    x: &'a [F],
    x2: Option<&'a [F]>,
    split: usize,
    rest: usize,
}

impl<'a, F: Real> Joined<'a, F> {
    pub(super) fn of(c: &Call<'a, F>) -> Result<Self> {
        let (channels, split) = (c.u("channels")?, c.u("split")?);
        Ok(Joined { x: c.input("x")?, x2: c.optional("x2"), split, rest: channels - split })
    }

    pub(super) fn at(&self, pixel: usize, channel: usize) -> F {
        match self.x2 {
            Some(x2) if channel >= self.split => x2[pixel * self.rest + channel - self.split],
            _ => self.x[pixel * self.split + channel],
        }
    }
}

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
