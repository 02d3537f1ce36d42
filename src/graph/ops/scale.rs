//! `y = s · x` by a fixed number; with `s = 1` a copy.

use super::{elementwise, expected, width};
use crate::Result;
use crate::graph::{DType, Graph, Kernel, Lowering, Op, Tensor, TensorType};

#[derive(Debug)]
struct Scale(f64);

impl Graph {
    /// `factor · x`, any shape.
    pub fn scale(&mut self, x: Tensor, factor: f64) -> Result<Tensor> {
        self.apply(Scale(factor), &[x])
    }

    /// `x` in memory of its own.
    pub fn copy(&mut self, x: Tensor) -> Result<Tensor> {
        self.scale(x, 1.0)
    }
}

impl Op for Scale {
    fn name(&self) -> &'static str {
        "scale"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        match inputs {
            [x] if x.dtype == DType::F32 => Ok((*x).clone()),
            _ => Err(expected("one tensor of floats", inputs)),
        }
    }

    fn grad(&self, g: &mut Graph, _: &[Tensor], _y: Tensor, dy: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Ok(vec![Some(g.scale(dy, self.0)?)])
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let n = l.output().len;
        let kernel = Kernel::new("scale").param("s", self.0).operations(n).read("x", l.input(0)).write("y", l.output());
        l.push(elementwise(kernel, n, width(&[n])));
    }
}
