//! Counter-based random numbers: Threefry-2x32 (Salmon et al., SC 2011) keyed by (seed, stream), counted by (step, element).
//!
//! Each element's number depends on those four and nothing else: not on the device, the grid or what was drawn before.

use super::{WORKGROUP, expected, no_derivative, state};
use crate::Result;
use crate::graph::{DType, Graph, Kernel, Lowering, Op, Shape, Tensor, TensorType};

/// Uniform integers below `bound`; input `counters`.
#[derive(Debug)]
struct UniformInt {
    stream: u32,
    count: usize,
    bound: usize,
}

/// Standard normals; input `counters`.
#[derive(Debug)]
struct Normal {
    stream: u32,
    shape: Shape,
}

impl Graph {
    /// `count` integers, uniform in `0 .. bound`. `counters` holds seed and step ([`state::counter`]); `stream` sets
    /// this use of randomness apart from every other.
    pub fn uniform_int(&mut self, counters: Tensor, stream: u32, count: usize, bound: usize) -> Result<Tensor> {
        self.apply(UniformInt { stream, count, bound }, &[counters])
    }

    /// Standard normals of `shape`.
    pub fn normal(&mut self, counters: Tensor, stream: u32, shape: impl Into<Shape>) -> Result<Tensor> {
        self.apply(Normal { stream, shape: shape.into() }, &[counters])
    }
}

fn check(inputs: &[&TensorType]) -> std::result::Result<(), String> {
    match inputs {
        [c] if c.dtype == DType::U32 && c.shape.elements() == state::counter::LEN => Ok(()),
        _ => Err(expected(&format!("the counters, {} integers", state::counter::LEN), inputs)),
    }
}

/// One Threefry block gives two words: a thread makes two elements.
fn push(l: &mut Lowering<'_>, kernel: Kernel, stream: u32) {
    let n = l.output().len;
    let kernel = kernel.param("n", n).param("stream", stream).read("counters", l.input(0)).write("y", l.output());
    l.push(kernel.threads(n.div_ceil(2), WORKGROUP));
}

impl Op for UniformInt {
    fn name(&self) -> &'static str {
        "uniform_int"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        check(inputs)?;
        if self.bound == 0 || u32::try_from(self.bound).is_err() {
            return Err(format!("needs a bound of 1 to 2³² - 1, given {}", self.bound));
        }
        Ok(TensorType::u32([self.count]))
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        push(l, Kernel::new("uniform_int").param("bound", self.bound), self.stream);
    }
}

impl Op for Normal {
    fn name(&self) -> &'static str {
        "normal"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        check(inputs).map(|()| TensorType::f32(self.shape.clone()))
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        push(l, Kernel::new("normal"), self.stream);
    }
}
