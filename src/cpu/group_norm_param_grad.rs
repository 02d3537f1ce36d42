//! Derivatives of group normalisation by its parameters.

use super::{Call, Real};
use crate::Result;

/// See `shaders/group_norm_param_grad.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (batch, channels, beta_at) = (c.u("batch")?, c.u("channels")?, c.u("beta_at")?);
    let (sums, film, y) = (c.input("sums")?, c.optional("film"), c.output("y")?);
    let mut apart = if c.flag("APART") { Some(c.output("dbeta")?) } else { None };
    for channel in 0..channels {
        let (mut by_gamma, mut by_beta) = (F::default(), F::default());
        for b in 0..batch {
            let at = 2 * b * channels + channel;
            let scale = F::of(1.0) + film.map_or(F::default(), |film| film[at]);
            by_gamma += sums[at] * scale;
            by_beta += sums[at + channels] * scale;
        }
        y[channel] = by_gamma;
        match &mut apart {
            Some(apart) => apart[channel] = by_beta,
            None => y[beta_at + channel] = by_beta,
        }
    }
    Ok(())
}
