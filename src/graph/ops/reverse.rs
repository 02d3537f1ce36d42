//! The way back from noise to data: predictions are guided, cleaned and mixed with what came before, each by its row of a table,
//! so that one set of kernels runs every sampler.

use super::{WORKGROUP, expected, no_derivative, state};
use crate::Result;
use crate::graph::{DType, Graph, Kernel, Lowering, Op, Tensor, TensorType};

/// Columns of the table that [`Graph::linear_step`] reads, one row per network evaluation.
pub mod column {
    /// Factor of the sample.
    pub const C_X: usize = 0;
    /// Factor of the network's output.
    pub const C_M: usize = 1;
    /// Factor of the predicted clean sample; followed by those of what was kept one, two and three rows before.
    pub const C_0: usize = 2;
    /// Factor of fresh noise.
    pub const C_Z: usize = 6;
    /// Factor of the sample in the predicted clean sample.
    pub const P_X: usize = 7;
    /// Factor of the network's output in it.
    pub const P_M: usize = 8;
    /// Factor of the sample in what is kept for later rows; followed by those of the output and of the clean sample.
    pub const Q_X: usize = 9;
    /// The frame that keeps the result; negative for none.
    pub const FRAME: usize = 12;
    /// The clean sample is brought into `[-range, range]`; with dynamic thresholding, the largest range.
    pub const RANGE: usize = 13;
    /// Factor of the known sample where a mask says that it is known; followed by that of fresh noise.
    pub const KNOWN: usize = 14;
    /// Number of columns.
    pub const COUNT: usize = 16;
}

/// Rows of the past that [`Graph::linear_step`] can look back to.
pub const HISTORY: usize = 3;

/// Columns of the table that [`Graph::guide`] reads: the guidance scale, and the factor of a classifier's gradient.
pub const GUIDE_COLUMNS: usize = 2;

/// Inputs `m [B or 2B, …]`, `table [S, 2]`, `counters`, then, if there is one, `gradient [B, …]`.
#[derive(Debug)]
struct Guide {
    guided: bool,
    gradient: bool,
}

/// The predicted clean sample with its range found per sample; inputs `x`, `m`, `coefficients`, `counters`, then, if there are
/// any, `predicted` (resource).
#[derive(Debug)]
struct Threshold {
    ratio: f64,
    predicted: bool,
}

/// Inputs `x` (resource), `m`, `coefficients`, `counters`, `frames` (resource), then those of `noise`, `predicted` (resource),
/// `history` (resource) and `clean` that there are.
#[derive(Debug)]
struct LinearStep {
    noise: bool,
    predicted: bool,
    history: bool,
    clean: bool,
    clip: bool,
}

/// Inputs `x` (resource), `known`, `mask`, `z`, `coefficients`, `counters`, `frames` (resource).
#[derive(Debug)]
struct KeepKnown;

/// Everything [`Graph::linear_step`] works on besides the sample and the network's output.
#[derive(Debug, Clone, Copy)]
pub struct Reverse {
    /// The table, `[S, 16]`; see [`column`].
    pub coefficients: Tensor,
    /// The state that says which row is this step's.
    pub counters: Tensor,
    /// Resource `[F, …x]` that keeps samples.
    pub frames: Tensor,
    /// Resource `[F, …x]` that keeps predicted clean samples, if they are wanted.
    pub predicted: Option<Tensor>,
    /// Fresh noise.
    pub noise: Option<Tensor>,
    /// Resource `[3, …x]`, for samplers that look back.
    pub history: Option<Tensor>,
    /// The clean sample, where it is not simply clipped; see [`Graph::threshold`].
    pub clean: Option<Tensor>,
    /// The predicted clean sample is brought into the row's range.
    pub clip: bool,
}

impl Graph {
    /// The network's output with guidance (Ho and Salimans, 2207.12598; Dhariwal and Nichol, 2105.05233), by row `step` of
    /// `table [S, 2] = [g, k]`. With `guided`, `m [2B, …]` holds the outputs with the class and, after them, those without, and
    /// becomes `m_∅ + g (m_y - m_∅)`; where `g = 1` it is `m_y` to the bit. To that comes `k · gradient`.
    pub fn guide(&mut self, m: Tensor, table: Tensor, counters: Tensor, guided: bool, gradient: Option<Tensor>) -> Result<Tensor> {
        let inputs: Vec<Tensor> = [m, table, counters].into_iter().chain(gradient).collect();
        self.apply(Guide { guided, gradient: gradient.is_some() }, &inputs)
    }

