//! Diffusion in formulas: schedules, the forward jump, training tables, sampling tables and exact noise predictors. Pure f64,
//! no GPU types.
//!
//! Notation: `T` = `num_train_timesteps`, timesteps `t = 0 … T-1`, and levels of noise `x = signal · x_0 + noise · ε`. Where
//! `β`s make the schedule, `ᾱ_t` = `alphas_cumprod[t]`, `signal = √ᾱ`, `noise = √(1-ᾱ)`, and `ᾱ = 1` before the first
//! timestep, where the data are clean; in flow matching `signal = 1 - σ`, `noise = σ`. Names and defaults are those of
//! diffusers.

mod forward;
mod gaussian;
mod level;
mod objective;
mod samplers;
mod schedule;
mod scheduler_config;
mod timesteps;

pub use forward::ForwardTable;
pub use gaussian::{Affine2, Gaussian2, GaussianMixture2};
pub use level::{Level, PredictionType};
pub use objective::{LossWeighting, ObjectiveConfig, TimestepSampling, TrainingTables};
pub use samplers::{
    AlgorithmType, Clip, FinalSigmasType, Row, SampleState, SamplerConfig, SamplerName, SamplerTable, SolverType, VarianceType,
};
pub use schedule::{BetaSchedule, Schedule, ScheduleConfig};
pub use scheduler_config::{read_scheduler_config, write_scheduler_config};
pub use timesteps::{TimestepSpacing, timesteps};
