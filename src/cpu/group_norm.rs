//! Normalised, scaled and activated.

use super::activate::activate;
use super::joined::Joined;
use super::{Call, Real};
use crate::Result;

/// See `shaders/group_norm.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (n, pixels, channels, kind) = (c.u("n")?, c.u("pixels")?, c.u("channels")?, c.u("KIND")?);
    let (x, coefficients, y) = (Joined::of(c)?, c.input("coefficients")?, c.output("y")?);
    for i in 0..n {
        let k = &coefficients[4 * ((i / (pixels * channels)) * channels + i % channels)..][..4];
        y[i] = activate(kind, k[0] * x.at(i / channels, i % channels) + k[1]);
    }
    Ok(())
}
