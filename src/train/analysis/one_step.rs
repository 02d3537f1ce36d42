//! What the network takes a noised sample for, in a single step.

use super::{Denoiser, Draws, Process, evenly, noised, times};
use crate::Result;

/// Samples noised to some levels, and the clean samples predicted from each.
#[derive(Debug, Clone, PartialEq)]
pub struct OneStep {
    /// The timesteps, ascending.
    pub timesteps: Vec<usize>,
    /// `[levels, n, dim]`.
    pub noised: Vec<f64>,
    /// `x̂_0`, of the same shape.
    pub predicted: Vec<f64>,
    /// Mean squared error of `x̂_0`, per level.
    pub error: Vec<f64>,
    /// What one has without a network, per level: the mean squared error of the better of two answers, the data's mean (their
    /// variance) and the noised sample as it is, `x_t/signal` (`σ̃²`).
    pub baseline: Vec<f64>,
}

/// Predicts the draws from each of `timesteps` in one step; every level has the same noise `ε`.
///
/// # Panics
/// If a timestep is not below `T`.
pub async fn one_step(network: &mut impl Denoiser, process: &Process, draws: &Draws, timesteps: &[usize]) -> Result<OneStep> {
    let (n, dim) = (draws.len(), draws.dim);
    let all = draws.repeated(timesteps.len());
    let t: Vec<usize> = timesteps.iter().flat_map(|t| std::iter::repeat_n(*t, n)).collect();
    let noised = noised(process, &all.values, &draws.noise(0).repeat(timesteps.len()), &t);
    let m = network.output(&noised, &times(process, &t), &all.labels).await?;
    let clean = |i: usize| process.clean(process.level(t[i / dim])).of(noised[i], m[i]);
    let predicted: Vec<f64> = (0..noised.len()).map(clean).collect();
    let square = |k: usize| (k * n * dim..(k + 1) * n * dim).map(|i| (predicted[i] - all.values[i]).powi(2)).sum::<f64>();
    let error = (0..timesteps.len()).map(|k| square(k) / (n * dim) as f64).collect();
    let variance = draws.variance();
    let baseline = timesteps.iter().map(|t| variance.min(process.level(*t).sigma().powi(2))).collect();
    Ok(OneStep { timesteps: timesteps.to_vec(), noised, predicted, error, baseline })
}

impl OneStep {
    /// For pictures: the same at `levels` timesteps spread evenly from 0 to `T - 1`.
    ///
    /// # Errors
    /// The network's own.
    pub async fn over_schedule(network: &mut impl Denoiser, process: &Process, draws: &Draws, levels: usize) -> Result<OneStep> {
        one_step(network, process, draws, &evenly(process, levels)).await
    }
}
