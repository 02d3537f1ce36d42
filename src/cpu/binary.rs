//! Sum or product of two tensors, repeated along axes of extent 1.

use super::{Call, Real};
use crate::Result;

/// See `shaders/binary.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (n, multiply) = (c.u("n")?, c.flag("MULTIPLY"));
    let (a, b, y) = (c.input("a")?, c.input("b")?, c.output("y")?);
    let combine = |a: F, b: F| if multiply { a * b } else { a + b };
    if c.flag("SAME_SHAPE") {
        for i in 0..n {
            y[i] = combine(a[i], b[i]);
        }
        return Ok(());
    }
    let (d1, d2, d3) = (c.u("d1")?, c.u("d2")?, c.u("d3")?);
    let sa = [c.u("a0")?, c.u("a1")?, c.u("a2")?, c.u("a3")?];
    let sb = [c.u("b0")?, c.u("b1")?, c.u("b2")?, c.u("b3")?];
    for i in 0..n {
        let index = [i / (d3 * d2 * d1), (i / (d3 * d2)) % d1, (i / d3) % d2, i % d3];
        let at = |strides: [usize; 4]| (0..4).map(|axis| index[axis] * strides[axis]).sum::<usize>();
        y[i] = combine(a[at(sa)], b[at(sb)]);
    }
    Ok(())
}