    /// The predicted clean sample with dynamic thresholding (Imagen, 2205.11487, section 2.3): with `s` the `ratio`-quantile
    /// of its magnitudes in each sample, at least 1 and at most the row's range, it is brought into `[-s, s]` and divided by `s`.
    /// Keeps it in this step's frame of `predicted`, if given.
    pub fn threshold(&mut self, x: Tensor, m: Tensor, ratio: f64, to: Reverse) -> Result<Tensor> {
        let inputs: Vec<Tensor> = [x, m, to.coefficients, to.counters].into_iter().chain(to.predicted).collect();
        self.apply(Threshold { ratio, predicted: to.predicted.is_some() }, &inputs)
    }

    /// Updates the resource `x` in place by row `step` of the table: with the clean sample `c = p_x x + p_m m`,
    /// `x ← c_x x + c_m m + c_0 c + c_1 h_1 + c_2 h_2 + c_3 h_3 + c_z z`, where `h_i` is `q_x x + q_m m + q_0 c` as it was `i` rows
    /// before. Unless the row's frame is negative, that frame keeps a copy of the new `x` and of `c`.
    pub fn linear_step(&mut self, x: Tensor, m: Tensor, with: Reverse) -> Result<()> {
        let Reverse { coefficients, counters, frames, predicted, noise, history, clean, clip } = with;
        let more = noise.into_iter().chain(predicted).chain(history).chain(clean);
        let inputs: Vec<Tensor> = [x, m, coefficients, counters, frames].into_iter().chain(more).collect();
        let [noise, predicted, history, clean] = [noise, predicted, history, clean].map(|t| t.is_some());
        self.effect(LinearStep { noise, predicted, history, clean, clip }, &inputs)
    }

    /// Puts what is known back in its place (inpainting): where `mask` is 1, the resource `x` becomes `signal · known + noise · z`,
    /// the known sample noised to this step's level; elsewhere it stays. All are shaped like `x`. The step's frame follows.
    pub fn keep_known(&mut self, x: Tensor, [known, mask]: [Tensor; 2], z: Tensor, with: Reverse) -> Result<()> {
        self.effect(KeepKnown, &[x, known, mask, z, with.coefficients, with.counters, with.frames])
    }
}

fn is_table(table: &TensorType, columns: usize) -> bool {
    table.dtype == DType::F32 && table.shape.rank() == 2 && table.shape[1] == columns
}

fn are_counters(counters: &TensorType) -> bool {
    counters.dtype == DType::U32 && counters.shape.elements() == state::counter::LEN
}

fn without_derivative(op: &dyn Op) -> Result<Vec<Option<Tensor>>> {
    Err(no_derivative(op))
}

impl Op for Guide {
    fn name(&self) -> &'static str {
        "guide"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        let halves = if self.guided { 2 } else { 1 };
        match inputs {
            [m, table, counters, gradient @ ..]
                if m.shape[0].is_multiple_of(halves) && is_table(table, GUIDE_COLUMNS) && are_counters(counters) =>
            {
                let mut shape = m.shape.to_vec();
                shape[0] /= halves;
                let y = TensorType::f32(shape);
                if gradient.iter().all(|g| **g == y) { Ok(y) } else { Err(expected("a gradient shaped like the result", inputs)) }
            }
            _ => Err(expected("outputs [B or 2B, …], a table [S, 2] and the counters", inputs)),
        }
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        without_derivative(self)
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let n = l.output().len;
        let kernel = Kernel::new("guide")
            .constant("GUIDED", self.guided)
            .param("n", n)
            .param("steps", l.input_type(1).shape[0])
            .read("m", l.input(0))
            .read("table", l.input(1))
            .read("counters", l.input(2))
            .read_if("GRADIENT", "gradient", l.optional(3).filter(|_| self.gradient))
            .write("y", l.output());
        l.push(kernel.touches("table", GUIDE_COLUMNS).operations(3 * n).threads(n, WORKGROUP));
    }
}

