//! The steps of a Markov chain over samples: the forward jump and the reverse update, both read from tables of coefficients.

use super::{WORKGROUP, expected, no_derivative, state};
use crate::Result;
use crate::graph::{DType, Graph, Kernel, Lowering, Op, Tensor, TensorType};

/// `y = table[t_b, 0] · x + table[t_b, 1] · e`; inputs `x [B, …]`, `e`, `t [B]`, `table [T, 2]`.
#[derive(Debug)]
struct Blend;

/// `y[i] = table[step]` for every `i`; inputs `table [S]` integers, `counters`.
#[derive(Debug)]
struct AtStep {
    count: usize,
}

/// `x ← c_x · x + c_e · e + c_z · z` with this step's row of `[c_x, c_e, c_z, frame, p_x, p_e]`, kept in `frames[frame]` if
/// that is not negative; inputs `x` (resource), `e`, `coefficients [S, 6]`, `counters`, `frames` (resource), then, if there
/// are any, `z` and `predicted` (resource), which keeps `p_x · x + p_e · e`.
#[derive(Debug)]
struct LinearStep {
    noise: bool,
    predicted: bool,
    clip: bool,
}

/// Where [`Graph::linear_step`] keeps what the viewer asks for, resources of `[F, …x]`, and what it does to predictions.
#[derive(Debug, Clone, Copy)]
pub struct Frames {
    /// The sample after the step.
    pub samples: Tensor,
    /// The clean sample that the step predicts, if it is wanted.
    pub predicted: Option<Tensor>,
    /// Clean samples are known to lie within [-1, 1]: predictions are kept there.
    pub clip: bool,
}

impl From<Tensor> for Frames {
    fn from(samples: Tensor) -> Self {
        Frames { samples, predicted: None, clip: false }
    }
}

/// `step ← step + 1`; input `counters` (resource).
#[derive(Debug)]
struct NextStep;

/// Columns of [`Graph::linear_step`]'s table: `[c_x, c_e, c_z, frame, p_x, p_e, k_0, k_x]`.
pub const STEP_COLUMNS: usize = 8;

impl Graph {
    /// Mixes `x` and `e`, both `[B, …]`, by the row of `table [T, 2]` that `t [B]` names per sample: the forward jump
    /// `x_t = √ᾱ_t x_0 + √(1-ᾱ_t) ε` (DDPM, 2006.11239, eq. 4) with the schedule's table.
    pub fn blend(&mut self, x: Tensor, e: Tensor, t: Tensor, table: Tensor) -> Result<Tensor> {
        self.apply(Blend, &[x, e, t, table])
    }

    /// `count` copies of `table[step]`, the step taken from `counters`: this step's time for every sample.
    pub fn at_step(&mut self, table: Tensor, counters: Tensor, count: usize) -> Result<Tensor> {
        self.apply(AtStep { count }, &[table, counters])
    }

    /// Updates the resource `x` in place: `x ← c_x x + c_e e + c_z z`, with row `step` of `coefficients [S, 8]`, whose columns
    /// are those of [`STEP_COLUMNS`]. The predicted clean sample is `x̂_0 = p_x x + p_e e`; with `frames.clip` it is brought into
    /// [-1, 1], and then `x ← k_0 x̂_0 + k_x x + c_z z`. Unless `frame` is negative, that frame of `frames.samples`
    /// and `frames.predicted` keeps a copy of the new `x` and of `x̂_0`.
    pub fn linear_step(
        &mut self,
        x: Tensor,
        e: Tensor,
        z: Option<Tensor>,
        coefficients: Tensor,
        counters: Tensor,
        frames: impl Into<Frames>,
    ) -> Result<()> {
        let Frames { samples, predicted, clip } = frames.into();
        let inputs: Vec<Tensor> = [x, e, coefficients, counters, samples].into_iter().chain(z).chain(predicted).collect();
        self.effect(LinearStep { noise: z.is_some(), predicted: predicted.is_some(), clip }, &inputs)
    }

    /// Advances the step in the resource `counters`.
    pub fn next_step(&mut self, counters: Tensor) -> Result<()> {
        self.effect(NextStep, &[counters])
    }
}

impl Op for Blend {
    fn name(&self) -> &'static str {
        "blend"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        match inputs {
            [x, e, t, table]
                if x == e
                    && x.dtype == DType::F32
                    && t.dtype == DType::U32
                    && *t.shape == x.shape[..1]
                    && table.shape.rank() == 2
                    && table.shape[1] == 2 =>
            {
                Ok((*x).clone())
            }
            _ => Err(expected("x and e [B, …] of one shape, integer t [B] and a table [T, 2]", inputs)),
        }
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let n = l.output().len;
        let dim = n / l.output_type().shape[0];
        let kernel = Kernel::new("blend")
            .param("n", n)
            .param("dim", dim)
            .param("rows", l.input_type(3).shape[0])
            .read("x", l.input(0))
            .read("e", l.input(1))
            .read("t", l.input(2))
            .read("table", l.input(3))
            .write("y", l.output());
        l.push(kernel.threads(n, WORKGROUP));
    }
}

impl Op for AtStep {
    fn name(&self) -> &'static str {
        "at_step"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        match inputs {
            [table, c] if table.dtype == DType::U32 && c.dtype == DType::U32 && c.shape.elements() == state::counter::LEN => {
                Ok(TensorType::u32([self.count]))
            }
            _ => Err(expected("a table of integers and the counters", inputs)),
        }
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let n = l.output().len;
        let kernel = Kernel::new("at_step").param("n", n).param("steps", l.input(0).len);
        let kernel = kernel.read("table", l.input(0)).read("counters", l.input(1)).write("y", l.output());
        l.push(kernel.threads(n, WORKGROUP));
    }
}

impl Op for LinearStep {
    fn name(&self) -> &'static str {
        "linear_step"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        match inputs {
            [x, e, table, counters, frames, more @ ..]
                if x.shape == e.shape
                    && counters.dtype == DType::U32
                    && counters.shape.elements() == state::counter::LEN
                    && more.iter().take(usize::from(self.noise)).all(|z| z.shape == x.shape)
                    && more.iter().skip(usize::from(self.noise)).all(|predicted| predicted.shape == frames.shape)
                    && table.shape.rank() == 2
                    && table.shape[1] == STEP_COLUMNS
                    && frames.shape.elements().is_multiple_of(x.shape.elements()) =>
            {
                Ok(TensorType::f32([1]))
            }
            _ => Err(expected("x, e (and z) of one shape, coefficients [S, 8], counters, and frames (and predicted) [F, …]", inputs)),
        }
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let n = l.input(0).len;
        let kernel = Kernel::new("linear_step")
            .param("n", n)
            .param("steps", l.input_type(2).shape[0])
            .param("frame_count", l.input(4).len / n)
            .write("x", l.input(0))
            .read("e", l.input(1))
            .read("coefficients", l.input(2))
            .read("counters", l.input(3))
            .write("frames", l.input(4))
            .read_if("NOISE", "z", l.optional(5).filter(|_| self.noise))
            .write_if("PREDICTED", "predicted", l.optional(5 + usize::from(self.noise)).filter(|_| self.predicted))
            .constant("CLIPPED", self.clip);
        l.push(kernel.threads(n, WORKGROUP));
    }
}

impl Op for NextStep {
    fn name(&self) -> &'static str {
        "next_step"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        match inputs {
            [c] if c.dtype == DType::U32 && c.shape.elements() == state::counter::LEN => Ok(TensorType::f32([1])),
            _ => Err(expected("the counters", inputs)),
        }
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        l.push(Kernel::new("next_step").write("counters", l.input(0)));
    }
}
