//! Convolution over NHWC, or its derivative by the input, with the steps fused behind it.

use super::matmul::epilogue;
use super::{Call, Real};
use crate::Result;

/// The pixel that a tap reads along one axis of `extent` pixels for place `o` of the result; `None` outside.
pub(super) fn taken(o: usize, tap: usize, pad: usize, stride: usize, upsample: usize, extent: usize) -> Option<usize> {
    let at = (o * stride + tap).checked_sub(pad)?;
    (at < extent * upsample).then_some(at / upsample)
}

/// The same for the derivative: the place of `dy` that reached pixel `o`, copy `sub`, through the tap.
fn reached(o: usize, sub: usize, tap: usize, pad: usize, stride: usize, upsample: usize, extent: usize) -> Option<usize> {
    let at = (o * upsample + sub + pad).checked_sub(tap)?;
    (at < extent * stride && at.is_multiple_of(stride)).then_some(at / stride)
}

/// See `shaders/conv.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (kernel, stride, upsample, pad) = (c.u("KERNEL")?, c.u("STRIDE")?, c.u("UPSAMPLE")?, c.u("pad")?);
    let (in_height, in_width, out_height, out_width) = (c.u("in_height")?, c.u("in_width")?, c.u("out_height")?, c.u("out_width")?);
    let (m, n, channels, backward) = (c.u("m")?, c.u("n")?, c.u("channels")?, c.flag("INPUT_GRAD"));
    let (x, w, shift, sums) = (c.input("x")?, c.input("w")?, c.optional("shift"), c.output("c")?);
    let subs = if backward { upsample } else { 1 };
    for row in 0..m {
        let (image, oy, ox) = (row / (out_height * out_width), (row / out_width) % out_height, row % out_width);
        let sum = &mut sums[row * n..][..n];
        sum.fill(F::default());
        for step in 0..kernel * kernel * subs * subs {
            let (tap, sub) = (step / (subs * subs), step % (subs * subs));
            let (ty, tx, sy, sx) = (tap / kernel, tap % kernel, sub / subs, sub % subs);
            let (y, x_at) = if backward {
                (reached(oy, sy, ty, pad, stride, upsample, in_height), reached(ox, sx, tx, pad, stride, upsample, in_width))
            } else {
                (taken(oy, ty, pad, stride, upsample, in_height), taken(ox, tx, pad, stride, upsample, in_width))
            };
            let (Some(y), Some(x_at)) = (y, x_at) else { continue };
            let source = (image * in_height + y) * in_width + x_at;
            for channel in 0..channels {
                let a = x[source * channels + channel];
                for j in 0..n {
                    let at = if backward { (tap * n + j) * channels + channel } else { (tap * channels + channel) * n + j };
                    sum[j] += a * w[at];
                }
            }
        }
        if let Some(shift) = shift {
            for j in 0..n {
                sum[j] += shift[image * n + j];
            }
        }
    }
    let keep = if c.flag("KEEP_PRE") { Some(c.output("z")?) } else { None };
    epilogue(c, sums, keep)
}
