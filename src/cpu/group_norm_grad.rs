//! Derivative of group normalisation by its input.

use super::activate_grad::slope;
use super::{Call, Real};
use crate::Result;

/// See `shaders/group_norm_grad.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (n, pixels, channels, kind) = (c.u("n")?, c.u("pixels")?, c.u("channels")?, c.u("KIND")?);
    let (dy, x, coefficients, sums) = (c.input("dy")?, c.input("x")?, c.input("coefficients")?, c.input("sums")?);
    let (residual, dx) = (c.optional("residual"), c.output("dx")?);
    let (first, width) = (c.u("first")?, c.u("width")?);
    for i in 0..n {
        let (pixel, channel) = (i / width, first + i % width);
        let at = 4 * ((pixel / pixels) * channels + channel);
        let (k, s) = (&coefficients[at..][..4], &sums[at..][..4]);
        let dz = dy[pixel * channels + channel] * slope(kind, k[0] * x[i] + k[1]);
        dx[i] = k[0] * dz - s[2] - (k[2] * x[i] + k[3]) * s[3];
        if let Some(residual) = residual {
            dx[i] += residual[i];
        }
    }
    Ok(())
}
