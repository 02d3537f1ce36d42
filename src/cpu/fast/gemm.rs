//! General matrix product on strided views: blocks of both operands are packed so that they stay in the caches, and
//! [`unnoise_simd::product`] multiplies them.

use unnoise_simd::{COLUMNS, ROWS, Target, pack_columns, pack_rows, product};

/// Floats of a right panel: they stay in the first cache while all rows of a block pass by.
const PANEL: usize = 1 << 12;
/// Floats of a block of the left operand: they stay in the second cache.
const BLOCK: usize = 1 << 15;

/// A matrix in a slice: element `(i, j)` lies at `i · row + j · column`.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    pub(super) values: &'a [f32],
    /// From a row to the next.
    pub(super) row: usize,
    /// From a column to the next.
    pub(super) column: usize,
}

impl<'a> Matrix<'a> {
    /// Rows one after the other, `stride` apart.
    pub(super) fn rows(values: &'a [f32], stride: usize) -> Self {
        Matrix { values, row: stride, column: 1 }
    }

    /// The transpose of rows `stride` apart.
    pub(super) fn columns(values: &'a [f32], stride: usize) -> Self {
        Matrix { values, row: 1, column: stride }
    }
}

/// `c ← alpha a b` with `a [m, k]`, `b [k, n]`.
#[derive(Clone, Copy)]
pub(super) struct Gemm {
    pub(super) m: usize,
    pub(super) k: usize,
    pub(super) n: usize,
    pub(super) alpha: f32,
}

impl Gemm {
    /// Terms that are summed at once: `k` in even parts.
    fn depth(&self) -> usize {
        self.k.div_ceil(self.k.div_ceil(PANEL / COLUMNS).max(1)).max(1)
    }

    /// Rows of a block.
    fn rows(&self) -> usize {
        (BLOCK / self.depth()).next_multiple_of(ROWS).min(self.m.next_multiple_of(ROWS)).max(ROWS)
    }

    /// Floats of the rooms that [`Gemm::run`] wants.
    pub(super) fn rooms(&self) -> [usize; 2] {
        [self.rows() * self.depth(), self.n.next_multiple_of(COLUMNS) * self.depth()]
    }

    /// Computes the product into rows of `c` that are `stride` apart, and calls `done` with the first row and the rows of every
    /// block that is finished. `rooms` are to be as long as [`Gemm::rooms`] says.
    pub(super) fn run(
        &self,
        a: Matrix<'_>,
        b: Matrix<'_>,
        (c, stride): (&mut [f32], usize),
        rooms: [&mut [f32]; 2],
        mut done: impl FnMut(usize, &mut [f32]),
    ) {
        let (depth, rows, n) = (self.depth(), self.rows(), self.n);
        let [room_a, room_b] = rooms;
        let (room_a, room_b) = (room_a.as_chunks_mut().0, room_b.as_chunks_mut().0);
        for first in (0..self.k).step_by(depth) {
            let depth = depth.min(self.k - first);
            let panels = &mut room_b[..n.div_ceil(COLUMNS) * depth];
            pack_columns(&b.values[first * b.row..], n, (b.column, b.row), depth, panels);
            for i in (0..self.m).step_by(rows) {
                let m = rows.min(self.m - i);
                let block = &mut room_a[..m.div_ceil(ROWS) * depth];
                pack_rows(&a.values[i * a.row + first * a.column..], m, (a.row, a.column), depth, block);
                let c = &mut c[i * stride..][..(m - 1) * stride + n];
                product(block, panels, depth, c, Target { m, n, stride, alpha: self.alpha, add: first > 0 });
                if first + depth == self.k {
                    done(i, c);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::scratch::Scratch;

    fn values(n: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 37 + 11) % 17) as f32 - 8.0).collect()
    }

    /// Whole numbers, which every order of summing gets right: ragged tiles, several blocks of rows and of terms, all layouts.
    #[test]
    fn products_are_exact_on_small_integers() {
        let mut scratch = Scratch::default();
        for (m, k, n) in [(1, 1, 1), (5, 3, 7), (13, 17, 4), (33, 9, 20), (7, 1, 40), (70, 600, 19), (150, 515, 33), (2, 1100, 1)] {
            for layout in 0..4 {
                let pad = layout + 1;
                let (a, b) = (values((m + pad) * (k + pad)), values((k + pad) * (n + pad)));
                let left = if layout % 2 == 0 { Matrix::rows(&a, k + pad) } else { Matrix::columns(&a, m + pad) };
                let right = if layout < 2 { Matrix::rows(&b, n + pad) } else { Matrix::columns(&b, k + pad) };
                let stride = n + pad;
                let mut c = vec![0.5; m * stride];
                let mut rows = 0;
                let gemm = Gemm { m, k, n, alpha: 2.0 };
                gemm.run(left, right, (&mut c, stride), scratch.rooms(gemm.rooms()), |first, block| {
                    assert_eq!(first, rows, "blocks come in order, and once");
                    rows += block.len().div_ceil(stride);
                });
                assert_eq!(rows, m);
                for (i, row) in c.chunks_exact(stride).enumerate() {
                    for (j, value) in row.iter().enumerate() {
                        let term = |t: usize| a[i * left.row + t * left.column] * b[t * right.row + j * right.column];
                        let want = if j < n { 2.0 * (0..k).map(term).sum::<f32>() } else { 0.5 };
                        assert_eq!(*value, want, "{m}·{k}·{n}, layout {layout}, at {i}, {j}");
                    }
                }
            }
        }
    }
}
