//! Noise schedules: how much noise each timestep adds.

mod betas;

use serde::{Deserialize, Serialize};

use super::{Level, PredictionType};
use crate::error::{Error, Result};

/// How `β_t` depends on `t`; diffusers' `beta_schedule`, and two of our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub enum BetaSchedule {
    /// `β_t` in equal steps from `beta_start` to `beta_end` (DDPM, arXiv 2006.11239, section 4).
    #[default]
    Linear,
    /// `√β_t` in equal steps from `√beta_start` to `√beta_end` (latent diffusion, arXiv 2112.10752).
    ScaledLinear,
    /// `ᾱ` falls as a squared cosine, `β_t` at most 0.999 (Nichol and Dhariwal, arXiv 2102.09672, equation 17).
    /// `beta_start` and `beta_end` are not used.
    SquaredcosCapV2,
    /// `β_t` rises from `beta_start` to `beta_end` as a logistic curve from -6 to 6 (GeoDiff, arXiv 2203.02923).
    Sigmoid,
    /// `β_t = beta_end · (t+1)/T`: in another convention, in which `x_t = ᾱ_t x_0 + β̄_t ε`, it reads
    /// `α_t = √(1 - 0.02 t/T)`. `beta_start` is not used.
    Ramp,
    /// From the curve of `log_snr`. `beta_start` and `beta_end` are not used.
    Drawn,
}

/// A noise schedule and what the network says of it, with diffusers' names and defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields, default)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub struct ScheduleConfig {
    /// Number of timesteps `T`, 2 to 4,000.
    pub num_train_timesteps: usize,
    /// Shape of the schedule.
    pub beta_schedule: BetaSchedule,
    /// First `β` of the schedules that have one; 0 < `beta_start` ≤ `beta_end`.
    pub beta_start: f64,
    /// Last `β` of the schedules that have one, below 1.
    pub beta_end: f64,
    /// All `T` `β`s; wins over `beta_schedule`.
    pub trained_betas: Option<Vec<f64>>,
    /// For [`BetaSchedule::Drawn`]: `ln(ᾱ/(1-ᾱ))` at 2 to 64 timesteps spread evenly from 0 to `T - 1`, strictly falling; a
    /// monotone cubic goes through them.
    pub log_snr: Vec<f64>,
    /// Stretches `√ᾱ` so that it ends at 0 (Lin et al., arXiv 2305.08891): the last timestep is pure noise. A network that
    /// predicts noise has nothing to say there, so that `prediction_type` must be `sample` or `v_prediction`.
    pub rescale_betas_zero_snr: bool,
    /// What the network says. `flow_prediction` makes the whole process flow matching, without `β`s:
    /// `x = (1-σ) x_0 + σ ε`.
    pub prediction_type: PredictionType,
    /// Flow matching only: `σ = shift · u/(1 + (shift-1) · u)` of `u = (t+1)/T`; above 1 more steps are noisy (Stable
    /// Diffusion 3, arXiv 2403.03206, section 5.3.2).
    pub shift: f64,
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        ScheduleConfig {
            num_train_timesteps: 1000,
            beta_schedule: BetaSchedule::Linear,
            beta_start: 1e-4,
            beta_end: 0.02,
            trained_betas: None,
            log_snr: Vec::new(),
            rescale_betas_zero_snr: false,
            prediction_type: PredictionType::Epsilon,
            shift: 1.0,
        }
    }
}

/// Smallest `ᾱ_{T-1}` accepted, unless it is meant to be 0. A sampler may divide by `√ᾱ`: below this the f32 tables on the
/// device come near overflow.
const MIN_FINAL_ALPHA_CUMPROD: f64 = 1e-20;

/// The `ᾱ` that a sampler which counts noise in multiples of the signal takes for 0, as diffusers does.
const SMALLEST_SIGNAL: f64 = 1.0 / 16_777_216.0;

impl ScheduleConfig {
    /// Fewest timesteps.
    pub const MIN_TIMESTEPS: usize = 2;
    /// Most timesteps.
    pub const MAX_TIMESTEPS: usize = 4000;
    /// Most knots of a drawn schedule.
    pub const MAX_KNOTS: usize = 64;

