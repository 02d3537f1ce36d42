//! Reverse update in place: `x ← c_x · x + c_e · e + c_z · z`, with copies of the new `x` and of the predicted clean
//! sample in a frame if asked for.

use super::{Call, Real};
use crate::Result;
use crate::graph::ops::state::counter;

/// See `shaders/linear_step.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (n, steps, frame_count) = (c.u("n")?, c.u("steps")?, c.u("frame_count")?);
    let (e, coefficients, z) = (c.input("e")?, c.input("coefficients")?, c.optional("z"));
    let step = c.integers("counters")?[counter::STEP] as usize;
    let (x, frames) = (c.output("x")?, c.output("frames")?);
    let row = &coefficients[8 * step.min(steps - 1)..][..8];
    let frame = Some(row[3].wide()).filter(|f| *f >= 0.0 && (*f as usize) < frame_count).map(|f| f as usize * n);
    let clip = c.flag("CLIPPED");
    let mut predicted = if c.flag("PREDICTED") { Some(c.output("predicted")?) } else { None };
    let one = F::of(1.0);
    for i in 0..n {
        let mut clean = row[4] * x[i] + row[5] * e[i];
        let mut y = row[0] * x[i] + row[1] * e[i];
        if clip {
            clean = if clean > one { one } else if clean < -one { -one } else { clean };
            y = row[6] * clean + row[7] * x[i];
        }
        if let Some(z) = z {
            y += row[2] * z[i];
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
