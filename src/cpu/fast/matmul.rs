//! Matrix product by the crate `matrixmultiply` (SIMD on x86, ARM and WebAssembly), then the fused steps in one pass over rows.

use unnoise_simd::{activate, add, multiply_by_slope};

use crate::cpu::Call;
use crate::{Error, Result};

/// See `src/cpu/matmul.rs`.
pub(super) fn run(c: &mut Call<'_, f32>) -> Result<()> {
    let shape = Shape { m: c.u("m")?, n: c.u("n")?, k: c.u("k")?, transpose_a: c.flag("TRANSPOSE_A"), transpose_b: c.flag("TRANSPOSE_B") };
    let (a, b, y) = (c.input("a")?, c.input("b")?, c.output("c")?);
    for batch in 0..c.u("batches")? {
        let Shape { m, n, k, .. } = shape;
        product(&shape, &a[batch * m * k..][..m * k], &b[batch * k * n..][..k * n], &mut y[batch * m * n..][..m * n])?;
    }
    let mut keep = if c.flag("KEEP_PRE") { Some(c.output("z")?) } else { None };
    let (kind, gate_kind) = (c.u("ACTIVATION")?, c.u("GATE_KIND")?);
    let (bias, gate, residual) = (c.optional("bias"), c.optional("gate"), c.optional("residual"));
    // Row by row, so that each is in the cache for all steps.
    for (row, y) in y.chunks_exact_mut(shape.n).enumerate() {
        let range = row * shape.n..(row + 1) * shape.n;
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

struct Shape {
    m: usize,
    n: usize,
    k: usize,
    transpose_a: bool,
    transpose_b: bool,
}

/// `y [M, N] = op(a) · op(b)`.
#[expect(unsafe_code, reason = "sgemm takes raw pointers with strides; the lengths are checked against the strides right above the call")]
fn product(shape: &Shape, a: &[f32], b: &[f32], y: &mut [f32]) -> Result<()> {
    let Shape { m, n, k, transpose_a, transpose_b } = *shape;
    if a.len() != m * k || b.len() != k * n || y.len() != m * n {
        return Err(Error::Shader { shader: "matmul".into(), message: "the bindings do not have the lengths of the product".into() });
    }
    // (row stride, column stride) of op(a) and op(b).
    let (a_rs, a_cs) = if transpose_a { (1, m as isize) } else { (k as isize, 1) };
    let (b_rs, b_cs) = if transpose_b { (1, k as isize) } else { (n as isize, 1) };
    // SAFETY: a, b and y hold exactly m·k, k·n and m·n elements (checked), which these strides stay within; y is
    // borrowed mutably and so overlaps neither.
    unsafe {
        matrixmultiply::sgemm(m, k, n, 1.0, a.as_ptr(), a_rs, a_cs, b.as_ptr(), b_rs, b_cs, 0.0, y.as_mut_ptr(), n as isize, 1);
    }
    Ok(())
}
