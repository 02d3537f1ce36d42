//! Convolutions as products of matrices: what the taps read is laid out as a matrix, a cacheful at a time.
//!
//! `matrixmultiply` packs its left operand quickly if columns lie in one piece, its right one if rows do; the others it gathers
//! element by element, which for few channels takes longer than the product. So the convolution itself works on runs of pixels
//! (a column per tap and channel), and the derivative by the weights on patches (a row per pixel).

use unnoise_simd::{Planes, Taps, add};

use super::epilogue::Steps;
use super::gemm::gemm;
use crate::Result;
use crate::cpu::Call;
use crate::cpu::conv::taken;

/// Floats of patches that are laid out at once: a quarter of a megabyte stays in the second cache.
const CACHEFUL: usize = 1 << 16;

/// How patches lie over the images they are taken from.
struct Patches {
    kernel: usize,
    stride: usize,
    upsample: usize,
    pad: usize,
    /// Height and width of the images.
    from: [usize; 2],
    /// Places of a patch in one image, by rows and columns.
    places: [usize; 2],
    channels: usize,
}

impl Patches {
    /// Those of a launch between images of `from` and results of `places`.
    fn of(c: &Call<'_, f32>, from: [usize; 2], places: [usize; 2], channels: usize) -> Result<Self> {
        let (kernel, stride, upsample, pad) = (c.u("KERNEL")?, c.u("STRIDE")?, c.u("UPSAMPLE")?, c.u("pad")?);
        Ok(Patches { kernel, stride, upsample, pad, from, places, channels })
    }

    /// Floats of one patch.
    fn len(&self) -> usize {
        self.kernel * self.kernel * self.channels
    }

    /// Patches that are laid out at once.
    fn at_once(&self) -> usize {
        (CACHEFUL / self.len()).max(8)
    }

    /// For each row of taps of the patch at `place`, the first float of every tap's pixel in the images; `None` outside.
    fn taps(&self, place: usize, mut visit: impl FnMut(usize, Option<usize>)) {
        let [height, width] = self.from;
        let [rows, columns] = self.places;
        let (image, oy, ox) = (place / (rows * columns), (place / columns) % rows, place % columns);
        for tap in 0..self.kernel * self.kernel {
            let along = |o, tap, extent| taken(o, tap, self.pad, self.stride, self.upsample, extent);
            let (y, x) = (along(oy, tap / self.kernel, height), along(ox, tap % self.kernel, width));
            visit(tap * self.channels, y.zip(x).map(|(y, x)| ((image * height + y) * width + x) * self.channels));
        }
    }

    /// Patches `first ..` of `x` as rows of `rows`.
    fn gather(&self, x: &[f32], first: usize, rows: &mut [f32]) {
        let channels = self.channels;
        for (i, row) in rows.chunks_exact_mut(self.len()).enumerate() {
            self.taps(first + i, |at, source| match source {
                Some(source) => row[at..at + channels].copy_from_slice(&x[source..source + channels]),
                None => row[at..at + channels].fill(0.0),
            });
        }
    }
}

/// Planes for images of `from` whose taps have `places`, and how many rows of places are worked on at once.
fn planes(c: &Call<'_, f32>, from: [usize; 2], places: [usize; 2], channels: usize) -> Result<(Planes, Taps, usize)> {
    let (kernel, stride, upsample, pad) = (c.u("KERNEL")?, c.u("STRIDE")?, c.u("UPSAMPLE")?, c.u("pad")?);
    let extent = |i: usize| (pad + from[i] * upsample).max((places[i] - 1) * stride + kernel);
    let rows = (CACHEFUL / (kernel * kernel * channels * places[1])).clamp(1, places[0]);
    let taps = Taps { kernel, stride, columns: places[1] };
    Ok((Planes::new(channels, [extent(0), extent(1)], pad, upsample), taps, rows))
}

/// See `src/cpu/conv.rs`.
pub(super) fn run(c: &mut Call<'_, f32>) -> Result<()> {
    let inputs = [c.u("in_height")?, c.u("in_width")?];
    let outputs = [c.u("out_height")?, c.u("out_width")?];
    if c.flag("INPUT_GRAD") { backward(c, inputs, outputs) } else { forward(c, inputs, outputs) }
}

