//! Reverse update in place by this step's row of a table: the sample, the network's output, the clean sample it stands for, what
//! earlier rows kept and fresh noise, with copies in a frame if asked for.

use super::{Call, Real};
use crate::Result;
use crate::graph::ops::reverse::{HISTORY, column};
use crate::graph::ops::state::counter;

/// The row of `coefficients` that is this step's, and the first element of its frame of `n`, if it has one.
pub(super) fn this_row<F: Real>(c: &Call<'_, F>, n: usize) -> Result<(usize, Vec<F>, Option<usize>)> {
    let step = (c.integers("counters")?[counter::STEP] as usize).min(c.u("steps")? - 1);
    let row = c.input("coefficients")?[column::COUNT * step..][..column::COUNT].to_vec();
    let frame = Some(row[column::FRAME].wide()).filter(|f| *f >= 0.0);
    let frames = c.u("frame_count")?;
    Ok((step, row, frame.map(|f| f as usize).filter(|f| *f < frames).map(|f| f * n)))
}

/// `value` within `[-range, range]`; NaN stays.
pub(super) fn clamp<F: Real>(value: F, range: F) -> F {
    if value > range {
        range
    } else if value < -range {
        -range
    } else {
        value
    }
}

/// See `shaders/linear_step.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let n = c.u("n")?;
    let (step, row, frame) = this_row(c, n)?;
    let (m, z, given, clip) = (c.input("m")?, c.optional("z"), c.optional("given"), c.flag("CLIPPED"));
    let (x, frames) = (c.output("x")?, c.output("frames")?);
    let mut predicted = if c.flag("PREDICTED") { Some(c.output("predicted")?) } else { None };
    let mut history = if c.flag("HISTORY") { Some(c.output("history")?) } else { None };
    for i in 0..n {
        let mut clean = row[column::P_X] * x[i] + row[column::P_M] * m[i];
        if let Some(given) = given {
            clean = given[i];
        } else if clip {
            clean = clamp(clean, row[column::RANGE]);
        }
        let mut y = row[column::C_X] * x[i] + row[column::C_M] * m[i] + row[column::C_0] * clean;
        if let Some(history) = history.as_deref_mut() {
            for back in 1..=HISTORY {
                y += row[column::C_0 + back] * history[(step + HISTORY - back) % HISTORY * n + i];
            }
            history[step % HISTORY * n + i] = row[column::Q_X] * x[i] + row[column::Q_X + 1] * m[i] + row[column::Q_X + 2] * clean;
        }
        if let Some(z) = z {
            y += row[column::C_Z] * z[i];
        }
        x[i] = y;
        if let (Some(predicted), Some(frame)) = (predicted.as_deref_mut(), frame) {
            predicted[frame + i] = clean;
        }
    }
    if let Some(frame) = frame {
        frames[frame..][..n].copy_from_slice(&x[..n]);
    }
    Ok(())
}
