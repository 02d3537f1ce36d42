//! Scaling: `y = s · x`.

use super::{Call, Real};
use crate::Result;

/// See `shaders/scale.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (s, x, y) = (F::of(c.f("s")?), c.input("x")?, c.output("y")?);
    for i in 0..c.u("n")? {
        y[i] = s * x[i];
    }
    Ok(())
}
