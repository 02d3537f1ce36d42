//! A window on the middle axis: `y[o, j, i] = x[o, j + skip - lead, i]`, zero outside.

use super::{Call, Real};
use crate::Result;

/// See `shaders/window.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (from, to, inner) = (c.u("from_extent")?, c.u("to_extent")?, c.u("inner")?);
    let (skip, lead) = (c.u("skip")?, c.u("lead")?);
    let (x, y) = (c.input("x")?, c.output("y")?);
    // Entries of a row of y that x has: one range, shifted.
    let (start, end) = (lead.saturating_sub(skip), to.min((from + lead).saturating_sub(skip)));
    for (y, x) in y.chunks_exact_mut(to * inner).zip(x.chunks_exact(from * inner)) {
        y.fill(F::default());
        y[start * inner..end * inner].copy_from_slice(&x[(start + skip - lead) * inner..(end + skip - lead) * inner]);
    }
    Ok(())
}
