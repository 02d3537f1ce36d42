//! Sums over the rows of several matrices: `y[to + i] = Σ_r x[from + r · stride + i]` for each.

use super::{Call, Real};
use crate::Result;

/// See `shaders/row_sums.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (table, x, y) = (c.input("table")?, c.input("x")?, c.output("y")?);
    for entry in table.chunks_exact(6).take(c.u("matrices")?) {
        let at = |column: usize| 4 * entry[column].wide() as usize;
        let (from, rows, stride, to, len) = (at(1), entry[2].wide() as usize, at(3), at(4), at(5));
        for i in 0..len {
            y[to + i] = (0..rows).fold(F::default(), |sum, row| sum + x[from + row * stride + i]);
        }
    }
    Ok(())
}
