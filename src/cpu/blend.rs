//! Forward jump: `y_b = table[t_b, 0] · x_b + table[t_b, 1] · e_b`.

use super::{Call, Real};
use crate::Result;

/// See `shaders/blend.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (dim, rows) = (c.u("dim")?, c.u("rows")?);
    let (x, e, t, table, y) = (c.input("x")?, c.input("e")?, c.integers("t")?, c.input("table")?, c.output("y")?);
    for i in 0..c.u("n")? {
        let row = 2 * (t[i / dim] as usize).min(rows - 1);
        y[i] = table[row] * x[i] + table[row + 1] * e[i];
    }
    Ok(())
}
