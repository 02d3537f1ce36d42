//! What a kernel writes beside its operation's output.

use super::no_derivative;
use crate::Result;
use crate::graph::{Graph, Lowering, Op, Source, Tensor, TensorType};

/// The `index`-th further value that the kernels of the first input's operation write.
#[derive(Debug)]
struct Further {
    index: usize,
    ty: TensorType,
}

impl Graph {
    /// The `index`-th value, of type `ty`, that the kernels computing `y` write beside it: what an operation's derivative needs of
    /// it, or several derivatives from one pass. They are told by [`Lowering::further`] which of them are wanted.
    pub(crate) fn further(&mut self, y: Tensor, index: usize, ty: TensorType) -> Result<Tensor> {
        let same = |t: &Tensor| matches!(&self.node(*t).source, Source::Op(op) if op.further() == Some(index));
        let known = self.readers(y).find(same);
        known.map_or_else(|| self.apply(Further { index, ty }, &[y]), Ok)
    }
}

impl Op for Further {
    fn name(&self) -> &'static str {
        "further"
    }

    fn infer(&self, _: &[&TensorType]) -> std::result::Result<TensorType, String> {
        Ok(self.ty.clone())
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, _: &mut Lowering<'_>) {}

    fn further(&self) -> Option<usize> {
        Some(self.index)
    }
}
