//! Two tensors side by side along an axis.

use super::{elementwise, expected, width};
use crate::Result;
use crate::graph::{DType, Graph, Kernel, Lowering, Op, Tensor, TensorType};

#[derive(Debug)]
struct Concat {
    axis: usize,
}

impl Graph {
    /// `a` followed by `b` along `axis`; all other extents must agree.
    pub fn concat(&mut self, a: Tensor, b: Tensor, axis: usize) -> Result<Tensor> {
        self.apply(Concat { axis }, &[a, b])
    }
}

impl Op for Concat {
    fn name(&self) -> &'static str {
        "concat"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        let axis = self.axis;
        match inputs {
            [a, b]
                if (a.dtype, b.dtype) == (DType::F32, DType::F32)
                    && a.shape.rank() == b.shape.rank()
                    && axis < a.shape.rank()
                    && a.shape.with(axis, 1) == b.shape.with(axis, 1) =>
            {
                Ok(TensorType::f32(a.shape.with(axis, a.shape[axis] + b.shape[axis])))
            }
            _ => Err(expected(&format!("two tensors of floats equal but for axis {axis}"), inputs)),
        }
    }

    fn grad(&self, g: &mut Graph, inputs: &[Tensor], _y: Tensor, dy: Tensor, needed: &[bool]) -> Result<Vec<Option<Tensor>>> {
        let (a, b) = (g.shape(inputs[0])[self.axis], g.shape(inputs[1])[self.axis]);
        let mut grads = vec![None, None];
        for (i, (start, len)) in [(0, a), (a, b)].into_iter().enumerate() {
            if needed[i] {
                grads[i] = Some(g.slice(dy, self.axis, start, len)?);
            }
        }
        Ok(grads)
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let n = l.output().len;
        let (_, len_a, inner) = l.input_type(0).shape.around(self.axis);
        let len_b = l.input_type(1).shape[self.axis];
        let (row_a, row_b) = (len_a * inner, len_b * inner);
        let kernel = Kernel::new("concat").param("row_a", row_a).param("row_b", row_b);
        let kernel = kernel.read("a", l.input(0)).read("b", l.input(1)).write("y", l.output());
        l.push(elementwise(kernel, n, width(&[row_a, row_b])));
    }
}
