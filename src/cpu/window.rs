//! A window on the middle axis: `y[o, j, i] = x[o, j + skip - lead, i]`, zero outside.

use super::{Call, Real};
use crate::Result;

/// See `shaders/window.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (from, to, inner) = (c.u("from_extent")?, c.u("to_extent")?, c.u("inner")?);
    let (skip, lead) = (c.u("skip")?, c.u("lead")?);
    let (x, y) = (c.input("x")?, c.output("y")?);
    for i in 0..c.u("n")? {
        let j = (i / inner) % to + skip;
        let outer = i / (inner * to);
        y[i] = if j >= lead && j - lead < from { x[(outer * from + j - lead) * inner + i % inner] } else { F::default() };
    }
    Ok(())
}
