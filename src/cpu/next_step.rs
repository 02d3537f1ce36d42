//! Advances the step of a sampling run.

use super::{Call, Real};
use crate::Result;
use crate::graph::ops::state::counter;

/// See `shaders/next_step.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    c.integers_mut("counters")?[counter::STEP] += 1;
    Ok(())
}
