//! Squared error per sample: `loss_b = w_b / D Σ_d (prediction_bd - target_bd)²`.

use super::{Call, Real};
use crate::Result;

/// See `shaders/mse.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let dim = c.u("dim")?;
    let (prediction, target) = (c.input("prediction")?, c.input("target_value")?);
    let (weights, loss) = (c.optional("weights"), c.output("loss")?);
    for b in 0..c.u("batch")? {
        let mut sum = F::default();
        for d in b * dim..(b + 1) * dim {
            let error = prediction[d] - target[d];
            sum += error * error;
        }
        let w = F::of(1.0 / dim as f64);
        loss[b] = weights.map_or(w, |weights| w * weights[b]) * sum;
    }
    Ok(())
}
