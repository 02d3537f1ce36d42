//! What is known of a sample goes back to its place, noised to this step's level.

use super::linear_step::this_row;
use super::{Call, Real};
use crate::Result;
use crate::graph::ops::reverse::column;

/// See `shaders/keep_known.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let n = c.u("n")?;
    let (_, row, frame) = this_row(c, n)?;
    let (known, mask, z) = (c.input("known")?, c.input("mask")?, c.input("z")?);
    let (x, frames) = (c.output("x")?, c.output("frames")?);
    for i in 0..n {
        let noised = row[column::KNOWN] * known[i] + row[column::KNOWN + 1] * z[i];
        x[i] = mask[i] * noised + (F::of(1.0) - mask[i]) * x[i];
    }
    if let Some(frame) = frame {
        frames[frame..][..n].copy_from_slice(&x[..n]);
    }
    Ok(())
}
