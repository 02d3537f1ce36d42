//! Guidance: outputs with and without the class mixed by this step's scale, and a classifier's gradient added.

use super::{Call, Real};
use crate::Result;
use crate::graph::ops::reverse::GUIDE_COLUMNS;
use crate::graph::ops::state::counter;

/// See `shaders/guide.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (n, guided) = (c.u("n")?, c.flag("GUIDED"));
    let step = (c.integers("counters")?[counter::STEP] as usize).min(c.u("steps")? - 1);
    let (scale, factor) = (c.input("table")?[GUIDE_COLUMNS * step], c.input("table")?[GUIDE_COLUMNS * step + 1]);
    let (m, gradient, y) = (c.input("m")?, c.optional("gradient"), c.output("y")?);
    for i in 0..n {
        let mut value = m[i];
        if guided && scale != F::of(1.0) {
            value = m[n + i] + scale * (value - m[n + i]);
        }
        if let Some(gradient) = gradient {
            value += factor * gradient[i];
        }
        y[i] = value;
    }
    Ok(())
}
