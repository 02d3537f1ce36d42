//! Derivative of the mean squared error.

use super::{Call, Real};
use crate::Result;

/// See `shaders/mse_grad.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (dim, factor) = (c.u("dim")?, F::of(c.f("factor")?) * c.input("dloss")?[0]);
    let (prediction, target) = (c.input("prediction")?, c.input("target_value")?);
    let (weights, y) = (c.optional("weights"), c.output("dprediction")?);
    for i in 0..c.u("n")? {
        let w = weights.map_or(factor, |w| factor * w[i / dim]);
        y[i] = w * (prediction[i] - target[i]);
    }
    Ok(())
}
