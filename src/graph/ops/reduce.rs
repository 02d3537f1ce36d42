//! Sums and means along an axis, and their derivative: repetition.

use super::{WORKGROUP, expected, width};
use crate::Result;
use crate::graph::{DType, Graph, Kernel, LateSum, Lowering, Op, Operand, Shape, Tensor, TensorType};

/// Most threads of a workgroup that shares sums.
const THREADS: usize = 256;
/// Rows that one workgroup sums before a reduction over more is split into two passes.
const SPLIT: usize = 4096;

/// `y = factor · Σ x` along `axis`, which stays with extent 1.
#[derive(Debug)]
struct Reduce {
    axis: usize,
    factor: f64,
}

/// `x` repeated to a wider shape.
#[derive(Debug)]
struct Broadcast(Shape);

impl Graph {
    /// Sum along `axis`; the axis stays with extent 1.
    pub fn sum(&mut self, x: Tensor, axis: usize) -> Result<Tensor> {
        self.apply(Reduce { axis, factor: 1.0 }, &[x])
    }

    /// Mean along `axis`; the axis stays with extent 1.
    pub fn mean(&mut self, x: Tensor, axis: usize) -> Result<Tensor> {
        let extent = self.shape(x).get(axis).copied().unwrap_or(1);
        self.apply(Reduce { axis, factor: 1.0 / extent as f64 }, &[x])
    }

    /// Sum of all elements, shape `[1]`.
    pub fn sum_all(&mut self, x: Tensor) -> Result<Tensor> {
        let flat = self.reshape(x, [self.shape(x).elements()])?;
        self.sum(flat, 0)
    }

    /// Mean of all elements, shape `[1]`.
    pub fn mean_all(&mut self, x: Tensor) -> Result<Tensor> {
        let flat = self.reshape(x, [self.shape(x).elements()])?;
        self.mean(flat, 0)
    }

    /// `x` repeated along its axes of extent 1, and along new leading axes, up to `shape`.
    pub fn broadcast_to(&mut self, x: Tensor, shape: impl Into<Shape>) -> Result<Tensor> {
        self.apply(Broadcast(shape.into()), &[x])
    }
}

/// Pushes `target[o, i] = factor · Σ_r source[o, r, i]` over the view `[outer, rows, inner]`, in a fixed order of summation.
pub(super) fn push_reduce(l: &mut Lowering<'_>, source: Operand, target: Operand, view: (usize, usize, usize), factor: f64) {
    let (outer, rows, inner) = view;
    // A GPU's workgroup takes pieces of rows, at least 128 bytes long, with some partial sums each; without sharing, a thread takes
    // an element of a row.
    let share = l.tuning().shares_sums() || inner < 16;
    let width = width(&[inner]);
    let elements = inner / width;
    let side_by_side = |rows: usize| {
        let all = elements.next_power_of_two().min(if share { THREADS } else { WORKGROUP });
        if !share {
            return (all, 1);
        }
        let lanes = (rows / 4).next_power_of_two().min(THREADS);
        let columns = (THREADS / lanes).max(32 / width).min(all);
        (columns, lanes.min(THREADS / columns))
    };
    let pass = |source, target, outer, rows: usize, chunk: usize, factor: f64| {
        let chunks = rows.div_ceil(chunk);
        let (columns, lanes) = side_by_side(chunk);
        let groups = outer * chunks * elements.div_ceil(columns);
        Kernel::new("reduce")
            .constant("COLS", columns)
            .constant("LANES", lanes)
            .constant("THREADS", columns * lanes)
            .param("rows", rows)
            .param("inner", inner)
            .param("chunk", chunk)
            .param("chunks", chunks)
            .param("groups", groups)
            .param("factor", factor)
            .constant("VEC4", width == 4)
            .read("x", source)
            .write("y", target)
            .operations(outer * rows * inner)
            .groups(groups)
    };
    // A tall thin reduction would keep a GPU idle.
    if rows > SPLIT && outer * elements.div_ceil(32 / width) < 64 {
        let chunk = rows.div_ceil(64).max(THREADS);
        let chunks = rows.div_ceil(chunk);
        let partial = l.scratch(outer * chunks * inner, DType::F32);
        l.push(pass(source, partial, outer, rows, chunk, 1.0));
        l.push(pass(partial, target, outer, chunks, chunks, factor));
    } else {
        l.push(pass(source, target, outer, rows, rows, factor));
    }
}

/// Pushes the sum of so many parts, one after the other in `parts`, or leaves it for later.
pub(super) fn sum_parts(l: &mut Lowering<'_>, parts: Operand, target: Operand, count: usize) {
    if !l.sum_late(&[LateSum { source: parts, rows: count, stride: target.len, target }]) {
        push_reduce(l, parts, target, (1, count, target.len), 1.0);
    }
}

impl Op for Reduce {
    fn name(&self) -> &'static str {
        if self.factor == 1.0 { "sum" } else { "mean" }
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        match inputs {
            [x] if x.dtype == DType::F32 && self.axis < x.shape.rank() => Ok(TensorType::f32(x.shape.with(self.axis, 1))),
            _ => Err(expected(&format!("one tensor of floats with an axis {}", self.axis), inputs)),
        }
    }

    fn grad(&self, g: &mut Graph, inputs: &[Tensor], _y: Tensor, dy: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        let shape = g.shape(inputs[0]).clone();
        let dy = if self.factor == 1.0 { dy } else { g.scale(dy, self.factor)? };
        Ok(vec![Some(g.broadcast_to(dy, shape)?)])
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let view = l.input_type(0).shape.around(self.axis);
        push_reduce(l, l.input(0), l.output(), view, self.factor);
    }
}

impl Op for Broadcast {
    fn name(&self) -> &'static str {
        "broadcast"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        match inputs {
            [x] if x.dtype == DType::F32 && x.shape.broadcast(&self.0).as_ref() == Some(&self.0) => Ok(TensorType::f32(self.0.clone())),
            _ => Err(expected(&format!("a tensor of floats that broadcasts to {}", self.0), inputs)),
        }
    }

    fn grad(&self, g: &mut Graph, inputs: &[Tensor], _y: Tensor, dy: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        let shape = g.shape(inputs[0]).clone();
        Ok(vec![Some(g.sum_to(dy, &shape)?)])
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let n = l.output().len;
        let extents = l.output_type().shape.padded();
        let strides = l.input_type(0).shape.strides_in(&l.output_type().shape);
        let mut kernel = Kernel::new("broadcast").param("n", n);
        for (name, extent) in ["d1", "d2", "d3"].into_iter().zip(&extents[1..]) {
            kernel = kernel.param(name, *extent);
        }
        for (name, stride) in ["s0", "s1", "s2", "s3"].into_iter().zip(strides) {
            kernel = kernel.param(name, stride);
        }
        l.push(kernel.read("x", l.input(0)).write("y", l.output()).threads(n, WORKGROUP));
    }
}
