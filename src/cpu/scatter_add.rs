//! Derivative of picking rows: `y[v, c] = Σ dy[i, c]` over all `i` with `index[i] = v`, in the order of `i`.

use super::{Call, Real};
use crate::Result;

/// See `shaders/scatter_add.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (rows, row_len, count) = (c.u("rows")?, c.u("row_len")?, c.u("count")?);
    let (dy, index, y) = (c.input("dy")?, c.integers("index")?, c.output("y")?);
    y.fill(F::default());
    for j in 0..count {
        let v = (index[j] as usize).min(rows - 1);
        for column in 0..row_len {
            y[v * row_len + column] += dy[j * row_len + column];
        }
    }
    Ok(())
}
