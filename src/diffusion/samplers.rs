//! Samplers as tables: with ε-prediction and no clipping, every step is a linear combination of the sample, the predicted
//! noise and fresh noise, so that one kernel with three numbers per step runs them all.

use super::{Schedule, TimestepSpacing, timesteps};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// A sampling algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub enum SamplerName {
    /// DDIM (Song, Meng and Ermon, arXiv 2010.02502, equation 12): deterministic at `eta = 0`.
    #[default]
    Ddim,
    /// DDPM's ancestral sampling (Ho, Jain and Abbeel, arXiv 2006.11239, Algorithm 2), on any sub-sequence of timesteps.
    Ddpm,
}

/// The variance of DDPM's added noise; diffusers' `variance_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub enum VarianceType {
    /// `β̃_t`, the posterior variance: exact for data at a single point.
    #[default]
    FixedSmall,
    /// `β_t`: exact for data that are standard normal.
    FixedLarge,
}

/// One step of a sampler: `x_prev = c_x · x + c_eps · ε̂ + c_noise · z`, with `ε̂` the network's prediction at `timestep` and
/// `z` standard normal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepCoefficients {
    /// Timestep `t` of `x`, at which the network is evaluated.
    pub timestep: usize,
    /// Timestep of `x_prev`: the next of the list; `None` at the last step, whose result is clean (`ᾱ = 1`).
    pub prev_timestep: Option<usize>,
    /// Factor of the sample.
    pub c_x: f64,
    /// Factor of the predicted noise.
    pub c_eps: f64,
    /// Factor of fresh noise: its standard deviation `σ`; 0 in a deterministic step, and always at the last.
    pub c_noise: f64,
    /// Factor of the sample in the predicted clean sample `x̂_0 = p_x · x + p_eps · ε̂` (arXiv 2006.11239, equation 15).
    pub p_x: f64,
    /// Factor of the predicted noise in `x̂_0`.
    pub p_eps: f64,
    /// Factor of `x̂_0` where it enters the step by itself: `x_prev = k_x0 · x̂_0 + k_x · x + c_noise · z`, which is the same step
    /// unless `x̂_0` is clipped in between (diffusers' `clip_sample`). The noise that goes with a clipped `x̂_0` is then the one that
    /// leads from it to `x` (diffusers' `use_clipped_model_output`): with the network's own, which guidance makes longer than
    /// noise is, every step would leave more noise than the next one expects.
    pub k_x0: f64,
    /// Factor of the sample beside it.
    pub k_x: f64,
}

impl StepCoefficients {
    /// A row of the table that a device reads (see [`crate::graph::ops::reverse::column`]), keeping its result in `frame`.
    pub fn row(&self, frame: Option<usize>, clip: bool) -> [f32; 16] {
        let frame = frame.map_or(-1.0, |f| f as f64);
        let (a, b, c) = if clip { (self.k_x, 0.0, self.k_x0) } else { (self.c_x, self.c_eps, 0.0) };
        [a, b, c, 0.0, 0.0, 0.0, self.c_noise, self.p_x, self.p_eps, 0.0, 0.0, 0.0, frame, 1.0, 0.0, 0.0].map(|v| v as f32)
    }

    /// `x_prev` of one element.
    pub fn apply(&self, x: f64, epsilon: f64, z: f64) -> f64 {
        self.c_x * x + self.c_eps * epsilon + self.c_noise * z
    }

    /// `x̂_0` of one element.
    pub fn predict(&self, x: f64, epsilon: f64) -> f64 {
        self.p_x * x + self.p_eps * epsilon
    }

    /// `x_prev` of one element, with `x̂_0` kept within [-1, 1].
    pub fn apply_clipped(&self, x: f64, epsilon: f64, z: f64) -> f64 {
        self.k_x0 * self.predict(x, epsilon).clamp(-1.0, 1.0) + self.k_x * x + self.c_noise * z
    }

    /// `[p_x, p_eps]` at timestep `t`: `x = √ᾱ_t x̂_0 + √(1-ᾱ_t) ε̂` solved for `x̂_0`.
    fn prediction(schedule: &Schedule, t: usize) -> [f64; 2] {
        let alpha = schedule.alphas_cumprod[t];
        [1.0 / alpha.sqrt(), -((1.0 - alpha) / alpha).sqrt()]
    }

    fn ddim(schedule: &Schedule, t: usize, prev: Option<usize>, eta: f64) -> Self {
        let (now, before) = (schedule.alphas_cumprod[t], schedule.alpha_cumprod(prev));
        let variance = eta * eta * schedule.posterior_variance(t, prev);
        // x̂_0 = (x - √(1-ᾱ_t) ε̂)/√ᾱ_t, then x_s = √ᾱ_s x̂_0 + √(1-ᾱ_s-σ²) ε̂ + σ z. At the largest η the radicand is 0
        // but for rounding.
        let c_x = (before / now).sqrt();
        let k_eps = (1.0 - before - variance).max(0.0).sqrt();
        let c_eps = k_eps - c_x * (1.0 - now).sqrt();
        let [p_x, p_eps] = Self::prediction(schedule, t);
        // ε̂ = (x - √ᾱ_t x̂_0)/√(1-ᾱ_t) put into the same formula.
        let (c_noise, k_x) = (variance.sqrt(), k_eps / (1.0 - now).sqrt());
        let k_x0 = before.sqrt() - k_x * now.sqrt();
        StepCoefficients { timestep: t, prev_timestep: prev, c_x, c_eps, c_noise, p_x, p_eps, k_x0, k_x }
    }