    /// Flow matching.
    pub fn is_flow(&self) -> bool {
        self.prediction_type == PredictionType::FlowPrediction
    }

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
        if !(0.01..=100.0).contains(&self.shift) {
            let message =
                format!("{} is out of range: choose a number from 0.01 to 100; 1 leaves the noise levels evenly spread", self.shift);
            return Err(Error::config("schedule.shift", message));
        }
        self.check_lists()?;
        self.check_zero_snr()?;
        if self.is_flow() { Ok(()) } else { self.check_signal() }
    }

    fn check_lists(&self) -> Result<()> {
        if let Some(betas) = &self.trained_betas {
            let fail = |message: String| Err(Error::config("schedule.trained_betas", message));
            if self.is_flow() {
                return fail("flow matching has no βs: leave the list out, or choose another prediction_type".into());
            }
            if betas.len() != self.num_train_timesteps {
                return fail(format!("{} βs for {} timesteps: give one for each, or none", betas.len(), self.num_train_timesteps));
            }
            if let Some((at, beta)) = betas.iter().enumerate().find(|(_, b)| !(**b > 0.0 && **b < 1.0)) {
                return fail(format!("β_{at} = {beta} is not between 0 and 1 (both excluded)"));
            }
        } else if self.beta_schedule == BetaSchedule::Drawn && !self.is_flow() {
            let fail = |message: String| Err(Error::config("schedule.log_snr", message));
            let count = self.log_snr.len();
            if !(2..=Self::MAX_KNOTS).contains(&count) {
                return fail(format!("{count} points of the curve: give 2 to {}, evenly spread over the timesteps", Self::MAX_KNOTS));
            }
            if let Some(value) = self.log_snr.iter().find(|v| !(-40.0..=20.0).contains(*v)) {
                return fail(format!("{value} is out of range: choose values from -40 (only noise) to 20 (next to none)"));
            }
            if let Some(pair) = self.log_snr.windows(2).find(|w| w[1] >= w[0]) {
                return fail(format!("{} is followed by {}: each value must be below the one before it", pair[0], pair[1]));
            }
        }
        Ok(())
    }

    fn check_zero_snr(&self) -> Result<()> {
        let fits = matches!(self.prediction_type, PredictionType::Sample | PredictionType::VPrediction);
        if self.rescale_betas_zero_snr && !fits {
            let message = "true needs prediction_type sample or v_prediction: the last timestep is pure noise, \
                           and a network that predicts the noise has nothing to say of the data there";
            return Err(Error::config("schedule.rescale_betas_zero_snr", message));
        }
        Ok(())
    }

    /// The field that decides `β`.
    fn deciding_field(&self) -> &'static str {
        match self.beta_schedule {
            _ if self.trained_betas.is_some() => "schedule.trained_betas",
            BetaSchedule::Drawn => "schedule.log_snr",
            _ => "schedule.beta_end",
        }
    }

    fn check_signal(&self) -> Result<()> {
        let alphas = betas::cumulative(&betas::betas(self));
        let last = alphas.last().copied().unwrap_or(1.0);
        if last < MIN_FINAL_ALPHA_CUMPROD {
            let message = format!(
                "the signal dies out: after {} timesteps ᾱ is {last:.1e}, below {MIN_FINAL_ALPHA_CUMPROD:.0e}; \
                 lower the last βs or num_train_timesteps",
                self.num_train_timesteps
            );
            return Err(Error::config(self.deciding_field(), message));
        }
        let before = std::iter::once(&1.0).chain(&alphas);
        if let Some(at) = alphas.iter().zip(before).position(|(now, before)| now >= before) {
            let message = format!("timestep {at} adds no noise: raise its β above 1e-15");
            return Err(Error::config(self.deciding_field(), message));
        }
        Ok(())
    }
}

/// The tables of a noise schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// `β_t`, the variance that step `t` adds; empty in flow matching.
    pub betas: Vec<f64>,
    /// `α_t = 1 - β_t`; empty in flow matching.
    pub alphas: Vec<f64>,
    /// `ᾱ_t = α_0 … α_t`, the square of the signal's factor, for every `t`.
    pub alphas_cumprod: Vec<f64>,
    config: ScheduleConfig,
}

impl Schedule {
    /// Computes the tables, after [`ScheduleConfig::validate`].
    pub fn new(config: &ScheduleConfig) -> Result<Self> {
        config.validate()?;
        let config = config.clone();
        if config.is_flow() {
            let times = 0..config.num_train_timesteps;
            let alphas_cumprod = times.map(|t| (1.0 - flow_sigma(&config, t as f64)).powi(2)).collect();
            return Ok(Schedule { betas: Vec::new(), alphas: Vec::new(), alphas_cumprod, config });
        }
        let mut betas = betas::betas(&config);
        let mut alphas_cumprod = betas::cumulative(&betas);
        if config.rescale_betas_zero_snr {
            alphas_cumprod = betas::without_terminal_signal(&alphas_cumprod);
            betas = betas::betas_of(&alphas_cumprod);
        }
        let alphas = betas.iter().map(|beta| 1.0 - beta).collect();
        Ok(Schedule { betas, alphas, alphas_cumprod, config })
    }

    /// What the tables were made from.
    pub fn config(&self) -> &ScheduleConfig {
        &self.config
    }

    /// Number of timesteps `T`.
    pub fn num_train_timesteps(&self) -> usize {
        self.alphas_cumprod.len()
    }

    /// What the network says.
    pub fn prediction_type(&self) -> PredictionType {
        self.config.prediction_type
    }

    /// Flow matching.
    pub fn is_flow(&self) -> bool {
        self.config.is_flow()
    }

