//! The forward jump of a Markov chain over samples, and the step count of a run along it; see [`super::reverse`] for the way back.

use super::{WORKGROUP, expected, no_derivative, state};
use crate::Result;
use crate::graph::{DType, Graph, Kernel, Lowering, Op, Tensor, TensorType};

/// `y = table[t_b, 0] · x + table[t_b, 1] · e`; inputs `x [B, …]`, `e`, `t [B]`, `table [T, 2]`.
#[derive(Debug)]
struct Blend;

/// `y[i] = table[step]` for every `i`; inputs `table [S]`, `counters`.
#[derive(Debug)]
struct AtStep {
    count: usize,
}

/// `step ← step + 1`; input `counters` (resource).
#[derive(Debug)]
struct NextStep;

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
        let rows = 2 * l.output_type().shape[0];
        l.push(kernel.touches("table", rows).operations(3 * n).threads(n, WORKGROUP));
    }
}

impl Op for AtStep {
    fn name(&self) -> &'static str {
        "at_step"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        match inputs {
            [table, c] if table.dtype == DType::F32 && c.dtype == DType::U32 && c.shape.elements() == state::counter::LEN => {
                Ok(TensorType::f32([self.count]))
            }
            _ => Err(expected("a table of floats and the counters", inputs)),
        }
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let n = l.output().len;
        let kernel = Kernel::new("at_step").param("n", n).param("steps", l.input(0).len);
        let kernel = kernel.read("table", l.input(0)).read("counters", l.input(1)).write("y", l.output());
        l.push(kernel.touches("table", 1).threads(n, WORKGROUP));
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
