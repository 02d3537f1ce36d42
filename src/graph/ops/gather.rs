//! Rows picked by index (an embedding, a batch of a resident data set), and the derivative: a sum per row, without atomics.

use super::{WORKGROUP, expected, no_derivative};
use crate::Result;
use crate::graph::{DType, Graph, Kernel, Lowering, Op, Shape, Tensor, TensorType};

/// `y[i, :] = table[index[i], :]`; indices past the end take the last row.
#[derive(Debug)]
struct Gather;

/// `y[v, :] = Σ_{i: index[i] = v} dy[i, :]`, in the order of `i`; inputs `dy`, `index`.
#[derive(Debug)]
struct ScatterAdd {
    rows: usize,
}

impl Graph {
    /// Rows of `table [V, …]` (floats or integers) named by `index [n]`: `[n, …]`.
    pub fn gather(&mut self, table: Tensor, index: Tensor) -> Result<Tensor> {
        self.apply(Gather, &[table, index])
    }
}

/// `[n, …]` with the first extent replaced.
fn with_rows(shape: &Shape, rows: usize) -> Shape {
    shape.with(0, rows)
}

impl Op for Gather {
    fn name(&self) -> &'static str {
        "gather"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        match inputs {
            [table, index] if index.dtype == DType::U32 && index.shape.rank() == 1 && table.shape.rank() >= 1 => {
                Ok(TensorType { shape: with_rows(&table.shape, index.shape[0]), dtype: table.dtype })
            }
            _ => Err(expected("a table [V, …] and integer indices [n]", inputs)),
        }
    }

    fn grad(&self, g: &mut Graph, inputs: &[Tensor], _y: Tensor, dy: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        let rows = g.shape(inputs[0])[0];
        Ok(vec![Some(g.apply(ScatterAdd { rows }, &[dy, inputs[1]])?), None])
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let n = l.output().len;
        let rows = l.input_type(0).shape[0];
        let kernel = Kernel::new("gather")
            .constant("INTEGER", l.output_type().dtype == DType::U32)
            .param("n", n)
            .param("rows", rows)
            .param("row_len", l.input(0).len / rows);
        let kernel = kernel.read("table", l.input(0)).read("index", l.input(1)).write("y", l.output());
        l.push(kernel.touches("table", n).threads(n, WORKGROUP));
    }
}

impl Op for ScatterAdd {
    fn name(&self) -> &'static str {
        "scatter_add"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        match inputs {
            [dy, _] if dy.dtype == DType::F32 => Ok(TensorType::f32(with_rows(&dy.shape, self.rows))),
            _ => Err(expected("floats [n, …] and integer indices [n]", inputs)),
        }
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let n = l.output().len;
        let kernel = Kernel::new("scatter_add")
            .param("n", n)
            .param("rows", self.rows)
            .param("row_len", n / self.rows)
            .param("count", l.input(1).len);
        let kernel = kernel.read("dy", l.input(0)).read("index", l.input(1)).write("y", l.output());
        l.push(kernel.operations(l.input(0).len).threads(n, WORKGROUP));
    }
}
