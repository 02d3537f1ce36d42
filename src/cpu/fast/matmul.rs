//! Matrix product by [`Gemm`], then the fused steps.

use super::epilogue::Steps;
use super::gemm::{Gemm, Matrix};
use super::sums::sum_rows;
use crate::Result;
use crate::cpu::Call;

/// See `src/cpu/matmul.rs`.
pub(super) fn run(c: &mut Call<'_, f32>) -> Result<()> {
    let (m, n, k) = (c.u("m")?, c.u("n")?, c.u("k")?);
    let (a, b, y) = (c.input("a")?, c.input("b")?, c.output("c")?);
    let (transpose_a, transpose_b) = (c.flag("TRANSPOSE_A"), c.flag("TRANSPOSE_B"));
    let mut steps = Steps::of(c)?;
    let gemm = Gemm { m, k, n, alpha: 1.0 };
    let mut rooms = c.scratch()?.rooms(gemm.rooms());
    for (batch, y) in y.chunks_exact_mut((m + usize::from(c.flag("SUMS"))) * n).enumerate() {
        let (a, b) = (&a[batch * m * k..][..m * k], &b[batch * k * n..][..k * n]);
        let (y, sums) = y.split_at_mut(m * n);
        let a = if transpose_a { Matrix::columns(a, m) } else { Matrix::rows(a, k) };
        let b = if transpose_b { Matrix::columns(b, k) } else { Matrix::rows(b, n) };
        gemm.run(a, b, (y, n), rooms.each_mut().map(|room| &mut **room), |first, rows| steps.finish(batch * m + first, rows));
        if !sums.is_empty() {
            sum_rows(sums, b.values);
        }
    }
    Ok(())
}
