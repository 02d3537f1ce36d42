//! The end of a training step over flat arenas: norm of the gradient, state, AdamW with a moving average.

use super::{WORKGROUP, elementwise, expected, no_derivative, state, width};
use crate::Result;
use crate::graph::{DType, Graph, Kernel, Lowering, Op, Tensor, TensorType};

/// Threads of the reducing kernels' workgroup.
const THREADS: usize = 256;
/// Most partial sums, so that one workgroup can finish them.
const MAX_PARTIALS: usize = 256;

/// `y[g] = Σ x²` over the `g`-th share of `x`; output `[G]`, `G ≤ 256`.
#[derive(Debug)]
struct SquareSums;

/// Closes a step's bookkeeping; inputs `partials [G]`, `loss [1]`, then the resources `counters`, `scalars`, `losses [R]`.
#[derive(Debug)]
struct FinishStep;

/// Inputs: the resources `param`, `grad`, `m`, `v`, `ema` (all `[P]`), `scalars`, `counters`.
#[derive(Debug)]
struct AdamW;

/// The buffers of a run that [`Graph::finish_step`] and [`Graph::adamw`] work on.
#[derive(Debug, Clone, Copy)]
pub struct RunState {
    /// Integers: see [`state::counter`].
    pub counters: Tensor,
    /// Floats: see [`state::scalar`].
    pub scalars: Tensor,
    /// Ring of the last losses; step `s` writes entry `s mod R`.
    pub losses: Tensor,
}

impl Graph {
    /// Sums of squares of shares of `x`, for the global norm.
    pub fn square_sums(&mut self, x: Tensor) -> Result<Tensor> {
        self.apply(SquareSums, &[x])
    }

    /// Computes the gradient's norm from `partials`, the clipping factor, this step's learning rate, bias corrections and
    /// moving-average decay; writes `loss` into the ring; advances the step. If loss or norm is not finite the run is
    /// frozen: the step does not advance and no parameter changes any more.
    pub fn finish_step(&mut self, partials: Tensor, loss: Tensor, run: RunState) -> Result<()> {
        self.effect(FinishStep, &[partials, loss, run.counters, run.scalars, run.losses])
    }

    /// AdamW (Loshchilov & Hutter, 1711.05101, algorithm 2, as in PyTorch) on the arena of trainable parameters, with
    /// the clipping factor on the gradient and the moving average `ema ← d·ema + (1-d)·param` in the same pass.
    pub fn adamw(&mut self, run: RunState) -> Result<()> {
        let mut inputs = Vec::new();
        for name in ["param", "grad", "m", "v", "ema"] {
            inputs.push(self.arena_resource(name)?);
        }
        inputs.extend([run.scalars, run.counters]);
        self.effect(AdamW, &inputs)
    }
}

impl Op for SquareSums {
    fn name(&self) -> &'static str {
        "square_sums"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        match inputs {
            [x] if x.dtype == DType::F32 => {
                let groups = x.shape.elements().div_ceil(4 * THREADS).min(MAX_PARTIALS);
                Ok(TensorType::f32([groups]))
            }
            _ => Err(expected("one tensor of floats", inputs)),
        }
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let shares = l.output().len;
        let n = l.input(0).len;
        let width = width(&[n]);
        // A workgroup per share on a GPU, a thread per share where threads are loops.
        let lanes = if l.tuning().shares_sums() { THREADS } else { 1 };
        let kernel = Kernel::new("square_sums")
            .constant("LANES", lanes)
            .constant("THREADS", lanes.max(WORKGROUP))
            .param("n", n)
            .param("shares", shares)
            .param("share", n.div_ceil(shares).next_multiple_of(width))
            .constant("VEC4", width == 4);
        let kernel = kernel.read("x", l.input(0)).write("y", l.output()).operations(2 * n);
        l.push(kernel.groups((shares * lanes).div_ceil(lanes.max(WORKGROUP))));
    }
}

impl Op for FinishStep {
    fn name(&self) -> &'static str {
        "finish_step"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        match inputs {
            [partials, loss, counters, scalars, losses]
                if partials.shape.elements() <= MAX_PARTIALS
                    && loss.shape.elements() == 1
                    && counters.dtype == DType::U32
                    && counters.shape.elements() == state::counter::LEN
                    && scalars.shape.elements() == state::scalar::LEN
                    && losses.dtype == DType::F32 =>
            {
                Ok(TensorType::f32([1]))
            }
            _ => Err(expected("partial sums, a loss, counters, scalars and a ring", inputs)),
        }
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let kernel = Kernel::new("finish_step")
            .param("partial_count", l.input(0).len)
            .param("ring", l.input(4).len)
            .read("partials", l.input(0))
            .read("loss", l.input(1))
            .write("counters", l.input(2))
            .write("scalars", l.input(3))
            .write("losses", l.input(4))
            .touches("losses", 1)
            .operations(l.input(0).len);
        l.push(kernel);
    }
}

impl Op for AdamW {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        match inputs {
            [param, arenas @ .., scalars, _]
                if arenas.len() == 4 && arenas.iter().all(|a| a == param) && scalars.shape.elements() == state::scalar::LEN =>
            {
                Ok(TensorType::f32([1]))
            }
            _ => Err(expected("five arenas of one length, scalars and counters", inputs)),
        }
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let n = l.input(0).len;
        let kernel = Kernel::new("adamw")
            .write("param", l.input(0))
            .read("grad", l.input(1))
            .write("m", l.input(2))
            .write("v", l.input(3))
            .write("ema", l.input(4))
            .read("scalars", l.input(5))
            .read("counters", l.input(6));
        // Three for the first moment, four for the second, three for the average, nine for the step itself.
        let kernel = ["param", "m", "v", "ema"].into_iter().fold(kernel, |kernel, arena| kernel.passes(arena, 2));
        l.push(elementwise(kernel.operations(19 * n), n, width(&[n])));
    }
}
