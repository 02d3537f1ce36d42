//! Matrix product by [`gemm`], then the fused steps.

use super::epilogue::Steps;
use super::gemm::gemm;
use crate::Result;
use crate::cpu::Call;

/// See `src/cpu/matmul.rs`.
pub(super) fn run(c: &mut Call<'_, f32>) -> Result<()> {
    let (m, n, k) = (c.u("m")?, c.u("n")?, c.u("k")?);
    let (a, b, y) = (c.input("a")?, c.input("b")?, c.output("c")?);
    let a_strides = if c.flag("TRANSPOSE_A") { (1, m) } else { (k, 1) };
    let b_strides = if c.flag("TRANSPOSE_B") { (1, k) } else { (n, 1) };
    for batch in 0..c.u("batches")? {
        let (a, b, y) = (&a[batch * m * k..][..m * k], &b[batch * k * n..][..k * n], &mut y[batch * m * n..][..m * n]);
        gemm(m, k, n, 1.0, a, a_strides, b, b_strides, 0.0, y, (n, 1))?;
    }
    Steps::of(c)?.finish(0, y);
    Ok(())
}
