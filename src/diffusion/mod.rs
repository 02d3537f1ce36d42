//! Diffusion in formulas: schedules, the forward jump, sampling tables and exact noise predictors. Pure f64, no GPU types.
//!
//! Notation: `T` = `num_train_timesteps`, timesteps `t = 0 … T-1`, `ᾱ_t` = `alphas_cumprod[t]`, and `ᾱ = 1` before the
//! first timestep, where the data are clean. Names and defaults are those of diffusers.

#[cfg(test)]
mod diffusers_parity;
mod forward;
mod gaussian;
mod samplers;
mod schedule;
mod timesteps;

pub use forward::ForwardTable;
pub use gaussian::{Affine2, Gaussian2, GaussianMixture2};
pub use samplers::{SamplerConfig, SamplerName, StepCoefficients, VarianceType, max_eta};
pub use schedule::{BetaSchedule, Schedule, ScheduleConfig};
pub use timesteps::{TimestepSpacing, timesteps};
