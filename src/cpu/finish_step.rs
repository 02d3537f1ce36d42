//! The bookkeeping of one training step: norm, clipping, learning rate, bias corrections, ring of losses.

use super::{Call, Real};
use crate::Result;
use crate::graph::ops::state::{counter, scalar};

/// See `shaders/finish_step.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let ring = c.u("ring")?;
    let (partials, loss) = (c.input("partials")?, c.input("loss")?[0]);
    let (counters, scalars, losses) = (c.integers_mut("counters")?, c.output("scalars")?, c.output("losses")?);
    let mut sum = F::default();
    for value in partials {
        sum += *value;
    }
    if counters[counter::FROZEN] != 0 {
        return Ok(());
    }
    let step = counters[counter::STEP];
    let norm = sum.sqrt();
    if !loss.finite() || !sum.finite() {
        counters[counter::FROZEN] = 1;
        counters[counter::FROZEN_AT] = step;
        return Ok(());
    }
    scalars[scalar::LOSS] = loss;
    scalars[scalar::GRAD_NORM] = norm;
    losses[step as usize % ring] = loss;
    let (one, zero, done) = (F::of(1.0), F::default(), F::of(f64::from(step)));
    let max_norm = scalars[scalar::MAX_NORM];
    scalars[scalar::CLIP] = if max_norm > zero && norm > max_norm { max_norm / (norm + F::of(1e-6)) } else { one };
    let total = scalars[scalar::COSINE_STEPS].wide();
    let share = (f64::from(step) / total.max(1.0)).min(1.0);
    let factor = if total > 0.0 { 0.5 + 0.5 * (std::f64::consts::PI * share).cos() } else { 1.0 };
    scalars[scalar::RATE] = scalars[scalar::BASE_RATE] * F::of(factor);
    let (beta1, beta2) = (scalars[scalar::BETA1], scalars[scalar::BETA2]);
    scalars[scalar::BETA1_POWER] *= beta1;
    scalars[scalar::BETA2_POWER] *= beta2;
    let young = (one + done) / (F::of(10.0) + done);
    scalars[scalar::EMA_NOW] = if young < scalars[scalar::EMA_DECAY] { young } else { scalars[scalar::EMA_DECAY] };
    counters[counter::STEP] = step + 1;
    Ok(())
}
