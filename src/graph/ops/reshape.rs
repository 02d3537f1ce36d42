//! The same memory under another shape: nothing is computed.

use super::expected;
use crate::Result;
use crate::graph::{Graph, Lowering, Op, Shape, Tensor, TensorType};

#[derive(Debug)]
struct Reshape(Shape);

impl Graph {
    /// `x` under `shape`, which must hold as many elements.
    pub fn reshape(&mut self, x: Tensor, shape: impl Into<Shape>) -> Result<Tensor> {
        let shape = shape.into();
        if *self.shape(x) == shape {
            return Ok(x);
        }
        self.apply(Reshape(shape), &[x])
    }
}

impl Op for Reshape {
    fn name(&self) -> &'static str {
        "reshape"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        match inputs {
            [x] if x.shape.elements() == self.0.elements() => Ok(TensorType { shape: self.0.clone(), dtype: x.dtype }),
            _ => Err(expected(&format!("one tensor of {} elements for {}", self.0.elements(), self.0), inputs)),
        }
    }

    fn grad(&self, g: &mut Graph, inputs: &[Tensor], _y: Tensor, dy: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        let shape = g.shape(inputs[0]).clone();
        Ok(vec![Some(g.reshape(dy, shape)?)])
    }

    fn lower(&self, _: &mut Lowering<'_>) {}

    fn view(&self) -> Option<usize> {
        Some(0)
    }
}
