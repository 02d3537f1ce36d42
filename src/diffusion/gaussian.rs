//! Exact noise predictors: what a perfect network would say where the data are Gaussian or a mixture of Gaussians in 2D.
//!
//! If `x_0 ~ N(μ, Σ)` then `x_t ~ N(√ᾱ μ, ᾱΣ + (1-ᾱ)I)`, and `ε*(x, t) = E[ε | x_t = x] = -√(1-ᾱ) ∇ log p_t(x)`
//! (Tweedie's formula; Song et al., arXiv 2011.13456). It is affine in `x`.

use crate::error::{Error, Result};

/// The map `x ↦ matrix · x + offset` of the plane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Affine2 {
    /// Row-major 2 × 2 matrix.
    pub matrix: [[f64; 2]; 2],
    /// Image of the origin.
    pub offset: [f64; 2],
}

impl Affine2 {
    /// The image of `x`.
    pub fn apply(&self, x: [f64; 2]) -> [f64; 2] {
        [0, 1].map(|row| self.matrix[row][0] * x[0] + self.matrix[row][1] * x[1] + self.offset[row])
    }
}

/// The normal distribution `N(mean, covariance)` of the plane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gaussian2 {
    mean: [f64; 2],
    covariance: [[f64; 2]; 2],
}

impl Gaussian2 {
    /// Makes a distribution; a covariance of 0 (a single point) is allowed.
    ///
    /// # Errors
    /// `gaussian.mean` if not finite; `gaussian.covariance` unless finite, symmetric and positive semidefinite.
    pub fn new(mean: [f64; 2], covariance: [[f64; 2]; 2]) -> Result<Self> {
        if mean.iter().any(|v| !v.is_finite()) {
            return Err(Error::config("gaussian.mean", format!("{mean:?} is not finite")));
        }
        let [[a, b], [c, d]] = covariance;
        let finite = [a, b, c, d].iter().all(|v| v.is_finite());
        if !(finite && b == c && a >= 0.0 && d >= 0.0 && a * d - b * c >= 0.0) {
            let message = format!("{covariance:?} is not symmetric and positive semidefinite");
            return Err(Error::config("gaussian.covariance", message));
        }
        Ok(Gaussian2 { mean, covariance })
    }

    /// `μ`.
    pub fn mean(&self) -> [f64; 2] {
        self.mean
    }

    /// `Σ`, row-major.
    pub fn covariance(&self) -> [[f64; 2]; 2] {
        self.covariance
    }

    /// The distribution of `x_t = √ᾱ x_0 + √(1-ᾱ) ε`, for `alpha_cumprod` (`ᾱ`) in [0, 1].
    pub fn noised(&self, alpha_cumprod: f64) -> Gaussian2 {
        let mut covariance = self.covariance.map(|row| row.map(|v| alpha_cumprod * v));
        covariance[0][0] += 1.0 - alpha_cumprod;
        covariance[1][1] += 1.0 - alpha_cumprod;
        Gaussian2 { mean: self.mean.map(|m| alpha_cumprod.sqrt() * m), covariance }
    }

    /// The distribution of `signal · x_0 + noise · ε`, for any level of any process.
    pub fn noised_to(&self, signal: f64, noise: f64) -> Gaussian2 {
        let mut covariance = self.covariance.map(|row| row.map(|v| signal * signal * v));
        covariance[0][0] += noise * noise;
        covariance[1][1] += noise * noise;
        Gaussian2 { mean: self.mean.map(|m| signal * m), covariance }
    }

    /// `∇ log p(x) = -Σ⁻¹ (x - μ)`; the covariance must be invertible, as it is after [`Gaussian2::noised_to`] with some noise.
    pub fn score(&self, x: [f64; 2]) -> [f64; 2] {
        let [[a, b], [c, d]] = self.covariance;
        let determinant = a * d - b * c;
        let (u, v) = (x[0] - self.mean[0], x[1] - self.mean[1]);
        [(b * v - d * u) / determinant, (c * u - a * v) / determinant]
    }

    /// The exact predictor `ε*(x) = √(1-ᾱ) (ᾱΣ + (1-ᾱ)I)⁻¹ (x - √ᾱ μ)` as an affine map, for `ᾱ` in [0, 1).
    pub fn noise_predictor(&self, alpha_cumprod: f64) -> Affine2 {
        let Gaussian2 { mean, covariance: [[a, b], [c, d]] } = self.noised(alpha_cumprod);
        let factor = (1.0 - alpha_cumprod).sqrt() / (a * d - b * c);
        let matrix = [[factor * d, -factor * b], [-factor * c, factor * a]];
        let offset = [0, 1].map(|row| -(matrix[row][0] * mean[0] + matrix[row][1] * mean[1]));
        Affine2 { matrix, offset }
    }