    /// The level of a sample at timestep `t`.
    ///
    /// # Panics
    /// If `t ≥ T`.
    pub fn level(&self, t: usize) -> Level {
        if self.is_flow() { self.level_at(t as f64) } else { Level::of_alpha_cumprod(self.alphas_cumprod[t]) }
    }

    /// The number that the network is told at timestep `t`: `t`, or `σ_t · T` in flow matching.
    pub fn network_time(&self, t: usize) -> f64 {
        if self.is_flow() { flow_sigma(&self.config, t as f64) * self.num_train_timesteps() as f64 } else { t as f64 }
    }

    /// The level at a time between timesteps, 0 to `T - 1`: [`Level::sigma`] is interpolated linearly, as diffusers'
    /// samplers do that know such times; without any signal, `ᾱ` counts as 2⁻²⁴.
    pub(super) fn level_at(&self, t: f64) -> Level {
        if self.is_flow() {
            let sigma = flow_sigma(&self.config, t);
            return Level { signal: 1.0 - sigma, noise: sigma };
        }
        let last = self.num_train_timesteps() - 1;
        let left = (t as usize).min(last);
        let (below, above) = (self.sigma(left), self.sigma((left + 1).min(last)));
        Level::of_sigma(below + (above - below) * (t - left as f64))
    }

    /// `√((1-ᾱ_t)/ᾱ_t)`, with 2⁻²⁴ in place of an `ᾱ` of 0.
    pub(super) fn sigma(&self, t: usize) -> f64 {
        let alpha = match self.alphas_cumprod[t] {
            0.0 => SMALLEST_SIGNAL,
            alpha => alpha,
        };
        ((1.0 - alpha) / alpha).sqrt()
    }

    /// `ᾱ_t`, and 1 for `None`, the clean data before the first timestep (diffusers' `set_alpha_to_one`).
    ///
    /// # Panics
    /// If `t ≥ T`.
    pub fn alpha_cumprod(&self, t: Option<usize>) -> f64 {
        t.map_or(1.0, |t| self.alphas_cumprod[t])
    }

    /// `1 - ᾱ_t/ᾱ_s`: the noise added between timestep `prev` (s) and the later timestep `t`; `β_t` if they are neighbours. In flow
    /// matching `σ_t² - ((1-σ_t)/(1-σ_s))² σ_s²`.
    ///
    /// # Panics
    /// If `t ≥ T` or `prev ≥ T`.
    pub fn beta_between(&self, t: usize, prev: Option<usize>) -> f64 {
        if self.is_flow() {
            let (now, before) = (self.level(t), prev.map_or(Level::CLEAN, |s| self.level(s)));
            return now.noise.powi(2) - (now.signal / before.signal * before.noise).powi(2);
        }
        1.0 - self.alphas_cumprod[t] / self.alpha_cumprod(prev)
    }

    /// `β̃ = (1 - ᾱ_s)/(1 - ᾱ_t) · (1 - ᾱ_t/ᾱ_s)`: the variance of `x_s` given `x_t` and `x_0`
    /// (DDPM equation 7, for any earlier timestep `prev` (s)), with `σ²` in place of `1 - ᾱ` in flow matching. 0 where `prev` is
    /// `None`.
    ///
    /// # Panics
    /// If `t ≥ T` or `prev ≥ T`.
    pub fn posterior_variance(&self, t: usize, prev: Option<usize>) -> f64 {
        let square = |t: usize| if self.is_flow() { self.level(t).noise.powi(2) } else { 1.0 - self.alphas_cumprod[t] };
        prev.map_or(0.0, square) / square(t) * self.beta_between(t, prev)
    }

    /// Signal-to-noise ratio `ᾱ_t/(1 - ᾱ_t)`, or `(1-σ)²/σ²` in flow matching.
    ///
    /// # Panics
    /// If `t ≥ T`.
    pub fn snr(&self, t: usize) -> f64 {
        if self.is_flow() { self.level(t).snr() } else { self.alphas_cumprod[t] / (1.0 - self.alphas_cumprod[t]) }
    }

    /// `ln` of [`Schedule::snr`]: -∞ where there is no signal.
    ///
    /// # Panics
    /// If `t ≥ T`.
    pub fn log_snr(&self, t: usize) -> f64 {
        self.snr(t).ln()
    }
}

/// `σ` of flow matching at timestep `t`, which may lie between two.
fn flow_sigma(config: &ScheduleConfig, t: f64) -> f64 {
    shifted(config.shift, (t + 1.0) / config.num_train_timesteps as f64)
}

/// `β_t` of a configuration as it stands, before any rescaling.
pub(super) fn betas(config: &ScheduleConfig) -> Vec<f64> {
    betas::betas(config)
}

/// `shift · u/(1 + (shift-1) · u)`.
pub(super) fn shifted(shift: f64, u: f64) -> f64 {
    shift * u / (1.0 + (shift - 1.0) * u)
}

#[cfg(test)]
mod tests;
