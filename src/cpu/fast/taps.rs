//! How the taps of a convolution lie over the tensor that it reads, forwards and backwards.
//!
//! Along an axis, place `o` of the result reads `upsample · in` pixels through taps `t` at `o · stride + t - pad`. With repeated
//! pixels several taps read the same one, and backwards through a stride most taps read none: which, depends on the phase of `o`.
//! So places of one phase are worked on together, and taps that read the same pixel become one step, whose weights are summed.

use crate::Result;
use crate::cpu::Call;

/// Most steps along an axis.
const MAX_STEPS: usize = 16;

/// What several taps read in common.
#[derive(Debug, Clone, Copy, Default)]
struct Step {
    /// Place `q` of the phase reads at `q · stride + offset`.
    offset: isize,
    /// The set of taps, a bit for each.
    taps: u32,
}

/// The steps of one phase along one axis.
#[derive(Debug, Clone, Copy)]
struct Axis {
    steps: [Step; MAX_STEPS],
    len: usize,
}

/// Kernel, stride, upsampling and padding of a launch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Geometry {
    kernel: usize,
    stride: usize,
    upsample: usize,
    pad: usize,
    /// The derivative by the input: results are its pixels, and what is read are the places.
    backward: bool,
}

impl Geometry {
    /// That of a launch; `None` if it both skips and repeats pixels, or has too many taps.
    pub(super) fn of(c: &Call<'_, f32>) -> Result<Option<Self>> {
        let (kernel, stride, upsample, pad) = (c.u("KERNEL")?, c.u("STRIDE")?, c.u("UPSAMPLE")?, c.u("pad")?);
        let fits = (stride == 1 || upsample == 1) && kernel + upsample <= MAX_STEPS;
        Ok(fits.then_some(Geometry { kernel, stride, upsample, pad, backward: c.flag("INPUT_GRAD") }))
    }

    /// Taps of the kernel.
    pub(super) fn taps(&self) -> usize {
        self.kernel * self.kernel
    }

    /// Phases along each axis.
    pub(super) fn phases(&self) -> usize {
        if self.backward { self.stride } else { self.upsample }
    }

    /// From what place `q` of a phase reads to what place `q + 1` does.
    fn advance(&self) -> usize {
        if self.backward { self.upsample } else { self.stride }
    }

    fn axis(&self, phase: usize) -> Axis {
        let mut axis = Axis { steps: [Step::default(); MAX_STEPS], len: 0 };
        let period = self.phases() as isize;
        for tap in 0..self.kernel {
            let ahead = phase as isize + if self.backward { self.pad as isize - tap as isize } else { tap as isize - self.pad as isize };
            let (copies, reached) = if self.backward { (self.upsample, ahead.rem_euclid(period) == 0) } else { (1, true) };
            for copy in 0..if reached { copies } else { 0 } {
                axis.put(ahead.div_euclid(period) + copy as isize, tap);
            }
        }
        axis
    }

    /// The places of one phase in results of `to`, which read images of `from` (height and width).
    pub(super) fn phase(&self, phase: [usize; 2], from: [usize; 2], to: [usize; 2]) -> Phase {
        let places = [0, 1].map(|i| to[i].saturating_sub(phase[i]).div_ceil(self.phases()));
        Phase {
            first: phase,
            period: self.phases(),
            advance: self.advance(),
            kernel: self.kernel,
            axes: phase.map(|p| self.axis(p)),
            from,
            places,
        }
    }
}

impl Axis {
    fn put(&mut self, offset: isize, tap: usize) {
        let known = self.steps[..self.len].iter().position(|step| step.offset == offset);
        let at = known.unwrap_or(self.len);
        self.len = self.len.max(at + 1);
        self.steps[at] = Step { offset, taps: self.steps[at].taps | 1 << tap };
    }
}

/// Places of results that are `period` apart, and what they read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Phase {
    first: [usize; 2],
    period: usize,
    advance: usize,
    kernel: usize,
    axes: [Axis; 2],
    from: [usize; 2],
    places: [usize; 2],
}

impl Phase {
    /// Steps of every place.
    pub(super) fn steps(&self) -> usize {
        self.axes[0].len * self.axes[1].len
    }

    /// Places in one image.
    pub(super) fn count(&self) -> usize {
        self.places[0] * self.places[1]
    }

    /// The taps of a step, by their index in the weights.
    pub(super) fn taps(&self, step: usize) -> impl Iterator<Item = usize> {
        let [y, x] = [self.axes[0].steps[step / self.axes[1].len].taps, self.axes[1].steps[step % self.axes[1].len].taps];
        let kernel = self.kernel;
        (0..kernel * kernel).filter(move |tap| y >> (tap / kernel) & 1 == 1 && x >> (tap % kernel) & 1 == 1)
    }

    /// Pixel of the results at place `i` of one image, `columns` wide.
    pub(super) fn pixel(&self, i: usize, columns: usize) -> usize {
        let (y, x) = (i / self.places[1], i % self.places[1]);
        (self.first[0] + y * self.period) * columns + self.first[1] + x * self.period
    }

    /// For every place and step, where in an image of `channels` the pixel that it reads begins: `sources [places, steps]`.
    pub(super) fn sources(&self, channels: usize, sources: &mut [u32]) {
        let [height, width] = self.from;
        let along = |axis: &Axis, step: usize, place: usize, extent: usize| {
            let at = (place * self.advance) as isize + axis.steps[step].offset;
            usize::try_from(at).ok().filter(|at| *at < extent)
        };
        let across = self.axes[1].len;
        for (i, sources) in sources.chunks_exact_mut(self.steps().max(1)).enumerate() {
            let (y, x) = (i / self.places[1], i % self.places[1]);
            for (step, source) in sources.iter_mut().enumerate() {
                let (y, x) = (along(&self.axes[0], step / across, y, height), along(&self.axes[1], step % across, x, width));
                *source = y.zip(x).map_or(unnoise_simd::OUTSIDE, |(y, x)| ((y * width + x) * channels) as u32);
            }
        }
    }
}