    /// `ε*(x)` at noise level `ᾱ` in [0, 1).
    pub fn predict_noise(&self, x: [f64; 2], alpha_cumprod: f64) -> [f64; 2] {
        self.noise_predictor(alpha_cumprod).apply(x)
    }

    /// `log p(x)`; the covariance must be invertible, as it is after [`Gaussian2::noised`] with `ᾱ < 1`.
    pub fn log_density(&self, x: [f64; 2]) -> f64 {
        let [[a, b], [c, d]] = self.covariance;
        let determinant = a * d - b * c;
        let (u, v) = (x[0] - self.mean[0], x[1] - self.mean[1]);
        let square = (d * u * u - (b + c) * u * v + a * v * v) / determinant;
        -0.5 * (square + determinant.ln()) - std::f64::consts::TAU.ln()
    }
}

/// A mixture of Gaussians of the plane.
#[derive(Debug, Clone, PartialEq)]
pub struct GaussianMixture2 {
    weights: Vec<f64>,
    components: Vec<Gaussian2>,
}

impl GaussianMixture2 {
    /// Makes a mixture; the weights are scaled to add up to 1.
    ///
    /// # Errors
    /// `gaussian.weights` unless there is one positive finite weight for each of at least one component.
    pub fn new(weights: Vec<f64>, components: Vec<Gaussian2>) -> Result<Self> {
        let total: f64 = weights.iter().sum();
        let positive = weights.iter().all(|w| *w > 0.0) && total.is_finite();
        if weights.is_empty() || weights.len() != components.len() || !positive {
            let message = format!("{weights:?} for {} components: one positive weight each is needed", components.len());
            return Err(Error::config("gaussian.weights", message));
        }
        let weights = weights.into_iter().map(|w| w / total).collect();
        Ok(GaussianMixture2 { weights, components })
    }

    /// `ε*(x)` at noise level `ᾱ` in [0, 1): the components' predictions, weighted by how probable each is given `x`.
    pub fn predict_noise(&self, x: [f64; 2], alpha_cumprod: f64) -> [f64; 2] {
        let both = || self.weights.iter().zip(&self.components);
        let logs: Vec<f64> = both().map(|(w, g)| w.ln() + g.noised(alpha_cumprod).log_density(x)).collect();
        // Subtracting the largest keeps the exponentials in range far from every component.
        let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (mut total, mut sum) = (0.0, [0.0; 2]);
        for (log, component) in logs.iter().zip(&self.components) {
            let weight = (log - largest).exp();
            let epsilon = component.predict_noise(x, alpha_cumprod);
            total += weight;
            sum = [0, 1].map(|axis| sum[axis] + weight * epsilon[axis]);
        }
        sum.map(|v| v / total)
    }

    /// The mixture of the components' distributions at this level ([`Gaussian2::noised_to`]): noising keeps the weights.
    pub fn noised_to(&self, signal: f64, noise: f64) -> GaussianMixture2 {
        let components = self.components.iter().map(|g| g.noised_to(signal, noise)).collect();
        GaussianMixture2 { weights: self.weights.clone(), components }
    }

    /// `∇ log p(x)`: the components' scores, weighted by how probable each is given `x`.
    pub fn score(&self, x: [f64; 2]) -> [f64; 2] {
        let logs: Vec<f64> = self.weights.iter().zip(&self.components).map(|(w, g)| w.ln() + g.log_density(x)).collect();
        let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (mut total, mut sum) = (0.0, [0.0; 2]);
        for (log, component) in logs.iter().zip(&self.components) {
            let (weight, score) = ((log - largest).exp(), component.score(x));
            total += weight;
            sum = [0, 1].map(|axis| sum[axis] + weight * score[axis]);
        }
        sum.map(|v| v / total)
    }

