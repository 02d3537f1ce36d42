//! Softmax and its derivative. Several are worked on side by side, one per column: loops over a row then become SIMD although
//! every sum keeps its order.

use crate::activation::exp;

/// `scores [rows, columns] ← exp(scores - largest)`, with the largest and the sum of the exponentials of each column kept in
/// slices of `columns`. The softmax of a column is what is left over its sum. NaN stays NaN.
pub fn exp_columns(scores: &mut [f32], largest: &mut [f32], sum: &mut [f32]) {
    largest.fill(f32::MIN);
    for row in scores.chunks_exact(largest.len()) {
        largest.iter_mut().zip(row).for_each(|(l, v)| *l = if *v > *l { *v } else { *l });
    }
    sum.fill(0.0);
    for row in scores.chunks_exact_mut(largest.len()) {
        for ((v, l), sum) in row.iter_mut().zip(largest.iter()).zip(sum.iter_mut()) {
            *v = exp(*v - l);
            *sum += *v;
        }
    }
}

/// `row ← exp(row - shift)`: softmaxes again, given the logarithm of each sum of exponentials.
pub fn exp_shifted(row: &mut [f32], shift: &[f32]) {
    row.iter_mut().zip(shift).for_each(|(v, shift)| *v = exp(*v - shift));
}

/// `p ← p (dp - mean)`: derivatives by the scores of softmaxes `p`, given those by `p` and their means under `p`.
pub fn softmax_slope(p: &mut [f32], dp: &[f32], mean: &[f32]) {
    p.iter_mut().zip(dp).zip(mean).for_each(|((p, dp), mean)| *p *= dp - mean);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_agree_with_double_precision() {
        for (rows, columns) in [(1, 1), (7, 9), (49, 3), (256, 20)] {
            let scores: Vec<f32> = (0..rows * columns).map(|i| ((i * 61 + 13) % 97) as f32 * 0.3 - 9.0).collect();
            let (mut p, mut largest, mut sum) = (scores.clone(), vec![0.0; columns], vec![0.0; columns]);
            exp_columns(&mut p, &mut largest, &mut sum);
            let logs: Vec<f32> = largest.iter().zip(&sum).map(|(l, s)| l + s.ln()).collect();
            let mut again = scores.clone();
            again.chunks_exact_mut(columns).for_each(|row| exp_shifted(row, &logs));
            for c in 0..columns {
                let total: f64 = scores[c..].iter().step_by(columns).map(|v| f64::from(*v).exp()).sum();
                for i in (c..rows * columns).step_by(columns) {
                    let want = f64::from(scores[i]).exp() / total;
                    let (once, twice) = (f64::from(p[i] / sum[c]), f64::from(again[i]));
                    assert!((once - want).abs() < 1e-6 && (twice - want).abs() < 2e-6, "{rows}×{columns}: {once}, {twice}, {want}");
                }
            }
        }
    }

    #[test]
    fn nan_spreads_over_its_column() {
        let (mut scores, mut largest, mut sum) = ([1.0, 1.0, f32::NAN, 2.0], [0.0; 2], [0.0; 2]);
        exp_columns(&mut scores, &mut largest, &mut sum);
        assert!(sum[0].is_nan() && sum[1].is_finite());
    }
}
