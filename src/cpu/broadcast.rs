//! Repetition along the axes on which `x` has extent 1.

use super::{Call, Real};
use crate::Result;

/// See `shaders/broadcast.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (d1, d2, d3) = (c.u("d1")?, c.u("d2")?, c.u("d3")?);
    let strides = [c.u("s0")?, c.u("s1")?, c.u("s2")?, c.u("s3")?];
    let (x, y) = (c.input("x")?, c.output("y")?);
    for i in 0..c.u("n")? {
        let index = [i / (d3 * d2 * d1), (i / (d3 * d2)) % d1, (i / d3) % d2, i % d3];
        y[i] = x[(0..4).map(|axis| index[axis] * strides[axis]).sum::<usize>()];
    }
    Ok(())
}
