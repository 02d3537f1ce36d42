//! Derivatives of group normalisation by its parameters.

use super::{Call, Real};
use crate::Result;

/// See `shaders/group_norm_param_grad.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (batch, channels, beta) = (c.u("batch")?, c.u("channels")?, c.flag("BETA"));
    let (sums, film, y) = (c.input("sums")?, c.optional("film"), c.output("y")?);
    for channel in 0..channels {
        let mut sum = F::default();
        for b in 0..batch {
            let mut v = sums[4 * (b * channels + channel) + usize::from(!beta)];
            if let Some(film) = film {
                v *= F::of(1.0) + film[2 * b * channels + channel];
            }
            sum += v;
        }
        y[channel] = sum;
    }
    Ok(())
}
