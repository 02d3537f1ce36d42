//! Distance between two clouds of points.

use std::f64::consts::PI;

/// Sliced Wasserstein-1 distance of two clouds (Rabin, Peyré, Delon and Bernot 2011; Bonneel et al. 2015).
///
/// Both clouds are projected on `directions` lines at the even angles `π k / directions`; on each line the 1D distance is
/// the mean absolute difference of the sorted projections, in general `∫₀¹ |F_a⁻¹(u) - F_b⁻¹(u)| du` for clouds of
/// different sizes; the result is the mean over the lines, in the units of the points.
///
/// NaN if a cloud is empty, holds a NaN, or `directions` is 0: there is no distance then.
pub fn sliced_wasserstein(a: &[[f32; 2]], b: &[[f32; 2]], directions: usize) -> f64 {
    let (mut along_a, mut along_b) = (Vec::with_capacity(a.len()), Vec::with_capacity(b.len()));
    let mut sum = 0.0;
    for k in 0..directions {
        let (sin, cos) = (PI * k as f64 / directions as f64).sin_cos();
        project_sorted(a, cos, sin, &mut along_a);
        project_sorted(b, cos, sin, &mut along_b);
        sum += wasserstein_1d(&along_a, &along_b);
    }
    sum / directions as f64
}

/// Fills `out` with the sorted projections of `points` on the direction (cos, sin).
fn project_sorted(points: &[[f32; 2]], cos: f64, sin: f64, out: &mut Vec<f64>) {
    out.clear();
    out.extend(points.iter().map(|p| f64::from(p[0]) * cos + f64::from(p[1]) * sin));
    out.sort_unstable_by(f64::total_cmp);
}

/// Wasserstein-1 distance of two sorted samples; NaN if one is empty.
fn wasserstein_1d(a: &[f64], b: &[f64]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return f64::NAN;
    }
    if a.len() == b.len() {
        return a.iter().zip(b).map(|(x, y)| (x - y).abs()).sum::<f64>() / a.len() as f64;
    }
    // Both quantile functions are steps, at multiples of 1/n and of 1/m: walk along their common breakpoints, measured
    // in units of 1/(n m) so that they meet exactly.
    let (n, m) = (a.len() as u64, b.len() as u64);
    let (mut i, mut j, mut at, mut sum) = (0u64, 0u64, 0u64, 0.0);
    while i < n && j < m {
        let next = ((i + 1) * m).min((j + 1) * n);
        sum += (next - at) as f64 * (a[i as usize] - b[j as usize]).abs();
        at = next;
        i += u64::from(next == (i + 1) * m);
        j += u64::from(next == (j + 1) * n);
    }
    sum / (n * m) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{DatasetName, generate};

    #[test]
    fn a_shift_moves_every_projection_by_its_component() {
        let a = generate(DatasetName::TwoMoons, 500, 1).points;
        let b: Vec<[f32; 2]> = a.iter().map(|p| [p[0] + 3.0, p[1] - 4.0]).collect();
        // Mean of |5 cos(angle - φ)| over all angles is 5 · 2/π.
        let distance = sliced_wasserstein(&a, &b, 100);
        assert!((distance - 10.0 / PI).abs() < 1e-3, "{distance}");
        assert_eq!(sliced_wasserstein(&a, &a, 100), 0.0);
        // Two directions are the axes.
        let axes = sliced_wasserstein(&a, &b, 2);
        assert!((axes - 3.5).abs() < 1e-6, "{axes}");
    }

    #[test]
    fn different_counts_compare_quantiles() {
        assert_eq!(wasserstein_1d(&[0.0, 1.0], &[0.0, 0.0, 1.0, 1.0]), 0.0);
        // F_a⁻¹ is 0 up to 1/2 and 1 after; F_b⁻¹ is 0 up to 1/3, 1 up to 2/3 and 2 after: 1/6 + 1/3.
        assert!((wasserstein_1d(&[0.0, 1.0], &[0.0, 1.0, 2.0]) - 0.5).abs() < 1e-15);
        assert_eq!(wasserstein_1d(&[1.0, 2.0, 3.0], &[2.0]), 2.0 / 3.0);
        // Repeating every point of one cloud changes nothing.
        let a = generate(DatasetName::Rings, 300, 1).points;
        let b = generate(DatasetName::Rings, 300, 2).points;
        let twice: Vec<[f32; 2]> = b.iter().chain(&b).copied().collect();
        let (once, doubled) = (sliced_wasserstein(&a, &b, 7), sliced_wasserstein(&a, &twice, 7));
        assert!((once - doubled).abs() < 1e-12, "{once} {doubled}");
    }

    #[test]
    fn no_distance_is_nan() {
        assert!(sliced_wasserstein(&[], &[[0.0, 0.0]], 4).is_nan());
        assert!(sliced_wasserstein(&[[f32::NAN, 0.0]], &[[0.0, 0.0]], 4).is_nan());
        assert!(sliced_wasserstein(&[[0.0, 0.0]], &[[0.0, 0.0]], 0).is_nan());
    }

    #[test]
    fn independent_draws_are_close_and_different_sets_are_not() {
        let draw = |name, seed| generate(name, 4096, seed).points;
        let mut mean = 0.0;
        for seed in 0..8 {
            mean += sliced_wasserstein(&draw(DatasetName::TwoMoons, seed), &draw(DatasetName::TwoMoons, 100 + seed), 100) / 8.0;
        }
        // For n points a side the expectation is near √(2/n)·0.8·(spread): about 0.02 at 4,096 points of unit variance.
        assert!((0.01..0.03).contains(&mean), "{mean}");
        let other = sliced_wasserstein(&draw(DatasetName::TwoMoons, 0), &draw(DatasetName::EightGaussians, 0), 100);
        assert!(other > 0.1, "{other}");
    }
}
