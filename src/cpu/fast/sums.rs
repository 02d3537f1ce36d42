//! Sums along an axis and sums of two tensors, row by row.

use unnoise_simd::{add, sum};

use crate::Result;
use crate::cpu::{Call, binary as twin};

/// `y ← Σ rows of x`, which are as long.
pub(super) fn sum_rows(y: &mut [f32], x: &[f32]) {
    y.fill(0.0);
    x.chunks_exact(y.len()).for_each(|row| add(y, row));
}

/// See `src/cpu/reduce.rs`.
pub(super) fn run_reduce(c: &mut Call<'_, f32>) -> Result<()> {
    let (rows, inner, chunk, chunks) = (c.u("rows")?, c.u("inner")?, c.u("chunk")?, c.u("chunks")?);
    let (factor, x, y) = (c.f("factor")? as f32, c.input("x")?, c.output("y")?);
    for (i, y) in y.chunks_exact_mut(inner).enumerate() {
        let (outer, part) = (i / chunks, i % chunks);
        let range = outer * rows + part * chunk..outer * rows + rows.min((part + 1) * chunk);
        if inner == 1 {
            y[0] = sum(&x[range]);
        } else {
            sum_rows(y, &x[range.start * inner..range.end * inner]);
        }
        y.iter_mut().for_each(|y| *y *= factor);
    }
    Ok(())
}

/// See `src/cpu/binary.rs`.
pub(super) fn run_binary(c: &mut Call<'_, f32>) -> Result<()> {
    if c.flag("MULTIPLY") || !c.flag("SAME_SHAPE") {
        return twin::run(c);
    }
    let (a, b, y) = (c.input("a")?, c.input("b")?, c.output("y")?);
    y.copy_from_slice(a);
    add(y, b);
    Ok(())
}
