//! Images at half or twice their size, channels last; each direction is the other's derivative.

use super::{Call, Real};
use crate::Result;

/// See `shaders/resample.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (n, height, width, channels) = (c.u("n")?, c.u("height")?, c.u("width")?, c.u("channels")?);
    let (from_height, from_width) = (c.u("from_height")?, c.u("from_width")?);
    let (down, factor, x, y) = (c.flag("DOWN"), F::of(c.f("factor")?), c.input("x")?, c.output("y")?);
    let next = from_width * channels;
    for (pixel, y) in y[..n].chunks_exact_mut(channels).enumerate() {
        let (b, h, w) = (pixel / (width * height), (pixel / width) % height, pixel % width);
        if down {
            let from = ((b * from_height + 2 * h) * from_width + 2 * w) * channels;
            for c in 0..channels {
                let i = from + c;
                y[c] = factor * (x[i] + x[i + channels] + x[i + next] + x[i + next + channels]);
            }
        } else if h / 2 < from_height && w / 2 < from_width {
            let from = ((b * from_height + h / 2) * from_width + w / 2) * channels;
            for c in 0..channels {
                y[c] = factor * x[from + c];
            }
        } else {
            y.fill(F::default());
        }
    }
    Ok(())
}
