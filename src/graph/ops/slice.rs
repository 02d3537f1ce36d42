//! A range along an axis, and its derivative: the range put back among zeros.

use super::{elementwise, expected, width};
use crate::Result;
use crate::graph::{ALIGNMENT, DType, Graph, Kernel, Lowering, Op, Tensor, TensorType};

/// `y = x[.., start .. start + len, ..]` along `axis`.
#[derive(Debug)]
struct Slice {
    axis: usize,
    start: usize,
    len: usize,
    /// The elements lie in one piece that a kernel can be bound to where it is: it starts at this one.
    in_place: Option<usize>,
}

/// `y[.., start .. start + x, ..] = x`, zero elsewhere; `extent` is the axis' new extent.
#[derive(Debug)]
struct Pad {
    axis: usize,
    start: usize,
    extent: usize,
}

impl Graph {
    /// `len` entries of `x` along `axis`, from `start` on.
    pub fn slice(&mut self, x: Tensor, axis: usize, start: usize, len: usize) -> Result<Tensor> {
        let shape = self.shape(x);
        let (outer, _, inner) = if axis < shape.rank() { shape.around(axis) } else { (0, 0, 0) };
        let first = start.checked_mul(inner).filter(|first| outer == 1 && first.is_multiple_of(ALIGNMENT));
        self.apply(Slice { axis, start, len, in_place: first }, &[x])
    }
}

/// The copying kernel of both: `y[o, j, i] = x[o, j + shift, i]`, zero where that is outside.
fn push_window(l: &mut Lowering<'_>, axis: usize, shift: i64) {
    let n = l.output().len;
    let (_, from, inner) = l.input_type(0).shape.around(axis);
    let to = l.output_type().shape[axis];
    let kernel = Kernel::new("window")
        .param("from_extent", from)
        .param("to_extent", to)
        .param("inner", inner)
        .param("skip", shift.max(0) as usize)
        .param("lead", (-shift).max(0) as usize);
    // What lies outside is not read.
    let kernel = kernel.read("x", l.input(0)).write("y", l.output()).touches("x", n);
    l.push(elementwise(kernel, n, width(&[inner])));
}

impl Op for Slice {
    fn name(&self) -> &'static str {
        "slice"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        let Slice { axis, start, len, .. } = *self;
        match inputs {
            [x] if x.dtype == DType::F32 && axis < x.shape.rank() && start.checked_add(len).is_some_and(|end| end <= x.shape[axis]) => {
                Ok(TensorType::f32(x.shape.with(axis, len)))
            }
            _ => Err(expected(&format!("a tensor of floats that holds {len} entries from {start} on along axis {axis}"), inputs)),
        }
    }

    fn grad(&self, g: &mut Graph, inputs: &[Tensor], _y: Tensor, dy: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        let extent = g.shape(inputs[0])[self.axis];
        Ok(vec![Some(g.apply(Pad { axis: self.axis, start: self.start, extent }, &[dy])?)])
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        push_window(l, self.axis, self.start as i64);
    }

    fn view(&self) -> Option<usize> {
        self.in_place
    }
}

impl Op for Pad {
    fn name(&self) -> &'static str {
        "pad"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        match inputs {
            [x] if self.start + x.shape[self.axis] <= self.extent => Ok(TensorType::f32(x.shape.with(self.axis, self.extent))),
            _ => Err(expected(&format!("a tensor that fits {} entries along axis {}", self.extent, self.axis), inputs)),
        }
    }

    fn grad(&self, g: &mut Graph, inputs: &[Tensor], _y: Tensor, dy: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        let len = g.shape(inputs[0])[self.axis];
        Ok(vec![Some(g.slice(dy, self.axis, self.start, len)?)])
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        push_window(l, self.axis, -(self.start as i64));
    }
}
