//! Memory alone: a copy.

use super::{Call, Real};
use crate::Result;

/// See `shaders/bench_copy.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    c.output("y")?.copy_from_slice(c.input("x")?);
    Ok(())
}
