//! The probability-flow ODE: noise and data joined by a deterministic path, and the density that follows from it.
//!
//! Song et al. (2011.13456, section 4.3 and eq. 39); in DDIM's variables (2010.02502, eq. 14) it is `dy = ε̂ dσ̃` for `y = x/signal`
//! and `σ̃ = noise/signal`. As `y` grows without bound with the noise, it is solved for `u = x/√(signal² + noise²)`, which keeps its
//! size, over `λ = ln σ̃`: with `s = signal/√(…)` and `n = noise/√(…)`, `du/dλ = s n (s ε̂ - n x̂_0)`. The right side stays finite
//! without signal and without noise.

use super::{Denoiser, Draws, Process, mean_and_error};
use crate::diffusion::{GaussianMixture2, Level};
use crate::{Error, Result};
use serde::Serialize;
use std::f64::consts::{LN_2, TAU};

/// Where the path is taken to end in pure noise. Beyond, the signal is below a hundredth; what is left of data of unit variance
/// changes no density by more than 1e-4, while `x̂_0`, the error of `ε̂` divided by the signal, loses its meaning.
const LARGEST_SIGMA: f64 = 100.0;

/// Log-likelihood of data under a model, as a code length: lower is better.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Likelihood {
    /// `-log₂ p`, per dimension, averaged over the draws.
    pub bits_per_dim: f64,
    /// Standard error of that mean.
    pub standard_error: f64,
    /// The same for the true density, where it is known: no model does better on average.
    pub exact_bits_per_dim: Option<f64>,
}

/// Solves the ODE for samples `x [n, dim]` from `σ̃ = from` to `σ̃ = to` (upwards is towards noise) in `steps` steps of the classical
/// Runge–Kutta method, four network evaluations each. `x` is in the process's own space before and after. Returns also `∫ div [n]`:
/// `log p_from(u) = log p_to(u) + ∫ div`, if `divergence` asks for it.
///
/// # Errors
/// [`Error::Config`] for `steps` out of 1 to 10,000, or the network's own error.
pub async fn flow(
    network: &mut impl Denoiser,
    process: &Process,
    x: &[f64],
    labels: &[u32],
    (from, to): (f64, f64),
    steps: usize,
    divergence: bool,
) -> Result<(Vec<f64>, Vec<f64>)> {
    if !(1..=10_000).contains(&steps) {
        return Err(Error::config("steps", format!("{steps} steps: choose a number from 1 to 10,000 (50 is plenty)")));
    }
    let n = x.len() / network.dim();
    let start = process.at(from).0.scale();
    let mut u: Vec<f64> = x.iter().map(|x| x / start).collect();
    let mut integral = vec![0.0; n];
    let h = (to / from).ln() / steps as f64;
    for step in 0..steps {
        let lambda = from.ln() + h * step as f64;
        let (mut slope, mut sum_u, mut sum_d) = (vec![0.0; u.len()], vec![0.0; u.len()], vec![0.0; n]);
        for (share, weight) in [(0.0, 1.0), (0.5, 2.0), (0.5, 2.0), (1.0, 1.0)] {
            let here: Vec<f64> = u.iter().zip(&slope).map(|(u, k)| u + share * h * k).collect();
            let (next, div) = velocity(network, process, &here, labels, (lambda + share * h).exp(), divergence).await?;
            sum_u.iter_mut().zip(&next).for_each(|(sum, k)| *sum += weight * k);
            sum_d.iter_mut().zip(&div).for_each(|(sum, d)| *sum += weight * d);
            slope = next;
        }
        u.iter_mut().zip(&sum_u).for_each(|(u, k)| *u += h / 6.0 * k);
        integral.iter_mut().zip(&sum_d).for_each(|(i, d)| *i += h / 6.0 * d);
    }
    let end = process.at(to).0.scale();
    Ok((u.iter().map(|u| u * end).collect(), integral))
}

/// `du/dλ [n, dim]` and, if asked for, its divergence by `u`, `[n]`.
async fn velocity(
    network: &mut impl Denoiser,
    process: &Process,
    u: &[f64],
    labels: &[u32],
    sigma: f64,
    divergence: bool,
) -> Result<(Vec<f64>, Vec<f64>)> {
    let (level, time) = process.at(sigma);
    let scale = level.scale();
    let x: Vec<f64> = u.iter().map(|u| u * scale).collect();
    let dim = network.dim();
    let times = vec![time; u.len() / dim];
    let (m, div) = if divergence {
        network.with_divergence(&x, &times, labels).await?
    } else {
        (network.output(&x, &times, labels).await?, Vec::new())
    };
    let (s, n) = (level.signal / scale, level.noise / scale);
    let (clean, noise) = (process.clean(level), process.noise(level));
    let (of_x, of_m) = (s * n * (s * noise.x - n * clean.x), s * n * (s * noise.m - n * clean.m));
    let slope = x.iter().zip(&m).map(|(x, m)| of_x * x + of_m * m).collect();
    let div = div.iter().map(|d| scale * (of_x * dim as f64 + of_m * d)).collect();
    Ok((slope, div))
}

/// Bits per dimension of the draws under the model, by the ODE in `steps` Runge–Kutta steps with exact divergence.
///
/// The model has a density at its lowest level of noise, timestep 0, and none below: what is measured is data with that much noise,
/// `x_0 + σ̃_0 ε` in the units of the data (a deviation of 0.01 for the linear schedule), and the exact density is taken there too.
/// At the upper end stands the noise that samplers start from, `N(0, I)`.
///
/// # Errors
/// [`Error::Config`] for `steps`, or the network's own error.
pub async fn likelihood(
    network: &mut impl Denoiser,
    process: &Process,
    draws: &Draws,
    exact: Option<&GaussianMixture2>,
    steps: usize,
) -> Result<Likelihood> {
    let (n, dim) = (draws.len(), draws.dim);
    let first: Level = process.level(0);
    let end = process.level(process.steps() - 1).sigma().min(LARGEST_SIGMA);
    let y: Vec<f64> = draws.values.iter().zip(draws.noise(0)).map(|(x, e)| x + first.sigma() * e).collect();
    let x: Vec<f64> = y.iter().map(|y| first.signal * y).collect();
    let (z, integral) = flow(network, process, &x, &draws.labels, (first.sigma(), end), steps, true).await?;
    let scale = process.at(end).0.scale();
    // From the density of u to that of y = u · scale/signal.
    let jacobian = dim as f64 * (first.signal / first.scale()).ln();
    let bits = |nats: f64| -nats / (LN_2 * dim as f64);
    let of_model: Vec<f64> = z
        .chunks_exact(dim)
        .zip(&integral)
        .map(|(z, integral)| {
            let square: f64 = z.iter().map(|z| (z / scale).powi(2)).sum();
            bits(-0.5 * (square + dim as f64 * TAU.ln()) + integral + jacobian)
        })
        .collect();
    let exact_bits_per_dim = exact.map(|data| {
        let data = data.noised_to(1.0, first.sigma());
        y.chunks_exact(2).map(|y| bits(data.log_density([y[0], y[1]], 1.0))).sum::<f64>() / n as f64
    });
    let (bits_per_dim, standard_error) = mean_and_error(&of_model);
    Ok(Likelihood { bits_per_dim, standard_error, exact_bits_per_dim })
}
