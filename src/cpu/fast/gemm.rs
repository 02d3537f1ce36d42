//! General matrix product on strided views, by the crate `matrixmultiply` (SIMD on x86, ARM and WebAssembly).

use crate::{Error, Result};

/// Row stride and column stride of a matrix in its slice, in elements.
pub(super) type Strides = (usize, usize);

/// `C ← α A B + β C` with `A [m, k]`, `B [k, n]`, `C [m, n]`: element `(i, j)` of a matrix with strides `(rs, cs)` lies at
/// `i·rs + j·cs` of its slice. With `β = 0` the old `C` is not read.
///
/// # Errors
/// [`Error::Shader`] if a matrix reaches past its slice, or if elements of `C` share memory.
#[expect(clippy::too_many_arguments, reason = "BLAS's argument list, known to every reader")]
#[expect(unsafe_code, reason = "sgemm takes raw pointers with strides; the extents are checked against the slices right above the call")]
pub(super) fn gemm(
    m: usize,
    k: usize,
    n: usize,
    alpha: f32,
    a: &[f32],
    a_strides: Strides,
    b: &[f32],
    b_strides: Strides,
    beta: f32,
    c: &mut [f32],
    c_strides: Strides,
) -> Result<()> {
    let [(a_rs, a_cs), (b_rs, b_cs), (c_rs, c_cs)] =
        [signed("A", a.len(), (m, k), a_strides)?, signed("B", b.len(), (k, n), b_strides)?, signed("C", c.len(), (m, n), c_strides)?];
    // Rows that lie one after the other, or columns that do.
    let apart = |inner: usize, inner_stride: usize, outer: usize, outer_stride: usize| {
        let span = inner.saturating_sub(1).saturating_mul(inner_stride);
        (inner <= 1 || inner_stride > 0) && (outer <= 1 || outer_stride > span)
    };
    let (rs, cs) = c_strides;
    if !apart(n, cs, m, rs) && !apart(m, rs, n, cs) {
        return Err(failure(format!("elements of C [{m}, {n}] with strides {c_strides:?} share memory")));
    }
    // SAFETY: every element of a, b and c that these extents and strides name lies within its slice (checked by `signed`),
    // and c, borrowed mutably, overlaps neither a nor b, nor itself.
    unsafe {
        matrixmultiply::sgemm(m, k, n, alpha, a.as_ptr(), a_rs, a_cs, b.as_ptr(), b_rs, b_cs, beta, c.as_mut_ptr(), c_rs, c_cs);
    }
    Ok(())
}

/// The strides as the library wants them, if the whole matrix lies within `len` elements.
fn signed(name: &str, len: usize, (rows, columns): (usize, usize), (rs, cs): Strides) -> Result<(isize, isize)> {
    let outside = || failure(format!("{name} [{rows}, {columns}] with strides {:?} reaches past its {len} elements", (rs, cs)));
    let last = |extent: usize, stride: usize| extent.saturating_sub(1).checked_mul(stride);
    let end = last(rows, rs).zip(last(columns, cs)).and_then(|(i, j)| i.checked_add(j));
    if rows > 0 && columns > 0 && end.is_none_or(|end| end >= len) {
        return Err(outside());
    }
    match (isize::try_from(rs), isize::try_from(cs)) {
        (Ok(rs), Ok(cs)) => Ok((rs, cs)),
        _ => Err(outside()),
    }
}

fn failure(message: String) -> Error {
    Error::Shader { shader: "matrix product".into(), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(n: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 37 + 11) % 17) as f32 - 8.0).collect()
    }

    #[test]
    fn strided_products_are_exact_on_small_integers() {
        for (m, k, n) in [(1, 1, 1), (5, 3, 7), (13, 17, 4), (33, 9, 20)] {
            for (a_strides, b_strides, c_strides) in
                [((k, 1), (n, 1), (n, 1)), ((1, m), (1, k), (n, 1)), ((2 * k + 1, 2), (n + 3, 1), (1, m)), ((0, 1), (n, 1), (2 * n, 2))]
            {
                let (a, b) = (values(4 * m * k + m), values(2 * k * n + 3 * k));
                let mut c = values(2 * m * n + 4);
                let before = c.clone();
                gemm(m, k, n, 2.0, &a, a_strides, &b, b_strides, -1.0, &mut c, c_strides).expect("fits");
                let mut want = before.clone();
                for i in 0..m {
                    for j in 0..n {
                        let product = |l: usize| a[i * a_strides.0 + l * a_strides.1] * b[l * b_strides.0 + j * b_strides.1];
                        let at = i * c_strides.0 + j * c_strides.1;
                        want[at] = 2.0 * (0..k).map(product).sum::<f32>() - before[at];
                    }
                }
                assert_eq!(c, want, "{m}·{k}·{n}, strides {a_strides:?} {b_strides:?} {c_strides:?}");
            }
        }
    }

    #[test]
    fn extents_are_checked() {
        let (a, b, mut c) = (values(6), values(6), values(9));
        assert!(gemm(3, 2, 3, 1.0, &a, (2, 1), &b, (3, 1), 0.0, &mut c, (3, 1)).is_ok());
        assert!(gemm(3, 2, 3, 1.0, &a[..5], (2, 1), &b, (3, 1), 0.0, &mut c, (3, 1)).is_err());
        assert!(gemm(3, 2, 3, 1.0, &a, (2, 1), &b, (4, 1), 0.0, &mut c, (3, 1)).is_err());
        assert!(gemm(3, 2, 3, 1.0, &a, (2, 1), &b, (3, 1), 0.0, &mut c[..8], (3, 1)).is_err());
        assert!(gemm(3, 2, 3, 1.0, &a, (usize::MAX, 1), &b, (3, 1), 0.0, &mut c, (3, 1)).is_err());
        for overlapping in [(0, 1), (1, 0), (2, 1), (1, 1), (2, 2)] {
            assert!(gemm(3, 2, 3, 1.0, &a, (2, 1), &b, (3, 1), 0.0, &mut c, overlapping).is_err(), "{overlapping:?}");
        }
        // No terms: C is scaled, whatever A and B are.
        assert!(gemm(3, 0, 3, 1.0, &[], (0, 1), &[], (3, 1), 0.0, &mut c, (3, 1)).is_ok());
        assert_eq!(c, [0.0; 9]);
    }
}
