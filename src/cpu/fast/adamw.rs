//! AdamW by the loop of `unnoise-simd`.

use unnoise_simd::AdamW;

use crate::Result;
use crate::cpu::Call;
use crate::graph::ops::state::{counter, scalar};

/// See `src/cpu/adamw.rs`; the same arithmetic in the same order.
pub(super) fn run(c: &mut Call<'_, f32>) -> Result<()> {
    if c.integers("counters")?[counter::FROZEN] != 0 {
        return Ok(());
    }
    let (grad, s) = (c.input("grad")?, c.input("scalars")?);
    let step = AdamW {
        rate: s[scalar::RATE],
        clip: s[scalar::CLIP],
        beta1: s[scalar::BETA1],
        beta2: s[scalar::BETA2],
        correct1: 1.0 - s[scalar::BETA1_POWER],
        correct2: 1.0 - s[scalar::BETA2_POWER],
        epsilon: s[scalar::EPSILON],
        decay: s[scalar::WEIGHT_DECAY],
        blend: 1.0 - s[scalar::EMA_NOW],
    };
    step.step(c.output("param")?, grad, c.output("m")?, c.output("v")?, c.output("ema")?);
    Ok(())
}
