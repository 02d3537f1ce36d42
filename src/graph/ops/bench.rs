//! Two operations that compute nothing of use: their speed is the machine's, in arithmetic and in memory.

use super::{WORKGROUP, expected, no_derivative};
use crate::Result;
use crate::graph::{DType, Graph, Kernel, Lowering, Op, Tensor, TensorType};

/// Floating-point operations of [`Graph::bench_fma`] per number and round: eight steps of eight chains.
pub const OPERATIONS_PER_ROUND: usize = 128;

/// Arithmetic, so many rounds of it per number.
#[derive(Debug)]
struct BenchFma(usize);

#[derive(Debug)]
struct BenchCopy;

impl Graph {
    /// Eight chains of `rounds · 8` multiplications and additions from every number of `x`, and their sum.
    pub fn bench_fma(&mut self, x: Tensor, rounds: usize) -> Result<Tensor> {
        self.apply(BenchFma(rounds), &[x])
    }

    /// `x`, a multiple of four numbers, read and written once.
    pub fn bench_copy(&mut self, x: Tensor) -> Result<Tensor> {
        self.apply(BenchCopy, &[x])
    }
}

impl Op for BenchFma {
    fn name(&self) -> &'static str {
        "bench_fma"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        match inputs {
            [x] if x.dtype == DType::F32 => Ok((*x).clone()),
            _ => Err(expected("one tensor of floats", inputs)),
        }
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let n = l.output().len;
        // The chains end at b / (1 - m) = 1: no number grows or fades away.
        let kernel = Kernel::new("bench_fma").param("n", n).param("rounds", self.0).param("m", 0.75).param("b", 0.25);
        let kernel = kernel.operations(n * self.0 * OPERATIONS_PER_ROUND);
        l.push(kernel.read("x", l.input(0)).write("y", l.output()).threads(n, WORKGROUP));
    }
}

impl Op for BenchCopy {
    fn name(&self) -> &'static str {
        "bench_copy"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        match inputs {
            [x] if x.dtype == DType::F32 && x.shape.elements() % 4 == 0 => Ok((*x).clone()),
            _ => Err(expected("one tensor of a multiple of four floats", inputs)),
        }
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let fours = l.output().len / 4;
        let kernel = Kernel::new("bench_copy").param("n", fours);
        l.push(kernel.read("x", l.input(0)).write("y", l.output()).threads(fours, WORKGROUP));
    }
}
