//! Activations `y = f(z)` and their backward pass `dz = dy · f'(z)`.

use serde::{Deserialize, Serialize};

use super::{elementwise, expected, no_derivative, width};
use crate::Result;
use crate::graph::{DType, EpilogueStep, Graph, Kernel, Lowering, Op, Tensor, TensorType};

/// An elementwise non-linearity. The number is the shader's `KIND` (`shaders/lib/activation.wgsl`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `z · sigmoid(z)` (swish).
    Silu = 1,
    /// `z · Φ(z)`, the exact form with erf.
    Gelu = 2,
    /// Hyperbolic tangent.
    Tanh = 3,
    /// `max(z, 0)`.
    Relu = 4,
}

impl Activation {
    /// All of them.
    pub const ALL: [Activation; 4] = [Activation::Silu, Activation::Gelu, Activation::Tanh, Activation::Relu];

    /// The shader's `KIND`.
    pub fn kind(self) -> usize {
        self as usize
    }

    /// The inverse of [`Activation::kind`]; `None` for 0, which stands for "no activation" in kernels.
    pub fn from_kind(kind: usize) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.kind() == kind)
    }
}

/// Operations of an activation: an exponential counts as one, the division behind it as one.
const OPERATIONS: usize = 4;

/// `y = f(z)`.
#[derive(Debug)]
struct Activate(Activation);

/// `dz = dy · f'(z)`; inputs `dy`, `z`.
#[derive(Debug)]
struct ActivateGrad(Activation);

impl Graph {
    /// `f(z)`, elementwise, any shape.
    pub fn activate(&mut self, z: Tensor, f: Activation) -> Result<Tensor> {
        self.apply(Activate(f), &[z])
    }
}

impl Op for Activate {
    fn name(&self) -> &'static str {
        "activate"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        match inputs {
            [z] if z.dtype == DType::F32 => Ok((*z).clone()),
            _ => Err(expected("one tensor of floats", inputs)),
        }
    }

    fn grad(&self, g: &mut Graph, inputs: &[Tensor], _y: Tensor, dy: Tensor, _needed: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Ok(vec![Some(g.apply(ActivateGrad(self.0), &[dy, inputs[0]])?)])
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let n = l.output().len;
        let kernel = Kernel::new("activate").constant("KIND", self.0.kind()).operations(OPERATIONS * n);
        l.push(elementwise(kernel.read("z", l.input(0)).write("y", l.output()), n, width(&[n])));
    }

    fn as_epilogue(&self) -> Option<EpilogueStep> {
        Some(EpilogueStep::Activation(self.0))
    }
}

impl Op for ActivateGrad {
    fn name(&self) -> &'static str {
        "activate_grad"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        match inputs {
            [dy, z] if dy == z && z.dtype == DType::F32 => Ok((*z).clone()),
            _ => Err(expected("two tensors of floats of one shape", inputs)),
        }
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let n = l.output().len;
        let kernel = Kernel::new("activate_grad").constant("KIND", self.0.kind()).operations(2 * OPERATIONS * n);
        l.push(elementwise(kernel.read("dy", l.input(0)).read("z", l.input(1)).write("dz", l.output()), n, width(&[n])));
    }

    fn as_epilogue(&self) -> Option<EpilogueStep> {
        Some(EpilogueStep::Gate(self.0))
    }
}
