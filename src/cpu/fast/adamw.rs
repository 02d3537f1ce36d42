//! AdamW over slices of one length, which the compiler turns into SIMD.

use crate::Result;
use crate::cpu::Call;
use crate::graph::ops::state::{counter, scalar};

/// See `src/cpu/adamw.rs`; the same arithmetic in the same order.
pub(super) fn run(c: &mut Call<'_, f32>) -> Result<()> {
    if c.integers("counters")?[counter::FROZEN] != 0 {
        return Ok(());
    }
    let (grad, s) = (c.input("grad")?, c.input("scalars")?);
    let (param, m, v, ema) = (c.output("param")?, c.output("m")?, c.output("v")?, c.output("ema")?);
    let (beta1, beta2, rate, clip) = (s[scalar::BETA1], s[scalar::BETA2], s[scalar::RATE], s[scalar::CLIP]);
    let (correct1, correct2) = (1.0 - s[scalar::BETA1_POWER], 1.0 - s[scalar::BETA2_POWER]);
    let (epsilon, decay, blend) = (s[scalar::EPSILON], s[scalar::WEIGHT_DECAY], 1.0 - s[scalar::EMA_NOW]);
    for ((((p, g), m), v), e) in param.iter_mut().zip(grad).zip(m).zip(v).zip(ema) {
        let g = clip * g;
        *m = beta1 * *m + (1.0 - beta1) * g;
        *v = beta2 * *v + (1.0 - beta2) * g * g;
        let direction = (*m / correct1) / ((*v / correct2).sqrt() + epsilon);
        *p -= rate * (direction + decay * *p);
        *e += blend * (*p - *e);
    }
    Ok(())
}
