//! Convolutions as products of matrices: patches of the input are laid out as rows, a cacheful at a time.

use unnoise_simd::add;

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

    /// The reverse: adds rows to the pixels they would have been taken from.
    fn scatter(&self, rows: &[f32], first: usize, x: &mut [f32]) {
        let channels = self.channels;
        for (i, row) in rows.chunks_exact(self.len()).enumerate() {
            self.taps(first + i, |at, target| {
                if let Some(target) = target {
                    add(&mut x[target..target + channels], &row[at..at + channels]);
                }
            });
        }
    }
}

/// See `src/cpu/conv.rs`.
pub(super) fn run(c: &mut Call<'_, f32>) -> Result<()> {
    let inputs = [c.u("in_height")?, c.u("in_width")?];
    let outputs = [c.u("out_height")?, c.u("out_width")?];
    let (m, n, channels) = (c.u("m")?, c.u("n")?, c.u("channels")?);
    let (x, w, shift, y) = (c.input("x")?, c.input("w")?, c.optional("shift"), c.output("c")?);
    if c.flag("INPUT_GRAD") {
        // x is dy, y the derivative by the images: each place's share goes back to the pixels its patch was taken from.
        let patches = Patches::of(c, outputs, inputs, n)?;
        let (len, all) = (patches.len(), x.len() / channels);
        let mut rows = vec![0.0; len * patches.at_once().min(all)];
        y.fill(0.0);
        for first in (0..all).step_by(patches.at_once()) {
            let count = patches.at_once().min(all - first);
            let (rows, dy) = (&mut rows[..count * len], &x[first * channels..][..count * channels]);
            gemm(count, channels, len, 1.0, dy, (channels, 1), w, (1, channels), 0.0, rows, (len, 1))?;
            patches.scatter(rows, first, y);
        }
        Steps::of(c)?.finish(0, y);
        return Ok(());
    }
    let patches = Patches::of(c, inputs, outputs, channels)?;
    let mut steps = Steps::of(c)?;
    let len = patches.len();
    let mut rows = vec![0.0; len * patches.at_once().min(m)];
    for first in (0..m).step_by(patches.at_once()) {
        let count = patches.at_once().min(m - first);
        let (rows, y) = (&mut rows[..count * len], &mut y[first * n..][..count * n]);
        patches.gather(x, first, rows);
        gemm(count, len, n, 1.0, rows, (len, 1), w, (n, 1), 0.0, y, (n, 1))?;
        if let Some(shift) = shift {
            for (row, y) in y.chunks_exact_mut(n).enumerate() {
                let image = (first + row) / (outputs[0] * outputs[1]);
                add(y, &shift[image * n..][..n]);
            }
        }
        steps.finish(first, y);
    }
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
