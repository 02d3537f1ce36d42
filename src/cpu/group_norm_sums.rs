//! Sums that the derivatives of group normalisation share.

use super::activate_grad::slope;
use super::joined::Joined;
use super::{Call, Real};
use crate::Result;

/// See `shaders/group_norm_sums.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (pixels, channels, groups, per_group) = (c.u("pixels")?, c.u("channels")?, c.u("groups")?, c.u("PER_GROUP")?);
    let (dy, x, coefficients, kind) = (c.input("dy")?, Joined::of(c)?, c.input("coefficients")?, c.u("KIND")?);
    let y = c.output("y")?;
    let count = F::of((pixels * per_group) as f64);
    for g in 0..groups {
        let (image, first) = (g / (channels / per_group), (g % (channels / per_group)) * per_group);
        let (mut t1, mut t2) = (F::default(), F::default());
        for channel in first..first + per_group {
            let at = 4 * (image * channels + channel);
            let k = &coefficients[at..][..4];
            let (mut s1, mut s2) = (F::default(), F::default());
            for i in 0..pixels {
                let pixel = image * pixels + i;
                let value = x.at(pixel, channel);
                let dz = dy[pixel * channels + channel] * slope(kind, k[0] * value + k[1]);
                s1 += dz;
                s2 += dz * (k[2] * value + k[3]);
            }
            t1 += k[0] * s1;
            t2 += k[0] * s2;
            y[at..][..2].copy_from_slice(&[s1, s2]);
        }
        for channel in first..first + per_group {
            y[4 * (image * channels + channel) + 2..][..2].copy_from_slice(&[t1 / count, t2 / count]);
        }
    }
    Ok(())
}
