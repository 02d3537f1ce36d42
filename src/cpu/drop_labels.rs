//! Labels replaced at random, one word of Threefry deciding for each.

use super::{Call, Real, random::word};
use crate::Result;

/// See `shaders/drop_labels.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (stream, threshold, null_label) = (c.u("stream")? as u32, c.u("threshold")? as u32, c.u("null_label")? as u32);
    let (counters, labels, always, y) = (c.integers("counters")?, c.integers("labels")?, c.flag("ALWAYS"), c.integers_mut("y")?);
    for i in 0..c.u("n")? {
        let drop = always || word(counters, stream, i) < threshold;
        y[i] = if drop { null_label } else { labels[i] };
    }
    Ok(())
}
