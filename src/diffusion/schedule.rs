//! Noise schedules: how much noise each timestep adds.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::f64::consts::FRAC_PI_2;

/// How `β_t` depends on `t`; diffusers' `beta_schedule`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub enum BetaSchedule {
    /// `β_t` in equal steps from `beta_start` to `beta_end` (DDPM, arXiv 2006.11239, section 4).
    #[default]
    Linear,
    /// `ᾱ` falls as a squared cosine, `β_t` at most 0.999 (Nichol and Dhariwal, arXiv 2102.09672, equation 17).
    /// `beta_start` and `beta_end` are not used.
    SquaredcosCapV2,
}

/// A noise schedule, with diffusers' names and defaults.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields, default)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub struct ScheduleConfig {
    /// Number of timesteps `T`, 2 to 4,000.
    pub num_train_timesteps: usize,
    /// Shape of the schedule.
    pub beta_schedule: BetaSchedule,
    /// `β_0` of the linear schedule; 0 < `beta_start` ≤ `beta_end`.
    pub beta_start: f64,
    /// `β_{T-1}` of the linear schedule, below 1.
    pub beta_end: f64,
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        ScheduleConfig { num_train_timesteps: 1000, beta_schedule: BetaSchedule::Linear, beta_start: 1e-4, beta_end: 0.02 }
    }
}

/// Smallest `ᾱ_{T-1}` accepted. A sampler may divide by `√ᾱ`: below this the f32 tables on the device come near overflow.
const MIN_FINAL_ALPHA_CUMPROD: f64 = 1e-20;

impl ScheduleConfig {
    /// Fewest timesteps.
    pub const MIN_TIMESTEPS: usize = 2;
    /// Most timesteps.
    pub const MAX_TIMESTEPS: usize = 4000;

    /// Checks every field; the error names the first that is wrong, as `schedule.…`.
    pub fn validate(&self) -> Result<()> {
        let t = self.num_train_timesteps;
        if !(Self::MIN_TIMESTEPS..=Self::MAX_TIMESTEPS).contains(&t) {
            let message = format!("{t} timesteps; choose a number from 2 to 4,000 (the usual one is 1,000)");
            return Err(Error::config("schedule.num_train_timesteps", message));
        }
        // Comparisons written so that NaN fails them.
        if !(self.beta_start > 0.0 && self.beta_start < 1.0) {
            let message = format!("{} is not between 0 and 1 (both excluded); the usual value is 0.0001", self.beta_start);
            return Err(Error::config("schedule.beta_start", message));
        }
        if !(self.beta_end >= self.beta_start && self.beta_end < 1.0) {
            let message =
                format!("{} is not between beta_start = {} and 1 (excluded); the usual value is 0.02", self.beta_end, self.beta_start);
            return Err(Error::config("schedule.beta_end", message));
        }
        let last = self.alphas_cumprod().last().copied().unwrap_or(1.0);
        if last < MIN_FINAL_ALPHA_CUMPROD {
            let message = format!(
                "the signal dies out: after {t} timesteps ᾱ is {last:.1e}, below {MIN_FINAL_ALPHA_CUMPROD:.0e}; \
                 lower beta_end or num_train_timesteps"
            );
            return Err(Error::config("schedule.beta_end", message));
        }
        Ok(())
    }

    fn betas(&self) -> Vec<f64> {
        let t = self.num_train_timesteps;
        match self.beta_schedule {
            BetaSchedule::Linear => {
                let span = (self.beta_end - self.beta_start) / (t - 1) as f64;
                (0..t).map(|i| self.beta_start + span * i as f64).collect()
            }
            BetaSchedule::SquaredcosCapV2 => {
                let alpha_bar = |u: f64| ((u + 0.008) / 1.008 * FRAC_PI_2).cos().powi(2);
                let at = |i: usize| alpha_bar(i as f64 / t as f64);
                (0..t).map(|i| (1.0 - at(i + 1) / at(i)).min(0.999)).collect()
            }
        }
    }

    fn alphas_cumprod(&self) -> Vec<f64> {
        let product = |product: &mut f64, beta: f64| {
            *product *= 1.0 - beta;
            Some(*product)
        };
        self.betas().into_iter().scan(1.0, product).collect()
    }
}

/// The tables of a noise schedule, each of length `T`.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// `β_t`, the variance that step `t` adds.
    pub betas: Vec<f64>,
    /// `α_t = 1 - β_t`.
    pub alphas: Vec<f64>,
    /// `ᾱ_t = α_0 … α_t`.
    pub alphas_cumprod: Vec<f64>,
}

impl Schedule {
    /// Computes the tables, after [`ScheduleConfig::validate`].
    pub fn new(config: &ScheduleConfig) -> Result<Self> {
        config.validate()?;
        let betas = config.betas();
        let alphas = betas.iter().map(|beta| 1.0 - beta).collect();
        Ok(Schedule { betas, alphas, alphas_cumprod: config.alphas_cumprod() })
    }

    /// Number of timesteps `T`.
    pub fn num_train_timesteps(&self) -> usize {
        self.betas.len()
    }

    /// `ᾱ_t`, and 1 for `None`, the clean data before the first timestep (diffusers' `set_alpha_to_one`).
    ///
    /// # Panics
    /// If `t ≥ T`.
    pub fn alpha_cumprod(&self, t: Option<usize>) -> f64 {
        t.map_or(1.0, |t| self.alphas_cumprod[t])
    }

