//! Derivatives of group normalisation by each image's scale and shift.

use super::{Call, Real};
use crate::Result;

/// See `shaders/group_norm_film_grad.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (n, channels) = (c.u("n")?, c.u("channels")?);
    let (sums, gamma, beta, y) = (c.input("sums")?, c.input("gamma")?, c.input("beta")?, c.output("y")?);
    for i in 0..n {
        let channel = i % channels;
        let at = 2 * (i - channel) + channel;
        y[at] = gamma[channel] * sums[2 * i + 1] + beta[channel] * sums[2 * i];
        y[at + channels] = sums[2 * i];
    }
    Ok(())
}
