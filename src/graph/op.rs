//! What an operation is: a shape rule, a derivative rule and a recipe of kernels.

use std::fmt;

use super::{Activation, Graph, Lowering, Operand, Tensor, TensorType};
use crate::Result;

/// An operation of the graph. Each lives in one file under `src/graph/ops/`, with the [`Graph`] method that appends it.
pub trait Op: fmt::Debug {
    /// The name used in errors and by the profiler.
    fn name(&self) -> &'static str;

    /// Shape and element type of the result, or why the inputs do not fit: a message without the op's name, which the
    /// graph adds with the node's label.
    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String>;

    /// Appends the derivative: for every input that `needed` marks, the gradient of the loss with respect to it, given
    /// `dy`, the gradient with respect to the output `y`. Inputs that are not marked may be answered with `None`.
    fn grad(&self, g: &mut Graph, inputs: &[Tensor], y: Tensor, dy: Tensor, needed: &[bool]) -> Result<Vec<Option<Tensor>>>;

    /// Pushes the kernels that compute the output.
    fn lower(&self, l: &mut Lowering<'_>);

    /// If the output is the first input's memory, or a part of it, under another shape: the element it starts at, a multiple of
    /// [`super::ALIGNMENT`]. Nothing is computed.
    fn view(&self) -> Option<usize> {
        None
    }

    /// True for a [`Op::view`].
    fn is_view(&self) -> bool {
        self.view().is_some()
    }

    /// If the kernels of the first input's operation write this value too: its number among what they write beside their output
    /// ([`Graph::further`]).
    fn further(&self) -> Option<usize> {
        None
    }

    /// How this operation could ride behind the one that makes its first input, if it could.
    fn as_epilogue(&self) -> Option<EpilogueStep> {
        None
    }

    /// Whether the kernel of this operation can take such a step behind its own result.
    fn absorbs(&self, _step: EpilogueStep) -> bool {
        false
    }
}

/// An elementwise operation seen as a last step of the kernel before it. The steps of one kernel come in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EpilogueStep {
    /// `y = f(z)`; `z` is stored as well if something else reads it.
    Activation(Activation),
    /// `y = z · f'(g)`, with `g` the operation's second input: the backward pass of an activation.
    Gate(Activation),
    /// `y = z + r`, with `r` the operation's second input, of the same shape.
    Residual,
}

impl EpilogueStep {
    /// Position among the steps of one kernel.
    pub fn stage(self) -> u32 {
        match self {
            EpilogueStep::Activation(_) => 0,
            EpilogueStep::Gate(_) => 1,
            EpilogueStep::Residual => 2,
        }
    }
}

/// All steps fused behind one kernel, with the memory they read and write.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Epilogue {
    /// The activation, if any.
    pub activation: Option<Activation>,
    /// Where the value before the activation goes, if it is needed later.
    pub pre_activation: Option<Operand>,
    /// The activation whose derivative gates the result, and the memory of its argument.
    pub gate: Option<(Activation, Operand)>,
    /// Memory added last.
    pub residual: Option<Operand>,
}