fn forward(c: &mut Call<'_, f32>, inputs: [usize; 2], outputs: [usize; 2]) -> Result<()> {
    let (n, channels) = (c.u("n")?, c.u("channels")?);
    let (x, w, shift, y) = (c.input("x")?, c.input("w")?, c.optional("shift"), c.output("c")?);
    let (mut planes, taps, rows) = planes(c, inputs, outputs, channels)?;
    let mut steps = Steps::of(c)?;
    let len = w.len() / n;
    let mut runs = vec![0.0; len * rows * outputs[1]];
    let pixels = outputs[0] * outputs[1];
    let images = x.chunks_exact(inputs[0] * inputs[1] * channels).zip(y.chunks_exact_mut(pixels * n));
    for (image, (x, y)) in images.enumerate() {
        planes.fill(x, inputs[1]);
        for first in (0..outputs[0]).step_by(rows) {
            let start = first * outputs[1];
            let count = rows.min(outputs[0] - first) * outputs[1];
            let (runs, y) = (&mut runs[..len * count], &mut y[start * n..][..count * n]);
            planes.gather(taps, first, runs);
            gemm(count, len, n, 1.0, runs, (1, count), w, (n, 1), 0.0, y, (n, 1))?;
            if let Some(shift) = shift {
                y.chunks_exact_mut(n).for_each(|y| add(y, &shift[image * n..][..n]));
            }
            steps.finish(image * pixels + start, y);
        }
    }
    Ok(())
}

/// `x` is `dy`, the result the derivative by the images: each place's share goes back to the pixels that its taps read.
fn backward(c: &mut Call<'_, f32>, places: [usize; 2], images: [usize; 2]) -> Result<()> {
    let (n, channels) = (c.u("n")?, c.u("channels")?);
    let (dy, w, dx) = (c.input("x")?, c.input("w")?, c.output("c")?);
    let (mut planes, taps, rows) = planes(c, images, places, n)?;
    let len = w.len() / channels;
    let mut runs = vec![0.0; len * rows * places[1]];
    let each = dy.chunks_exact(places[0] * places[1] * channels).zip(dx.chunks_exact_mut(images[0] * images[1] * n));
    for (dy, dx) in each {
        planes.clear();
        for first in (0..places[0]).step_by(rows) {
            let count = rows.min(places[0] - first) * places[1];
            let (runs, dy) = (&mut runs[..len * count], &dy[first * places[1] * channels..][..count * channels]);
            gemm(len, channels, count, 1.0, w, (channels, 1), dy, (1, channels), 0.0, runs, (count, 1))?;
            planes.scatter(taps, first, runs);
        }
        planes.collect(dx, images[1]);
    }
    Steps::of(c)?.finish(0, dx);
    Ok(())
}

/// See `src/cpu/conv_weight_grad.rs`.
pub(super) fn run_weight_grad(c: &mut Call<'_, f32>) -> Result<()> {
    let inputs = [c.u("in_height")?, c.u("in_width")?];
    let outputs = [c.u("out_height")?, c.u("out_width")?];
    let (m, n, channels, chunk) = (c.u("m")?, c.u("n")?, c.u("channels")?, c.u("chunk")?);
    let (x, dy, part) = (c.input("x")?, c.input("dy")?, c.output("part")?);
    let patches = Patches::of(c, inputs, outputs, channels)?;
    let len = patches.len();
    let mut rows = vec![0.0; len * patches.at_once().min(m)];
    for (split, part) in part.chunks_exact_mut(len * n).enumerate() {
        let (start, end) = (split * chunk, ((split + 1) * chunk).min(m));
        part.fill(0.0);
        for first in (start..end).step_by(patches.at_once()) {
            let count = patches.at_once().min(end - first);
            let rows = &mut rows[..count * len];
            patches.gather(x, first, rows);
            gemm(len, count, n, 1.0, rows, (1, len), &dy[first * n..][..count * n], (n, 1), 1.0, part, (n, 1))?;
        }
    }
    Ok(())
}