    /// `log p_t(x)` at noise level `ᾱ` in [0, 1]; at 1 that of the mixture itself.
    pub fn log_density(&self, x: [f64; 2], alpha_cumprod: f64) -> f64 {
        let log = |(w, g): (&f64, &Gaussian2)| w.ln() + g.noised(alpha_cumprod).log_density(x);
        let logs: Vec<f64> = self.weights.iter().zip(&self.components).map(log).collect();
        let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        largest + logs.iter().map(|l| (l - largest).exp()).sum::<f64>().ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gaussian() -> Gaussian2 {
        Gaussian2::new([0.5, -1.0], [[0.8, 0.3], [0.3, 0.4]]).unwrap()
    }

    #[test]
    fn one_dimension_by_hand() {
        // N(0, s² I): ε* = √(1-ᾱ) x/(ᾱ s² + 1 - ᾱ).
        let round = Gaussian2::new([0.0; 2], [[0.25, 0.0], [0.0, 0.25]]).unwrap();
        let epsilon = round.predict_noise([2.0, -1.0], 0.36);
        assert!((epsilon[0] - 0.8 * 2.0 / 0.73).abs() < 1e-15 && (epsilon[1] + 0.8 / 0.73).abs() < 1e-15);
    }

    #[test]
    fn prediction_is_the_scaled_score() {
        let mixture =
            GaussianMixture2::new(vec![2.0, 1.0], vec![gaussian(), Gaussian2::new([-1.0, 1.0], [[0.1, 0.0], [0.0, 0.2]]).unwrap()])
                .unwrap();
        let single = GaussianMixture2::new(vec![3.0], vec![gaussian()]).unwrap();
        let h = 1e-5;
        for alpha in [0.999, 0.5, 0.01] {
            for x in [[0.0, 0.0], [1.3, -0.4], [-2.0, 2.5]] {
                for model in [&mixture, &single] {
                    let epsilon = model.predict_noise(x, alpha);
                    for axis in 0..2 {
                        let at = |d: f64| {
                            let mut y = x;
                            y[axis] += d;
                            model.log_density(y, alpha)
                        };
                        let score = (at(h) - at(-h)) / (2.0 * h);
                        let expected = -(1.0 - alpha).sqrt() * score;
                        assert!((epsilon[axis] - expected).abs() < 1e-7 * (1.0 + expected.abs()), "{alpha} {x:?}");
                    }
                }
                let (a, b) = (single.predict_noise(x, alpha), gaussian().predict_noise(x, alpha));
                assert!((a[0] - b[0]).abs() < 1e-13 && (a[1] - b[1]).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn any_level_agrees_with_the_cumulative_alpha() {
        let other = Gaussian2::new([-1.0, 1.0], [[0.1, 0.0], [0.0, 0.2]]).unwrap();
        let mixture = GaussianMixture2::new(vec![2.0, 1.0], vec![gaussian(), other]).unwrap();
        for alpha in [0.999f64, 0.5, 0.01] {
            let noised = mixture.noised_to(alpha.sqrt(), (1.0 - alpha).sqrt());
            for x in [[0.0, 0.0], [1.3, -0.4], [-2.0, 2.5]] {
                let (score, epsilon) = (noised.score(x), mixture.predict_noise(x, alpha));
                for axis in 0..2 {
                    let expected = -epsilon[axis] / (1.0 - alpha).sqrt();
                    assert!((score[axis] - expected).abs() < 1e-10 * (1.0 + expected.abs()), "{alpha} {x:?}");
                }
                assert!((noised.log_density(x, 1.0) - mixture.log_density(x, alpha)).abs() < 1e-11);
            }
        }
    }

    #[test]
    fn density_integrates_to_one() {
        let h = 0.02;
        let sum: f64 = (-300..300)
            .flat_map(|i| (-300..300).map(move |j| [f64::from(i) * h, f64::from(j) * h]))
            .map(|x| gaussian().log_density(x).exp())
            .sum();
        assert!((sum * h * h - 1.0).abs() < 1e-6, "{}", sum * h * h);
    }

    #[test]
    fn far_points_stay_finite() {
        let mixture = GaussianMixture2::new(vec![1.0, 1.0], vec![gaussian(), gaussian()]).unwrap();
        assert!(mixture.predict_noise([1e6, -1e6], 0.9).iter().all(|v| v.is_finite()));
    }

    #[test]
    fn bad_distributions_are_named() {
        let named = |error: Error, field: &str| assert!(error.to_string().starts_with(field), "{error}");
        named(Gaussian2::new([f64::NAN, 0.0], [[1.0, 0.0], [0.0, 1.0]]).unwrap_err(), "gaussian.mean: ");
        for covariance in [[[1.0, 0.5], [0.4, 1.0]], [[-1.0, 0.0], [0.0, 1.0]], [[1.0, 2.0], [2.0, 1.0]], [[f64::NAN, 0.0], [0.0, 1.0]]] {
            named(Gaussian2::new([0.0; 2], covariance).unwrap_err(), "gaussian.covariance: ");
        }
        for weights in [vec![], vec![1.0, 2.0], vec![0.0], vec![f64::NAN], vec![f64::INFINITY]] {
            named(GaussianMixture2::new(weights, vec![gaussian()]).unwrap_err(), "gaussian.weights: ");
        }
    }
}
