//! Sum over the middle axis: `y[o, c, i] = factor · Σ_r x[o, r, i]` over the `c`-th chunk of rows.

use super::{Call, Real};
use crate::Result;

/// See `shaders/reduce.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (rows, inner, chunk, chunks) = (c.u("rows")?, c.u("inner")?, c.u("chunk")?, c.u("chunks")?);
    let (factor, x, y) = (F::of(c.f("factor")?), c.input("x")?, c.output("y")?);
    y.fill(F::default());
    for o in 0..y.len() / (chunks * inner) {
        for r in 0..rows {
            let (from, to) = ((o * rows + r) * inner, (o * chunks + r / chunk) * inner);
            for i in 0..inner {
                y[to + i] += x[from + i];
            }
        }
    }
    for value in y.iter_mut() {
        *value *= factor;
    }
    Ok(())
}
