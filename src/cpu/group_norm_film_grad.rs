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
        y[at] = gamma[channel] * sums[at] + beta[channel] * sums[at + channels];
        y[at + channels] = sums[at + channels];
    }
    Ok(())
}
