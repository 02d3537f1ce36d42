//! Dynamic thresholding: the clean sample within a range found from its own quantile, divided by it.

use super::linear_step::{clamp, this_row};
use super::{Call, Real};
use crate::Result;
use crate::graph::ops::reverse::column;

/// See `shaders/threshold.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (batch, dim, rank, share) = (c.u("batch")?, c.u("dim")?, c.u("rank")?, c.f("share")?);
    let (_, row, frame) = this_row(c, batch * dim)?;
    let (x, m, clean) = (c.input("x")?, c.input("m")?, c.output("clean")?);
    for first in (0..batch * dim).step_by(dim) {
        let sample = &mut clean[first..first + dim];
        for (i, value) in sample.iter_mut().enumerate() {
            *value = row[column::P_X] * x[first + i] + row[column::P_M] * m[first + i];
        }
        let mut magnitudes: Vec<f64> = sample.iter().map(|v| v.wide().abs()).collect();
        magnitudes.sort_by(f64::total_cmp);
        let (low, high) = (magnitudes[rank], magnitudes[(rank + 1).min(dim - 1)]);
        let quantile = low + share * (high - low);
        let s = F::of(quantile.max(1.0).min(row[column::RANGE].wide()));
        sample.iter_mut().for_each(|value| *value = clamp(*value, s) / s);
    }
    if c.flag("PREDICTED") {
        let predicted = c.output("predicted")?;
        if let Some(frame) = frame {
            predicted[frame..][..batch * dim].copy_from_slice(clean);
        }
    }
    Ok(())
}
