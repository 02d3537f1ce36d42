//! Softmax cross-entropy, the loss of a classifier.

use super::reduce::push_reduce;
use super::{WORKGROUP, expected, no_derivative};
use crate::Result;
use crate::graph::{DType, Graph, Kernel, Lowering, Op, Tensor, TensorType};

/// Inputs `logits [B, K]`, `labels [B]`.
#[derive(Debug)]
struct CrossEntropy;

/// Derivative by the logits; inputs `dloss [1]`, `logits`, `labels`.
#[derive(Debug)]
struct CrossEntropyGrad;

impl Graph {
    /// Mean over the batch of `-log softmax(logits_b)[label_b]`, shape `[1]`, from `logits [B, K]` and integer `labels [B]`
    /// below `K`. A label of `K` or more counts as the last class.
    pub fn cross_entropy(&mut self, logits: Tensor, labels: Tensor) -> Result<Tensor> {
        self.apply(CrossEntropy, &[logits, labels])
    }
}

fn check(inputs: &[&TensorType]) -> std::result::Result<(), String> {
    match inputs {
        [x, labels] if x.dtype == DType::F32 && x.shape.rank() == 2 && labels.dtype == DType::U32 && *labels.shape == x.shape[..1] => {
            Ok(())
        }
        _ => Err(expected("logits [B, K] and integer labels [B]", inputs)),
    }
}

impl Op for CrossEntropy {
    fn name(&self) -> &'static str {
        "cross_entropy"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        check(inputs).map(|()| TensorType::f32([1]))
    }

    fn grad(&self, g: &mut Graph, inputs: &[Tensor], _y: Tensor, dy: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Ok(vec![Some(g.apply(CrossEntropyGrad, &[dy, inputs[0], inputs[1]])?), None])
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let (batch, classes) = (l.input_type(0).shape[0], l.input_type(0).shape[1]);
        let per_sample = l.scratch(batch, DType::F32);
        let kernel = Kernel::new("cross_entropy").param("batch", batch).param("classes", classes);
        let kernel = kernel.read("logits", l.input(0)).read("labels", l.input(1)).write("loss", per_sample);
        l.push(kernel.operations(4 * batch * classes).threads(batch, WORKGROUP));
        push_reduce(l, per_sample, l.output(), (1, batch, 1), 1.0 / batch as f64);
    }
}

impl Op for CrossEntropyGrad {
    fn name(&self) -> &'static str {
        "cross_entropy_grad"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        check(&inputs[1..]).map(|()| inputs[1].clone())
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let (batch, classes) = (l.input_type(1).shape[0], l.input_type(1).shape[1]);
        let kernel = Kernel::new("cross_entropy_grad")
            .param("batch", batch)
            .param("classes", classes)
            .param("factor", 1.0 / batch as f64)
            .read("dloss", l.input(0))
            .read("logits", l.input(1))
            .read("labels", l.input(2))
            .write("dlogits", l.output());
        l.push(kernel.operations(4 * batch * classes).threads(batch, WORKGROUP));
    }
}
