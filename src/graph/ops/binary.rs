//! `y = a + b` and `y = a · b` with NumPy's broadcasting.

use super::{elementwise, expected, width};
use crate::Result;
use crate::graph::{DType, EpilogueStep, Graph, Kernel, Lowering, Op, Shape, Tensor, TensorType};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Add,
    Multiply,
}

#[derive(Debug)]
struct Binary {
    kind: Kind,
    /// Known when the operation is made: both inputs have the shape of the output.
    same_shape: bool,
}

impl Graph {
    /// `a + b`, broadcast.
    pub fn add(&mut self, a: Tensor, b: Tensor) -> Result<Tensor> {
        // The younger operand goes first: the sum can then ride behind the kernel that makes it.
        let (a, b) = if a < b { (b, a) } else { (a, b) };
        self.binary(Kind::Add, a, b)
    }

    /// `a · b`, elementwise, broadcast.
    pub fn multiply(&mut self, a: Tensor, b: Tensor) -> Result<Tensor> {
        self.binary(Kind::Multiply, a, b)
    }

    fn binary(&mut self, kind: Kind, a: Tensor, b: Tensor) -> Result<Tensor> {
        let same_shape = self.shape(a) == self.shape(b);
        self.apply(Binary { kind, same_shape }, &[a, b])
    }

    /// Sums `t` over the axes along which `shape` broadcasts to it: the derivative of broadcasting.
    pub fn sum_to(&mut self, t: Tensor, shape: &Shape) -> Result<Tensor> {
        let mut t = t;
        if self.shape(t) == shape {
            return Ok(t);
        }
        let lead = self.shape(t).rank() - shape.rank();
        for axis in 0..self.shape(t).rank() {
            let wanted = if axis < lead { 1 } else { shape[axis - lead] };
            if wanted == 1 && self.shape(t)[axis] != 1 {
                t = self.sum(t, axis)?;
            }
        }
        self.reshape(t, shape.clone())
    }
}

impl Op for Binary {
    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Add => "add",
            Kind::Multiply => "multiply",
        }
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        let problem = || expected("two tensors of floats whose shapes broadcast", inputs);
        match inputs {
            [a, b] if a.dtype == DType::F32 && b.dtype == DType::F32 => {
                a.shape.broadcast(&b.shape).map(TensorType::f32).ok_or_else(problem)
            }
            _ => Err(problem()),
        }
    }

    fn grad(&self, g: &mut Graph, inputs: &[Tensor], _y: Tensor, dy: Tensor, needed: &[bool]) -> Result<Vec<Option<Tensor>>> {
        let mut grads = vec![None, None];
        for i in 0..2 {
            if needed[i] {
                let wide = match self.kind {
                    Kind::Add => dy,
                    Kind::Multiply => g.multiply(dy, inputs[1 - i])?,
                };
                let shape = g.shape(inputs[i]).clone();
                grads[i] = Some(g.sum_to(wide, &shape)?);
            }
        }
        Ok(grads)
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let n = l.output().len;
        let mut kernel = Kernel::new("binary").constant("MULTIPLY", self.kind == Kind::Multiply).constant("SAME_SHAPE", self.same_shape);
        if !self.same_shape {
            let shape = &l.output_type().shape;
            let (a, b) = (l.input_type(0).shape.strides_in(shape), l.input_type(1).shape.strides_in(shape));
            let extents = shape.padded();
            let names = [("d1", "a0", "b0"), ("d2", "a1", "b1"), ("d3", "a2", "b2"), ("", "a3", "b3")];
            for (axis, (extent, stride_a, stride_b)) in names.into_iter().enumerate() {
                if axis < 3 {
                    kernel = kernel.param(extent, extents[axis + 1]);
                }
                kernel = kernel.param(stride_a, a[axis]).param(stride_b, b[axis]);
            }
        }
        let kernel = kernel.read("a", l.input(0)).read("b", l.input(1)).write("y", l.output()).operations(n);
        l.push(elementwise(kernel, n, if self.same_shape { width(&[n]) } else { 1 }));
    }

    fn as_epilogue(&self) -> Option<EpilogueStep> {
        (self.kind == Kind::Add && self.same_shape).then_some(EpilogueStep::Residual)
    }
}
