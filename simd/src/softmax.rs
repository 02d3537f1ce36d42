//! Softmax and its derivative, a row at a time.

use crate::activation::exp;

/// Partial results that a loop keeps side by side, so that it becomes SIMD although the order of sums is fixed.
const LANES: usize = 8;

/// `row ← exp(row) / Σ exp(row)`.
pub fn softmax(row: &mut [f32]) {
    let shift = largest(row);
    let factor = 1.0 / exp_and_sum(row, shift);
    row.iter_mut().for_each(|v| *v *= factor);
}

/// `log Σ exp(row)`. What is left in `row` has no use.
pub fn log_sum_exp(row: &mut [f32]) -> f32 {
    let shift = largest(row);
    shift + exp_and_sum(row, shift).ln()
}

/// `row ← exp(row - shift)`: the softmax again, given its [`log_sum_exp`].
pub fn exp_shifted(row: &mut [f32], shift: f32) {
    row.iter_mut().for_each(|v| *v = exp(*v - shift));
}

/// `p ← p (dp - mean)`: the derivative by the scores of a softmax `p`, given that by `p` and its mean under `p`.
pub fn softmax_slope(p: &mut [f32], dp: &[f32], mean: f32) {
    p.iter_mut().zip(dp).for_each(|(p, dp)| *p *= dp - mean);
}

/// `Σ a b`.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (heads, tails) = (a.chunks_exact(LANES).zip(b.chunks_exact(LANES)), a.len().min(b.len()) / LANES * LANES);
    let mut sums = [0.0; LANES];
    for (a, b) in heads {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f32 = a[tails..].iter().zip(&b[tails..]).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// The largest value; NaN is passed over, and comes back from the exponential.
fn largest(row: &[f32]) -> f32 {
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let mut lanes = [f32::MIN; LANES];
    let chunks = row.chunks_exact(LANES);
    let rest = chunks.remainder().iter().fold(f32::MIN, |a, b| larger(a, *b));
    for chunk in chunks {
        for (lane, v) in lanes.iter_mut().zip(chunk) {
            *lane = larger(*lane, *v);
        }
    }
    lanes.into_iter().fold(rest, larger)
}

/// `row ← exp(row - shift)`; returns the sum.
fn exp_and_sum(row: &mut [f32], shift: f32) -> f32 {
    let mut sums = [0.0; LANES];
    let mut chunks = row.chunks_exact_mut(LANES);
    for chunk in &mut chunks {
        for (sum, v) in sums.iter_mut().zip(chunk) {
            *v = exp(*v - shift);
            *sum += *v;
        }
    }
    let mut rest = 0.0;
    for v in chunks.into_remainder() {
        *v = exp(*v - shift);
        rest += *v;
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_every_length_agree_with_double_precision() {
        for n in [1, 7, 8, 9, 49, 196, 256] {
            let row: Vec<f32> = (0..n).map(|i| ((i * 61 + 13) % 97) as f32 * 0.3 - 9.0).collect();
            let total: f64 = row.iter().map(|v| f64::from(*v).exp()).sum();
            let (mut p, mut used, mut again) = (row.clone(), row.clone(), row.clone());
            softmax(&mut p);
            let log = log_sum_exp(&mut used);
            exp_shifted(&mut again, log);
            assert!((f64::from(log) - total.ln()).abs() < 1e-5, "{n}: {log}");
            for ((v, p), again) in row.iter().zip(&p).zip(&again) {
                let want = f64::from(*v).exp() / total;
                assert!((f64::from(*p) - want).abs() < 1e-6 && (f64::from(*again) - want).abs() < 2e-6, "{n}: {p}, {again}, {want}");
            }
            let want: f64 = row.iter().zip(&p).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            assert!((f64::from(dot(&row, &p)) - want).abs() < 1e-4);
        }
    }

    #[test]
    fn nan_spreads_over_its_row() {
        let mut row = [1.0, f32::NAN, 2.0];
        softmax(&mut row);
        assert!(row.iter().all(|v| v.is_nan()));
    }
}
