//! The learned score beside the exact one, where the data are a mixture of Gaussians.
//!
//! `∇ log p_t(x) = -E[ε | x]/noise`: the score is the predicted noise in other units (Song et al., 2011.13456, section 3.3).

use super::{Denoiser, Draws, Process, evenly, noised, times};
use crate::diffusion::GaussianMixture2;
use crate::{Error, Result};
use serde::Serialize;

/// How far the predicted noise is from the exact one at a timestep.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ScoreLevel {
    /// The timestep.
    pub timestep: usize,
    /// Root mean square, per coordinate, of predicted minus exact noise over draws of `x_t`.
    pub error: f64,
    /// Root mean square of the exact noise: the error of one who answers 0.
    pub exact: f64,
}

/// Both scores on a square grid.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoreMap {
    /// Points per side.
    pub grid: usize,
    /// The grid reaches from `-extent` to `extent`.
    pub extent: f64,
    /// The learned score at each point, `[grid, grid, 2]`, row by row from the lower left.
    pub learned: Vec<f64>,
    /// The exact one.
    pub exact: Vec<f64>,
}

/// Predicted against exact noise at `levels` timesteps spread evenly from 0 to `T - 1`, over the draws noised to each.
pub async fn score_error(
    network: &mut impl Denoiser,
    process: &Process,
    data: &GaussianMixture2,
    draws: &Draws,
    levels: usize,
) -> Result<Vec<ScoreLevel>> {
    let epsilon = draws.noise(0);
    let mut found = Vec::with_capacity(levels);
    for timestep in evenly(process, levels) {
        let t = vec![timestep; draws.len()];
        let x = noised(process, &draws.values, &epsilon, &t);
        let m = network.output(&x, &times(process, &t), &draws.labels).await?;
        let level = process.level(timestep);
        let (reading, exact) = (process.noise(level), data.noised_to(level.signal, level.noise));
        let (mut error, mut square) = (0.0, 0.0);
        for (x, m) in x.chunks_exact(2).zip(m.chunks_exact(2)) {
            let score = exact.score([x[0], x[1]]);
            for axis in 0..2 {
                let wanted = -level.noise * score[axis];
                error += (reading.of(x[axis], m[axis]) - wanted).powi(2);
                square += wanted * wanted;
            }
        }
        let n = draws.values.len() as f64;
        found.push(ScoreLevel { timestep, error: (error / n).sqrt(), exact: (square / n).sqrt() });
    }
    Ok(found)
}

/// Both scores at timestep `t` on a grid of `grid²` points from `-extent` to `extent`.
///
/// # Errors
/// [`Error::Config`] for `timestep` from `T` on, a `grid` out of 2 to 257, or an `extent` that is not positive.
pub async fn score_map(
    network: &mut impl Denoiser,
    process: &Process,
    data: &GaussianMixture2,
    timestep: usize,
    grid: usize,
    extent: f64,
) -> Result<ScoreMap> {
    if timestep >= process.steps() {
        let message = format!("{timestep} is no timestep of this run: choose 0 to {}", process.steps() - 1);
        return Err(Error::config("timestep", message));
    }
    if !(2..=257).contains(&grid) {
        return Err(Error::config("grid", format!("{grid} points per side: choose 2 to 257")));
    }
    if !(extent > 0.0 && extent.is_finite()) {
        return Err(Error::config("extent", format!("{extent} is no extent: choose a number above 0, such as 2.5")));
    }
    let at = |i: usize| extent * (2.0 * i as f64 / (grid - 1) as f64 - 1.0);
    let x: Vec<f64> = (0..grid * grid).flat_map(|i| [at(i % grid), at(i / grid)]).collect();
    let m = network.output(&x, &vec![process.time(timestep); grid * grid], &[]).await?;
    let level = process.level(timestep);
    let (reading, data) = (process.noise(level), data.noised_to(level.signal, level.noise));
    let learned = x.iter().zip(&m).map(|(x, m)| -reading.of(*x, *m) / level.noise).collect();
    let exact = x.chunks_exact(2).flat_map(|x| data.score([x[0], x[1]])).collect();
    Ok(ScoreMap { grid, extent, learned, exact })
}
