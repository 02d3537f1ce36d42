//! Questions to a trained network: how good is it, where, and why are its samples what they are?
//!
//! Each question is a function in f64 on the host over a [`Denoiser`]: a [`Probe`] on the device, or an exact predictor in tests.

mod bound;
mod diagnose;
mod draws;
mod levels;
mod likelihood;
mod loss;
mod mismatch;
mod one_step;
mod probe;
mod score;
mod subject;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;

pub use bound::{BoundTerm, Decoder, VariationalBound, variational_bound};
pub use diagnose::{EmaFacts, Finding, Severity, Value, data_range, ema_finding, one_step_finding};
pub use draws::{Draws, mixture};
pub use levels::{Process, Reading};
pub use likelihood::{Likelihood, flow, likelihood};
pub use loss::{Band, band_losses, bands};
pub use mismatch::schedule_finding;
pub use one_step::{OneStep, one_step};
pub use probe::{Asked, Probe};
pub use score::{ScoreLevel, ScoreMap, score_error, score_map};
pub use subject::{Diagnosis, LossBands, Pictures, ScoreErrors, Subject};

use crate::Result;
use crate::threefry::Stream;

/// Something that says what a network would: for each sample its output `m`.
#[allow(async_fn_in_trait, reason = "everything here stays on one thread, as the web's futures do")]
pub trait Denoiser {
    /// Numbers per sample.
    fn dim(&self) -> usize;

    /// `m [n, dim]` for `x [n, dim]` when the network is told `times [n]` and, unless there are none, `labels [n]`.
    async fn output(&mut self, x: &[f64], times: &[f64], labels: &[u32]) -> Result<Vec<f64>>;

    /// As [`Denoiser::output`], and the divergence `Σ_i ∂m_i/∂x_i [n]` of each.
    async fn with_divergence(&mut self, x: &[f64], times: &[f64], labels: &[u32]) -> Result<(Vec<f64>, Vec<f64>)>;
}

/// Streams of random numbers, one per use, apart from those of training, sampling and data.
mod stream {
    /// A block's number is added.
    pub const NOISE: u32 = 0xA11A_0000;
    pub const TIME: u32 = 0xA11B_0000;
}

/// Seed of all noise: the same for every call, so that answers of successive calls differ by the network alone.
const SEED: u32 = 0x0B5E;

/// `count` integers spread over `from ..= to`: one drawn from each of `count` equal parts of the range, always the same.
fn spread(from: usize, to: usize, count: usize) -> Vec<usize> {
    let width = (to - from + 1) as f64;
    let at = |i: usize| {
        let u = (i as f64 + Stream::new(SEED, stream::TIME, i as u32).uniform()) / count as f64;
        (from + (u * width) as usize).min(to)
    };
    (0..count).map(at).collect()
}

/// `count` timesteps spread evenly from 0 to `T - 1`, both included; no more than there are.
fn evenly(process: &Process, count: usize) -> Vec<usize> {
    let last = process.steps() - 1;
    let gaps = count.min(process.steps()).saturating_sub(1);
    if gaps == 0 { vec![last / 2] } else { (0..=gaps).map(|k| (k * last + gaps / 2) / gaps).collect() }
}

/// Edges of `parts` nearly equal parts of `0 .. n`: part `k` is `edges[k] .. edges[k + 1]`. No part is empty.
fn parts(n: usize, parts: usize) -> Vec<usize> {
    let parts = parts.clamp(1, n);
    (0..=parts).map(|k| k * n / parts).collect()
}

/// Samples noised to the level of timestep `t [n]` each: `x_t`, with `x0` and `epsilon [n, dim]`.
fn noised(process: &Process, x0: &[f64], epsilon: &[f64], t: &[usize]) -> Vec<f64> {
    let dim = x0.len() / t.len().max(1);
    let level = |i: usize| process.level(t[i / dim]);
    x0.iter().zip(epsilon).enumerate().map(|(i, (x, e))| level(i).signal * x + level(i).noise * e).collect()
}

/// What the network is told at each timestep.
fn times(process: &Process, t: &[usize]) -> Vec<f64> {
    t.iter().map(|t| process.time(*t)).collect()
}

/// Mean, and its standard error.
fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
    (mean, (square / (n - 1.0).max(1.0) / n).sqrt())
}
