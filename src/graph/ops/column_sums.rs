//! The gradient by a bias, on the way of the gradient by the weights beside it: that kernel reads every row of `dy` as it is.

use super::reduce::push_reduce;
use crate::graph::{Lowering, Operand};

/// Number, among what the kernel of a gradient by weights writes beside it, of the sums of the columns of `dy`.
pub(super) const COLUMN_SUMS: usize = 0;

/// Where the sums go, if anything reads them.
#[derive(Debug, Clone, Copy)]
pub(super) enum ColumnSums {
    /// Nothing does.
    Unwanted,
    /// Right behind the weights' gradient, as a layer's bias lies behind its weights: one binding has both, one row longer.
    Behind(Operand),
    /// Elsewhere: a sum of its own.
    Apart(Operand),
}

impl ColumnSums {
    /// For the operation being lowered; `alone` says that nothing is fused behind it.
    pub fn of(l: &Lowering<'_>, alone: bool) -> Self {
        let weights = l.output();
        match l.further(COLUMN_SUMS) {
            None => ColumnSums::Unwanted,
            Some(sums) if alone && sums.place == weights.place && sums.offset == weights.offset + weights.len => ColumnSums::Behind(sums),
            Some(sums) => ColumnSums::Apart(sums),
        }
    }

    /// Whether the kernel is to write them.
    pub fn ride(self) -> bool {
        matches!(self, ColumnSums::Behind(_))
    }

    /// What the kernel writes, given where the weights' gradient goes.
    pub fn joined(self, weights: Operand) -> Operand {
        match self {
            ColumnSums::Behind(sums) => Operand { len: weights.len + sums.len, ..weights },
            ColumnSums::Unwanted | ColumnSums::Apart(_) => weights,
        }
    }

    /// Floating-point operations that they add to the kernel, for so many elements of `dy`.
    pub fn operations(self, elements: usize) -> usize {
        if self.ride() { elements } else { 0 }
    }

    /// Pushes a sum over the rows of `dy [rows, n]` if the kernel cannot take them along.
    pub fn push_apart(self, l: &mut Lowering<'_>, dy: Operand, rows: usize) {
        if let ColumnSums::Apart(sums) = self {
            push_reduce(l, dy, sums, (1, rows, sums.len), 1.0);
        }
    }
}
