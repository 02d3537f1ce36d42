//! Sinusoidal timestep embedding: `y_b = [cos(t_b f), sin(t_b f)]`, or `[sin, cos]`.

use super::{Call, Real};
use crate::Result;

/// See `shaders/timestep_embedding.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (half, cos_first) = (c.u("half")?, c.flag("COS_FIRST"));
    let integers = if c.flag("INTEGER") { Some(c.integers("t")?) } else { None };
    let floats = if integers.is_none() { c.input("t")? } else { &[] };
    let (frequency, y) = (c.input("frequency")?, c.output("y")?);
    for i in 0..c.u("n")? {
        let (b, j) = (i / half, i % half);
        let t = integers.map_or_else(|| floats[b], |t| F::of(f64::from(t[b])));
        let angle = t * frequency[j];
        let (first, second) = if cos_first { (angle.cos(), angle.sin()) } else { (angle.sin(), angle.cos()) };
        y[b * 2 * half + j] = first;
        y[b * 2 * half + half + j] = second;
    }
    Ok(())
}
