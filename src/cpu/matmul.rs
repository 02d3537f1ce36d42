//! Matrix product `C = op(A) · op(B) + bias` per batch, with the steps fused behind it.

use super::activate::activate;
use super::activate_grad::slope;
use super::{Call, Real};
use crate::Result;

/// See `shaders/matmul.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (m, n, k, batches) = (c.u("m")?, c.u("n")?, c.u("k")?, c.u("batches")?);
    let (transpose_a, transpose_b) = (c.flag("TRANSPOSE_A"), c.flag("TRANSPOSE_B"));
    let (a, b, product) = (c.input("a")?, c.input("b")?, c.output("c")?);
    // Of each C: its rows, and the sums of B's columns behind them.
    let rows = m + usize::from(c.flag("SUMS"));
    for batch in 0..batches {
        let (a, b) = (&a[batch * m * k..], &b[batch * k * n..]);
        for row in 0..m {
            for column in 0..n {
                let mut sum = F::default();
                for l in 0..k {
                    let left = if transpose_a { a[l * m + row] } else { a[row * k + l] };
                    let right = if transpose_b { b[column * k + l] } else { b[l * n + column] };
                    sum += left * right;
                }
                product[(batch * rows + row) * n + column] = sum;
            }
        }
        for row in m..rows {
            for column in 0..n {
                product[(batch * rows + row) * n + column] = (0..k).fold(F::default(), |sum, l| sum + b[l * n + column]);
            }
        }
    }
    let keep = if c.flag("KEEP_PRE") { Some(c.output("z")?) } else { None };
    epilogue(c, product, keep)
}

/// Bias, activation (keeping its argument if asked), gate and residual, in this order.
pub(super) fn epilogue<F: Real>(c: &Call<'_, F>, y: &mut [F], keep: Option<&mut [F]>) -> Result<()> {
    let n = c.u("n")?;
    if let Some(bias) = c.optional("bias") {
        for i in 0..y.len() {
            y[i] += bias[i % n];
        }
    }
    if let Some(z) = keep {
        z.copy_from_slice(y);
    }
    let kind = c.u("ACTIVATION")?;
    for value in y.iter_mut() {
        *value = activate(kind, *value);
    }
    if let Some(gate) = c.optional("gate") {
        let kind = c.u("GATE_KIND")?;
        for i in 0..y.len() {
            y[i] *= slope(kind, gate[i]);
        }
    }
    if let Some(residual) = c.optional("residual") {
        for i in 0..y.len() {
            y[i] += residual[i];
        }
    }
    Ok(())
}
