//! This step's entry of a table, once per sample.

use super::{Call, Real};
use crate::Result;
use crate::graph::ops::state::counter;

/// See `shaders/at_step.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (table, step, y) = (c.input("table")?, c.integers("counters")?[counter::STEP] as usize, c.output("y")?);
    y.fill(table[step.min(c.u("steps")? - 1)]);
    Ok(())
}
