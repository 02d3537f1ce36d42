//! The loss by how noisy the sample is.

use super::{Denoiser, Draws, Process, noised, parts, spread, times};
use crate::Result;
use serde::Serialize;

/// Mean loss over a band of timesteps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Band {
    /// First timestep.
    pub from: usize,
    /// Last timestep.
    pub to: usize,
    /// With the moving average of the parameters.
    pub loss: f64,
    /// With the parameters as they are.
    pub loss_raw: f64,
}

/// Bands `(from, to)` of timesteps, both included: `count` of nearly equal width, or one per timestep if there are fewer.
pub fn bands(process: &Process, count: usize) -> Vec<(usize, usize)> {
    parts(process.steps(), count).windows(2).map(|edge| (edge[0], edge[1] - 1)).collect()
}

/// The run's own loss without any weights, `(m - target)²` averaged over a sample's numbers, for each of the draws at a timestep of its
/// own from the band; `[n]`. Timesteps and noise depend on the draws alone: successive answers can be compared.
pub async fn band_losses(network: &mut impl Denoiser, process: &Process, draws: &Draws, (from, to): (usize, usize)) -> Result<Vec<f64>> {
    let (n, dim) = (draws.len(), draws.dim);
    let (t, epsilon) = (spread(from, to, n), draws.noise(0));
    let x = noised(process, &draws.values, &epsilon, &t);
    let m = network.output(&x, &times(process, &t), &draws.labels).await?;
    let error = |i: usize| {
        let level = process.level(t[i]);
        let square = |k: usize| (m[k] - process.target(level, draws.values[k], epsilon[k])).powi(2);
        (i * dim..(i + 1) * dim).map(square).sum::<f64>() / dim as f64
    };
    Ok((0..n).map(error).collect())
}
