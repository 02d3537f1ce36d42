//! Levels of noise, and what a network's output says at one of them.

use serde::{Deserialize, Serialize};

/// A level of a noising process: `x = signal · x_0 + noise · ε`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub struct Level {
    /// Factor of the clean data: `√ᾱ` where `β`s make the schedule, `1 - σ` in flow matching.
    pub signal: f64,
    /// Factor of the noise: `√(1-ᾱ)`, or `σ`.
    pub noise: f64,
}

impl Level {
    /// Data without noise.
    pub const CLEAN: Level = Level { signal: 1.0, noise: 0.0 };

    /// The variance-preserving level of `ᾱ` in [0, 1].
    pub fn of_alpha_cumprod(alpha_cumprod: f64) -> Level {
        Level { signal: alpha_cumprod.sqrt(), noise: (1.0 - alpha_cumprod).sqrt() }
    }

    /// The variance-preserving level at which noise is `sigma` times the signal (EDM, arXiv 2206.00364, calls that `σ`).
    pub fn of_sigma(sigma: f64) -> Level {
        let signal = 1.0 / (sigma * sigma + 1.0).sqrt();
        Level { signal, noise: sigma * signal }
    }

    /// `noise/signal`; infinite without signal.
    pub fn sigma(self) -> f64 {
        self.noise / self.signal
    }

    /// `λ = ln(signal/noise)`, half the logarithm of the signal-to-noise ratio (DPM-Solver, arXiv 2206.00927, section 2).
    pub fn lambda(self) -> f64 {
        (self.signal / self.noise).ln()
    }

    /// Signal-to-noise ratio `signal²/noise²`.
    pub fn snr(self) -> f64 {
        (self.signal / self.noise).powi(2)
    }

    /// `ᾱ` of the variance-preserving level with the same signal-to-noise ratio: `x/scale` is a sample at that `ᾱ`.
    pub fn alpha_cumprod(self) -> f64 {
        (self.signal / self.scale()).powi(2)
    }

    /// `√(signal² + noise²)`: 1 where variance is preserved.
    pub fn scale(self) -> f64 {
        self.signal.hypot(self.noise)
    }
}

/// What the network is trained to say; diffusers' `prediction_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub enum PredictionType {
    /// The noise `ε` (DDPM, arXiv 2006.11239).
    #[default]
    Epsilon,
    /// The clean data `x_0`.
    Sample,
    /// `v = signal · ε - noise · x_0` (Salimans and Ho, arXiv 2202.00512, appendix D).
    VPrediction,
    /// The velocity `ε - x_0` of a straight path from data to noise (flow matching, arXiv 2210.02747; rectified flow, 2209.03003).
    FlowPrediction,
}

impl PredictionType {
    /// `[a, b]` of the training target `m = a · x_0 + b · ε` at a level.
    pub fn target(self, at: Level) -> [f64; 2] {
        match self {
            PredictionType::Epsilon => [0.0, 1.0],
            PredictionType::Sample => [1.0, 0.0],
            PredictionType::VPrediction => [-at.noise, at.signal],
            PredictionType::FlowPrediction => [-1.0, 1.0],
        }
    }

    /// What `x` and the network's output `m` say of data and noise: `x = signal · x_0 + noise · ε` and `m = a · x_0 + b · ε` solved
    /// for both.
    pub(super) fn solve(self, at: Level) -> Solved {
        let [a, b] = self.target(at);
        let determinant = at.signal * b - at.noise * a;
        let divided = |x: f64, m: f64| Linear { x: x / determinant, m: m / determinant, clean: 0.0 };
        Solved { clean: divided(b, -at.noise), noise: divided(-a, at.signal) }
    }
}

/// `x · x + m · m + clean · x̂_0`: a combination of the sample, the network's output and the (clipped) prediction of clean data.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Linear {
    pub x: f64,
    pub m: f64,
    pub clean: f64,
}

impl Linear {
    pub const X: Linear = Linear { x: 1.0, m: 0.0, clean: 0.0 };
    pub const CLEAN: Linear = Linear { x: 0.0, m: 0.0, clean: 1.0 };

    pub fn times(self, factor: f64) -> Linear {
        Linear { x: factor * self.x, m: factor * self.m, clean: factor * self.clean }
    }

    pub fn plus(self, other: Linear) -> Linear {
        Linear { x: self.x + other.x, m: self.m + other.m, clean: self.clean + other.clean }
    }
}

/// Predicted data and noise, each a combination of sample and output.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Solved {
    pub clean: Linear,
    pub noise: Linear,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_say_what_they_were_made_of() {
        use PredictionType::{Epsilon, FlowPrediction, Sample, VPrediction};
        let levels = [Level { signal: 0.8, noise: 0.6 }, Level { signal: 0.3, noise: 0.7 }, Level::of_sigma(20.0)];
        let (x0, epsilon) = (0.7, -1.3);
        for kind in [Epsilon, Sample, VPrediction, FlowPrediction] {
            for at in levels {
                let x = at.signal * x0 + at.noise * epsilon;
                let [a, b] = kind.target(at);
                let m = a * x0 + b * epsilon;
                let Solved { clean, noise } = kind.solve(at);
                assert!((clean.x * x + clean.m * m - x0).abs() < 1e-13, "{kind:?} {at:?}");
                assert!((noise.x * x + noise.m * m - epsilon).abs() < 1e-13, "{kind:?} {at:?}");
            }
        }
        // Without signal, data and v still say everything.
        let none = Level { signal: 0.0, noise: 1.0 };
        for kind in [Sample, VPrediction] {
            let Solved { clean, noise } = kind.solve(none);
            assert!([clean.x, clean.m, noise.x, noise.m].iter().all(|v| v.is_finite()));
        }
    }

    #[test]
    fn levels_know_their_ratios() {
        let level = Level::of_alpha_cumprod(0.64);
        assert!((level.signal - 0.8).abs() < 1e-15 && (level.noise - 0.6).abs() < 1e-15);
        assert!((Level::of_sigma(level.sigma()).signal - 0.8).abs() < 1e-15);
        assert!((level.lambda() - 0.5 * level.snr().ln()).abs() < 1e-15);
        let straight = Level { signal: 0.3, noise: 0.7 };
        let same = Level::of_alpha_cumprod(straight.alpha_cumprod());
        assert!((same.sigma() - straight.sigma()).abs() < 1e-14);
        assert_eq!((Level::CLEAN.sigma(), Level::CLEAN.alpha_cumprod()), (0.0, 1.0));
    }
}
