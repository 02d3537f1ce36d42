//! The forward process: noising clean data in one jump.

use super::Schedule;

/// Coefficients of the forward jump `x_t = √ᾱ_t x_0 + √(1-ᾱ_t) ε` (DDPM, arXiv 2006.11239, equation 4), for every `t`.
#[derive(Debug, Clone, PartialEq)]
pub struct ForwardTable {
    /// `√ᾱ_t`, length `T`.
    pub sqrt_alphas_cumprod: Vec<f64>,
    /// `√(1 - ᾱ_t)`, length `T`.
    pub sqrt_one_minus_alphas_cumprod: Vec<f64>,
}

impl ForwardTable {
    /// The table of a schedule.
    pub fn new(schedule: &Schedule) -> Self {
        let table = |f: fn(f64) -> f64| schedule.alphas_cumprod.iter().map(|a| f(*a)).collect();
        ForwardTable { sqrt_alphas_cumprod: table(f64::sqrt), sqrt_one_minus_alphas_cumprod: table(|alpha| (1.0 - alpha).sqrt()) }
    }

    /// `[√ᾱ_t, √(1-ᾱ_t)]` for every `t`, as a device reads them. Rounded from f64 once, so that small `t` keep their digits.
    pub fn pairs_f32(&self) -> Vec<[f32; 2]> {
        let both = self.sqrt_alphas_cumprod.iter().zip(&self.sqrt_one_minus_alphas_cumprod);
        both.map(|(signal, noise)| [*signal as f32, *noise as f32]).collect()
    }

    /// `x_t` of one element, for clean `x0` and noise `epsilon` (diffusers' `add_noise`).
    ///
    /// # Panics
    /// If `t ≥ T`.
    pub fn add_noise(&self, x0: f64, epsilon: f64, t: usize) -> f64 {
        self.sqrt_alphas_cumprod[t] * x0 + self.sqrt_one_minus_alphas_cumprod[t] * epsilon
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
            assert!((table.sqrt_alphas_cumprod[t] - factor).abs() < 1e-13);
            assert!((table.sqrt_one_minus_alphas_cumprod[t] - variance.sqrt()).abs() < 1e-13);
        }
        assert_eq!(table.pairs_f32()[0], [0.9999f64.sqrt() as f32, (1.0 - 0.9999f64).sqrt() as f32]);
    }
}
