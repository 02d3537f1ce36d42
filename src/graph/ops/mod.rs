//! The operations, one file each: shape rule, derivative rule, kernels, and the [`super::Graph`] method that appends it.

mod activation;
pub mod attention;
pub mod bench;
mod binary;
mod column_sums;
mod concat;
mod conv;
mod cross_entropy;
mod further;
mod gather;
mod group_norm;
mod matmul;
mod mse;
pub mod optimizer;
pub mod pixels;
pub mod process;
mod random;
mod reduce;
mod resample;
mod reshape;
pub mod reverse;
mod scale;
mod slice;
pub mod state;
mod tiles;
mod timestep_embedding;

pub use activation::Activation;
pub use conv::Conv2d;

use super::TensorType;

/// Threads per workgroup of the elementwise kernels; `WORKGROUP` in `shaders/lib/index.wgsl`.
pub const WORKGROUP: usize = 64;

/// How many numbers a thread of an elementwise kernel takes: 4 if all these extents are multiples of it, else 1. Goes with the constant
/// `VEC4` (`shaders/lib/fours.wgsl`).
fn width(extents: &[usize]) -> usize {
    if extents.iter().all(|extent| extent.is_multiple_of(4)) { 4 } else { 1 }
}

/// A kernel with one thread per element of `n` numbers, an element being a number or four.
fn elementwise(kernel: super::Kernel, n: usize, width: usize) -> super::Kernel {
    kernel.constant("VEC4", width == 4).param("n", n).threads(n / width, WORKGROUP)
}

/// The message of a shape rule that wants `what`.
fn expected(what: &str, given: &[&TensorType]) -> String {
    let shapes: Vec<String> =
        given.iter().map(|t| format!("{}{}", if t.dtype == super::DType::U32 { "u32" } else { "" }, t.shape)).collect();
    format!("expects {what}, given {}", shapes.join(" and "))
}

/// The answer of an operation that has no derivative.
fn no_derivative(op: &dyn super::Op) -> crate::Error {
    crate::Error::Derivative(format!("{} is not differentiable", op.name()))
}
