//! The forward process: noising clean data in one jump.

use super::{Level, Schedule};

/// Coefficients of the forward jump `x_t = signal_t x_0 + noise_t ε`, for every `t`: `√ᾱ_t` and `√(1-ᾱ_t)` (DDPM, arXiv
/// 2006.11239, equation 4), or `1 - σ_t` and `σ_t` in flow matching.
#[derive(Debug, Clone, PartialEq)]
pub struct ForwardTable {
    levels: Vec<Level>,
}

impl ForwardTable {
    /// The table of a schedule.
    pub fn new(schedule: &Schedule) -> Self {
        ForwardTable { levels: (0..schedule.num_train_timesteps()).map(|t| schedule.level(t)).collect() }
    }

    /// `[signal, noise]` for every `t`, as a device reads them. Rounded from f64 once, so that small `t` keep their digits.
    pub fn pairs_f32(&self) -> Vec<[f32; 2]> {
        self.levels.iter().map(|level| [level.signal as f32, level.noise as f32]).collect()
    }

    /// `x_t` of one element, for clean `x0` and noise `epsilon` (diffusers' `add_noise`).
    ///
    /// # Panics
    /// If `t ≥ T`.
    pub fn add_noise(&self, x0: f64, epsilon: f64, t: usize) -> f64 {
        self.levels[t].signal * x0 + self.levels[t].noise * epsilon
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diffusion::ScheduleConfig;

    #[test]
    fn squares_add_up_to_one() {
        let table = ForwardTable::new(&Schedule::new(&ScheduleConfig::default()).unwrap());
        for t in 0..1000 {
            let square = table.add_noise(1.0, 0.0, t).powi(2) + table.add_noise(0.0, 1.0, t).powi(2);
            assert!((square - 1.0).abs() < 1e-15);
        }
    }

    #[test]
    fn the_jump_is_the_product_of_its_steps() {
        // x_t = √α_t x_{t-1} + √β_t z, step by step: the same factor of x_0 and the same variance.
        let schedule = Schedule::new(&ScheduleConfig::default()).unwrap();
        let table = ForwardTable::new(&schedule);
        let (mut factor, mut variance) = (1.0, 0.0);
        for t in 0..1000 {
            factor *= schedule.alphas[t].sqrt();
            variance = schedule.alphas[t] * variance + schedule.betas[t];
            assert!((table.levels[t].signal - factor).abs() < 1e-13);
            assert!((table.levels[t].noise - variance.sqrt()).abs() < 1e-13);
        }
        assert_eq!(table.pairs_f32()[0], [0.9999f64.sqrt() as f32, (1.0 - 0.9999f64).sqrt() as f32]);
    }
}
