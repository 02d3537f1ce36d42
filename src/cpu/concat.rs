//! Two tensors side by side: `y[o]` is `a[o]` followed by `b[o]`.

use super::{Call, Real};
use crate::Result;

/// See `shaders/concat.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (row_a, row_b) = (c.u("row_a")?, c.u("row_b")?);
    let (a, b, y) = (c.input("a")?, c.input("b")?, c.output("y")?);
    let rows = a.chunks_exact(row_a).zip(b.chunks_exact(row_b));
    for (row, (a, b)) in y.chunks_exact_mut(row_a + row_b).zip(rows) {
        row[..row_a].copy_from_slice(a);
        row[row_a..].copy_from_slice(b);
    }
    Ok(())
}
