//! Two tensors side by side: `y[o]` is `a[o]` followed by `b[o]`.

use super::{Call, Real};
use crate::Result;

/// See `shaders/concat.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (row_a, row_b) = (c.u("row_a")?, c.u("row_b")?);
    let (a, b, y) = (c.input("a")?, c.input("b")?, c.output("y")?);
    for i in 0..c.u("n")? {
        let (outer, j) = (i / (row_a + row_b), i % (row_a + row_b));
        y[i] = if j < row_a { a[outer * row_a + j] } else { b[outer * row_b + j - row_a] };
    }
    Ok(())
}
