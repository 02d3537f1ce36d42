//! Uniform integers below a bound: a word of Threefry modulo the bound.

use super::{Call, Real, random::word};
use crate::Result;

/// See `shaders/uniform_int.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (bound, stream) = (c.u("bound")? as u32, c.u("stream")? as u32);
    let (counters, y) = (c.integers("counters")?, c.integers_mut("y")?);
    let bound = if c.flag("COUNTED") { counters[bound as usize].max(1) } else { bound };
    for i in 0..c.u("n")? {
        y[i] = word(counters, stream, i) % bound;
    }
    Ok(())
}
