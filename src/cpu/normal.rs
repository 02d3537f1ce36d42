//! Standard normals: the inverse normal distribution of a word of Threefry.

use super::{Call, Real, random::{normal_from_bits, word}};
use crate::Result;

/// See `shaders/normal.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let stream = c.u("stream")? as u32;
    let (counters, y) = (c.integers("counters")?, c.output("y")?);
    for i in 0..c.u("n")? {
        y[i] = normal_from_bits(word(counters, stream, i));
    }
    Ok(())
}
