//! AdamW and a moving average of the parameters, one pass over flat arenas.

use super::{Call, Real};
use crate::Result;
use crate::graph::ops::state::{counter, scalar};

/// See `shaders/adamw.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (grad, scalars) = (c.input("grad")?, c.input("scalars")?);
    if c.integers("counters")?[counter::FROZEN] != 0 {
        return Ok(());
    }
    let (param, m, v, ema) = (c.output("param")?, c.output("m")?, c.output("v")?, c.output("ema")?);
    let one = F::of(1.0);
    let (beta1, beta2, rate) = (scalars[scalar::BETA1], scalars[scalar::BETA2], scalars[scalar::RATE]);
    let correct1 = one - scalars[scalar::BETA1_POWER];
    let correct2 = one - scalars[scalar::BETA2_POWER];
    for i in 0..c.u("n")? {
        let g = scalars[scalar::CLIP] * grad[i];
        m[i] = beta1 * m[i] + (one - beta1) * g;
        v[i] = beta2 * v[i] + (one - beta2) * g * g;
        let direction = (m[i] / correct1) / ((v[i] / correct2).sqrt() + scalars[scalar::EPSILON]);
        param[i] = param[i] - rate * (direction + scalars[scalar::WEIGHT_DECAY] * param[i]);
        ema[i] = ema[i] + (one - scalars[scalar::EMA_NOW]) * (param[i] - ema[i]);
    }
    Ok(())
}
