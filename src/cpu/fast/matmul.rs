//! Matrix product by [`gemm`], then the fused steps in one pass over rows.

use unnoise_simd::{activate, add, multiply_by_slope};

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
    let mut keep = if c.flag("KEEP_PRE") { Some(c.output("z")?) } else { None };
    let (kind, gate_kind) = (c.u("ACTIVATION")?, c.u("GATE_KIND")?);
    let (bias, gate, residual) = (c.optional("bias"), c.optional("gate"), c.optional("residual"));
    // Row by row, so that each is in the cache for all steps.
    for (row, y) in y.chunks_exact_mut(n).enumerate() {
        let range = row * n..(row + 1) * n;
        if let Some(bias) = bias {
            add(y, bias);
        }
        if let Some(keep) = keep.as_deref_mut() {
            keep[range.clone()].copy_from_slice(y);
        }
        activate(kind, y);
        if let Some(gate) = gate {
            multiply_by_slope(gate_kind, &gate[range.clone()], y);
        }
        if let Some(residual) = residual {
            add(y, &residual[range]);
        }
    }
    Ok(())
}
