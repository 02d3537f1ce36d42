//! Derivative of a convolution by its weights, split over the pixels.

use super::conv::taken;
use super::{Call, Real};
use crate::Result;

/// See `shaders/conv_weight_grad.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (kernel, stride, upsample, pad) = (c.u("KERNEL")?, c.u("STRIDE")?, c.u("UPSAMPLE")?, c.u("pad")?);
    let (in_height, in_width, out_height, out_width) = (c.u("in_height")?, c.u("in_width")?, c.u("out_height")?, c.u("out_width")?);
    let (m, n, channels, chunk) = (c.u("m")?, c.u("n")?, c.u("channels")?, c.u("chunk")?);
    let (x, dy, part) = (c.input("x")?, c.input("dy")?, c.output("part")?);
    // Of a split: the weights, and the sums of the columns behind them.
    let rows = kernel * kernel * channels + usize::from(c.flag("SUMS"));
    part.fill(F::default());
    for row in 0..m {
        let (image, oy, ox) = (row / (out_height * out_width), (row / out_width) % out_height, row % out_width);
        for tap in 0..kernel * kernel {
            let y = taken(oy, tap / kernel, pad, stride, upsample, in_height);
            let x_at = taken(ox, tap % kernel, pad, stride, upsample, in_width);
            let (Some(y), Some(x_at)) = (y, x_at) else { continue };
            let source = (image * in_height + y) * in_width + x_at;
            let first = (row / chunk) * rows + tap * channels;
            for channel in 0..channels {
                let a = x[source * channels + channel];
                for j in 0..n {
                    part[(first + channel) * n + j] += a * dy[row * n + j];
                }
            }
        }
        if c.flag("SUMS") {
            for j in 0..n {
                part[((row / chunk + 1) * rows - 1) * n + j] += dy[row * n + j];
            }
        }
    }
    Ok(())
}