impl Op for Threshold {
    fn name(&self) -> &'static str {
        "threshold"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        match inputs {
            [x, m, table, counters, predicted @ ..]
                if x == m
                    && x.dtype == DType::F32
                    && is_table(table, column::COUNT)
                    && are_counters(counters)
                    && predicted.iter().all(|p| p.shape.elements().is_multiple_of(x.shape.elements())) =>
            {
                Ok((*x).clone())
            }
            _ => Err(expected("x and m of one shape, coefficients [S, 16], counters (and predicted [F, …])", inputs)),
        }
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        without_derivative(self)
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let (n, batch) = (l.output().len, l.output_type().shape[0]);
        let predicted = l.optional(4).filter(|_| self.predicted);
        let place = self.ratio.clamp(0.0, 1.0) * (n / batch - 1) as f64;
        let kernel = Kernel::new("threshold")
            .param("batch", batch)
            .param("dim", n / batch)
            .param("steps", l.input_type(2).shape[0])
            .param("frame_count", predicted.map_or(0, |p| p.len / n))
            .param("rank", place as usize)
            .param("share", place.fract())
            .read("x", l.input(0))
            .read("m", l.input(1))
            .read("coefficients", l.input(2))
            .read("counters", l.input(3))
            .write("clean", l.output())
            .write_if("PREDICTED", "predicted", predicted)
            .touches("coefficients", column::COUNT)
            .touches("predicted", n);
        // The quantile is found bit by bit: some 32 comparisons of what it has just written, out of the caches for samples of this size.
        l.push(kernel.operations(36 * n).groups(batch));
    }
}

impl Op for LinearStep {
    fn name(&self) -> &'static str {
        "linear_step"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        let wanted = "x, m (and z, clean) of one shape, coefficients [S, 16], counters, frames (and predicted) [F, …], (history [3, …])";
        let [x, m, table, counters, frames, more @ ..] = inputs else { return Err(expected(wanted, inputs)) };
        let mut more = more.iter();
        let mut fits = |there: bool, accept: &dyn Fn(&TensorType) -> bool| !there || more.next().is_some_and(|t| accept(t));
        let good = x.shape == m.shape
            && is_table(table, column::COUNT)
            && are_counters(counters)
            && frames.shape.elements().is_multiple_of(x.shape.elements())
            && fits(self.noise, &|z| z.shape == x.shape)
            && fits(self.predicted, &|predicted| predicted.shape == frames.shape)
            && fits(self.history, &|history| history.shape.elements() == HISTORY * x.shape.elements())
            && fits(self.clean, &|clean| clean.shape == x.shape);
        if good { Ok(TensorType::f32([1])) } else { Err(expected(wanted, inputs)) }
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        without_derivative(self)
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let n = l.input(0).len;
        let mut next = 5;
        let mut optional = |there: bool| {
            let operand = l.optional(next).filter(|_| there);
            next += usize::from(there);
            operand
        };
        let [noise, predicted, history, clean] = [self.noise, self.predicted, self.history, self.clean].map(&mut optional);
        let kernel = Kernel::new("linear_step")
            .param("n", n)
            .param("steps", l.input_type(2).shape[0])
            .param("frame_count", l.input(4).len / n)
            .write("x", l.input(0))
            .read("m", l.input(1))
            .read("coefficients", l.input(2))
            .read("counters", l.input(3))
            .write("frames", l.input(4))
            .read_if("NOISE", "z", noise)
            .write_if("PREDICTED", "predicted", predicted)
            .write_if("HISTORY", "history", history)
            .read_if("CLEAN", "given", clean)
            .constant("CLIPPED", self.clip)
            .passes("x", 2)
            .touches("coefficients", column::COUNT)
            .touches("frames", n)
            .touches("predicted", n)
            // Three rows are read, one is written.
            .touches("history", n)
            .passes("history", 4);
        l.push(kernel.operations(20 * n).threads(n, WORKGROUP));
    }
}

impl Op for KeepKnown {
    fn name(&self) -> &'static str {
        "keep_known"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        match inputs {
            [x, known, mask, z, table, counters, frames]
                if [known, mask, z].iter().all(|t| t.shape == x.shape)
                    && is_table(table, column::COUNT)
                    && are_counters(counters)
                    && frames.shape.elements().is_multiple_of(x.shape.elements()) =>
            {
                Ok(TensorType::f32([1]))
            }
            _ => Err(expected("x, known, mask and z of one shape, coefficients [S, 16], counters and frames [F, …]", inputs)),
        }
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        without_derivative(self)
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let n = l.input(0).len;
        let kernel = Kernel::new("keep_known")
            .param("n", n)
            .param("steps", l.input_type(4).shape[0])
            .param("frame_count", l.input(6).len / n)
            .write("x", l.input(0))
            .read("known", l.input(1))
            .read("mask", l.input(2))
            .read("z", l.input(3))
            .read("coefficients", l.input(4))
            .read("counters", l.input(5))
            .write("frames", l.input(6))
            .passes("x", 2)
            .touches("coefficients", column::COUNT)
            .touches("frames", n);
        l.push(kernel.operations(7 * n).threads(n, WORKGROUP));
    }
}