    fn ddpm(schedule: &Schedule, t: usize, prev: Option<usize>, variance_type: VarianceType) -> Self {
        // α and β between the two timesteps take the place of α_t and β_t, as in diffusers' DDPMScheduler. Its clamp of
        // β̃ at 1e-20 acts only on the last step, which has no noise here (Algorithm 2, line 3).
        let beta = schedule.beta_between(t, prev);
        let c_x = 1.0 / (1.0 - beta).sqrt();
        let c_eps = -beta * c_x / (1.0 - schedule.alphas_cumprod[t]).sqrt();
        let variance = match (prev, variance_type) {
            (None, _) => 0.0,
            (_, VarianceType::FixedSmall) => schedule.posterior_variance(t, prev),
            (_, VarianceType::FixedLarge) => beta,
        };
        let [p_x, p_eps] = Self::prediction(schedule, t);
        // The posterior's mean (equation 7) between the two timesteps.
        let (now, before) = (schedule.alphas_cumprod[t], schedule.alpha_cumprod(prev));
        let (k_x0, k_x) = (before.sqrt() * beta / (1.0 - now), (1.0 - beta).sqrt() * (1.0 - before) / (1.0 - now));
        let c_noise = variance.sqrt();
        StepCoefficients { timestep: t, prev_timestep: prev, c_x, c_eps, c_noise, p_x, p_eps, k_x0, k_x }
    }
}

/// What decides a sampling table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SamplerConfig {
    /// The algorithm.
    pub sampler: SamplerName,
    /// Number of steps `n`, 1 to `T`; the network is evaluated once per step.
    pub num_inference_steps: usize,
    /// How the steps are spread.
    pub timestep_spacing: TimestepSpacing,
    /// DDIM's η: 0 is deterministic, 1 has DDPM's `fixed_small` noise. Not used by DDPM.
    pub eta: f64,
    /// DDPM's variance. Not used by DDIM.
    pub variance_type: VarianceType,
}

impl Default for SamplerConfig {
    /// DDIM, 50 steps, η = 0, diffusers' spacing.
    fn default() -> Self {
        SamplerConfig {
            sampler: SamplerName::Ddim,
            num_inference_steps: 50,
            timestep_spacing: TimestepSpacing::Leading,
            eta: 0.0,
            variance_type: VarianceType::FixedSmall,
        }
    }
}

impl SamplerConfig {
    /// The steps of a run, noisiest first; each step's `prev_timestep` is the next step's `timestep`, and the last one's is
    /// `None`.
    ///
    /// # Errors
    /// `sample.num_inference_steps` out of `1..=T`; `sample.eta` not finite, negative, or (DDIM) so large that a step would
    /// need more noise than its timestep has, `σ² > 1 - ᾱ`.
    pub fn steps(&self, schedule: &Schedule) -> Result<Vec<StepCoefficients>> {
        let list = timesteps(schedule.num_train_timesteps(), self.num_inference_steps, self.timestep_spacing)?;
        self.check_eta(schedule, &list)?;
        let step = |(t, prev)| match self.sampler {
            SamplerName::Ddim => StepCoefficients::ddim(schedule, t, prev, self.eta),
            SamplerName::Ddpm => StepCoefficients::ddpm(schedule, t, prev, self.variance_type),
        };
        Ok(pairs(&list).map(step).collect())
    }

    fn check_eta(&self, schedule: &Schedule, list: &[usize]) -> Result<()> {
        if !(self.eta.is_finite() && self.eta >= 0.0) {
            let message = format!("{} is not a number from 0 (deterministic) up; 1 gives as much noise as DDPM", self.eta);
            return Err(Error::config("sample.eta", message));
        }
        let largest = max_eta(schedule, list);
        if self.sampler == SamplerName::Ddim && self.eta > largest {
            let message = format!(
                "{} asks for more noise than a step of this run has; the largest that works with {} steps is {:.4}",
                self.eta,
                list.len(),
                // Rounded down, so that the value shown is one that is accepted.
                (largest * 1e4).floor() / 1e4
            );
            return Err(Error::config("sample.eta", message));
        }
        Ok(())
    }
}

/// Largest η that DDIM accepts on a descending list of timesteps: `σ² ≤ 1 - ᾱ_s` at each step `t → s`, that is
/// `η² ≤ (1-ᾱ_t)/(1-ᾱ_t/ᾱ_s)`. At least 1, and hardly more for long steps (linear schedule, leading: 1.35 for all 1,000
/// steps, 1.008 for 50); infinite for a single step, which has no noise.
///
/// # Panics
/// If a timestep is not below `T`.
pub fn max_eta(schedule: &Schedule, list: &[usize]) -> f64 {
    let noisy = pairs(list).filter(|(_, prev)| prev.is_some());
    let largest = noisy.map(|(t, prev)| ((1.0 - schedule.alphas_cumprod[t]) / schedule.beta_between(t, prev)).sqrt());
    // 1 is always a valid η; the quotient may fall below it by rounding.
    largest.fold(f64::INFINITY, f64::min).max(1.0)
}

/// Each timestep with the one after it in the list, the last with `None`.
fn pairs(list: &[usize]) -> impl Iterator<Item = (usize, Option<usize>)> {
    let next = list.iter().skip(1).copied().map(Some).chain([None]);
    list.iter().copied().zip(next)
}

#[cfg(test)]
mod tests;