    /// `1 - ᾱ_t/ᾱ_s`: the noise added between timestep `prev` (s) and the later timestep `t`; `β_t` if they are neighbours.
    ///
    /// # Panics
    /// If `t ≥ T` or `prev ≥ T`.
    pub fn beta_between(&self, t: usize, prev: Option<usize>) -> f64 {
        1.0 - self.alphas_cumprod[t] / self.alpha_cumprod(prev)
    }

    /// `β̃ = (1 - ᾱ_s)/(1 - ᾱ_t) · (1 - ᾱ_t/ᾱ_s)`: the variance of `x_s` given `x_t` and `x_0`
    /// (DDPM equation 7, for any earlier timestep `prev` (s)). 0 where `prev` is `None`.
    ///
    /// # Panics
    /// If `t ≥ T` or `prev ≥ T`.
    pub fn posterior_variance(&self, t: usize, prev: Option<usize>) -> f64 {
        let (now, before) = (self.alphas_cumprod[t], self.alpha_cumprod(prev));
        (1.0 - before) / (1.0 - now) * self.beta_between(t, prev)
    }

    /// Signal-to-noise ratio `ᾱ_t/(1 - ᾱ_t)`.
    ///
    /// # Panics
    /// If `t ≥ T`.
    pub fn snr(&self, t: usize) -> f64 {
        self.alphas_cumprod[t] / (1.0 - self.alphas_cumprod[t])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(beta_schedule: BetaSchedule) -> Schedule {
        Schedule::new(&ScheduleConfig { beta_schedule, ..ScheduleConfig::default() }).unwrap()
    }

    #[test]
    fn known_values() {
        let linear = schedule(BetaSchedule::Linear);
        assert_eq!((linear.betas[0], linear.num_train_timesteps()), (1e-4, 1000));
        assert!((linear.betas[999] - 0.02).abs() < 1e-16);
        assert!((linear.alphas_cumprod[999] - 4.036e-5).abs() < 1e-8);
        let cosine = schedule(BetaSchedule::SquaredcosCapV2);
        assert!((cosine.betas[0] - 4.128e-5).abs() < 1e-8);
        assert_eq!(cosine.betas[999], 0.999);
        assert!((cosine.alphas_cumprod[999] - 2.43e-9).abs() < 1e-11);
    }

    #[test]
    fn posterior_variance_has_known_values() {
        let linear = schedule(BetaSchedule::Linear);
        for (t, s, variance) in [(420, 400, 0.14771), (980, 960, 0.32460), (487, 486, 0.00979), (999, 998, 0.02)] {
            assert!((linear.posterior_variance(t, Some(s)) - variance).abs() < 1e-5, "{t} → {s}");
        }
        assert_eq!(linear.posterior_variance(0, None), 0.0);
    }

    #[test]
    fn neighbours_give_beta() {
        let linear = schedule(BetaSchedule::Linear);
        assert!((linear.beta_between(500, Some(499)) - linear.betas[500]).abs() < 1e-15);
        assert!((linear.beta_between(0, None) - linear.betas[0]).abs() < 1e-15);
    }

    #[test]
    fn bad_fields_are_named() {
        let good = ScheduleConfig::default();
        let cases = [
            (ScheduleConfig { num_train_timesteps: 0, ..good }, "schedule.num_train_timesteps"),
            (ScheduleConfig { num_train_timesteps: 1, ..good }, "schedule.num_train_timesteps"),
            (ScheduleConfig { num_train_timesteps: usize::MAX, ..good }, "schedule.num_train_timesteps"),
            (ScheduleConfig { beta_start: f64::NAN, ..good }, "schedule.beta_start"),
            (ScheduleConfig { beta_start: 0.0, ..good }, "schedule.beta_start"),
            (ScheduleConfig { beta_start: 0.03, ..good }, "schedule.beta_end"),
            (ScheduleConfig { beta_end: f64::NAN, ..good }, "schedule.beta_end"),
            (ScheduleConfig { beta_end: 1.0, ..good }, "schedule.beta_end"),
            (ScheduleConfig { beta_end: 0.9, ..good }, "schedule.beta_end"),
        ];
        for (config, field) in cases {
            let error = Schedule::new(&config).unwrap_err();
            assert!(error.to_string().starts_with(&format!("{field}: ")), "{config:?}: {error}");
        }
    }

    #[test]
    fn extremes_that_work() {
        let good = ScheduleConfig::default();
        for beta_schedule in [BetaSchedule::Linear, BetaSchedule::SquaredcosCapV2] {
            for num_train_timesteps in [2, 3, 50, 4000] {
                let schedule = Schedule::new(&ScheduleConfig { num_train_timesteps, beta_schedule, ..good }).unwrap();
                assert!(schedule.alphas_cumprod.iter().all(|a| *a > 0.0 && *a < 1.0));
                assert!(schedule.alphas_cumprod.windows(2).all(|w| w[1] < w[0]));
            }
        }
        assert!(Schedule::new(&ScheduleConfig { beta_start: 0.01, beta_end: 0.01, ..good }).is_ok());
    }

    #[test]
    fn json_keeps_diffusers_names() {
        let config: ScheduleConfig = serde_json::from_str(r#"{"beta_schedule":"squaredcos_cap_v2"}"#).unwrap();
        assert_eq!(config, ScheduleConfig { beta_schedule: BetaSchedule::SquaredcosCapV2, ..ScheduleConfig::default() });
        assert!(serde_json::from_str::<ScheduleConfig>(r#"{"beta_stat":1e-4}"#).is_err());
    }
}
