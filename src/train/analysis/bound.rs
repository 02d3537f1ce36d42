//! The variational bound of the data's code length, term by term (DDPM, 2006.11239, eq. 5): `L_T + Σ_{t ≥ 1} L_{t-1} + L_0`.

use super::{Denoiser, Draws, Process, noised, parts, spread, times};
use crate::Result;
use serde::Serialize;
use std::f64::consts::{LN_2, SQRT_2, TAU};

/// How data are coded given `x̂_0`, with the variance of the last noisy step, as in DDPM's code: `β̃` of timestep 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Decoder {
    /// A Gaussian density: for points.
    Gaussian,
    /// The probability of one of 256 values spread evenly over `-range ..= range`: that part of the Gaussian which lies within half a
    /// step of it, and all that lies beyond for the outermost two (eq. 13). `x̂_0` is kept within the range, as in DDPM's code.
    Discretised {
        /// The largest value.
        range: f64,
    },
}

/// A share of the sum over timesteps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BoundTerm {
    /// The middle of the timesteps that it stands for.
    pub timestep: usize,
    /// Bits per dimension of all of them together.
    pub bits: f64,
}

/// The bound in bits per dimension: `total = prior + Σ terms + decoder`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VariationalBound {
    /// `L_T`: what tells noised data from pure noise.
    pub prior: f64,
    /// `L_0`: the data given the least noisy sample.
    pub decoder: f64,
    /// The bound.
    pub total: f64,
    /// `L_{t-1}` for `t = 1 … T-1`, in equal parts of the schedule.
    pub terms: Vec<BoundTerm>,
}

/// Probability of the standard normal between `low` and `high`, exact in both tails.
fn normal_between(low: f64, high: f64) -> f64 {
    let (low, high) = if low > 0.0 { (-high, -low) } else { (low, high) };
    let below = |z: f64| 0.5 * libm::erfc(-z / SQRT_2);
    below(high) - below(low)
}

impl Decoder {
    /// `-ln p(x | mean, deviation)` of one element.
    fn nats(self, x: f64, mean: f64, deviation: f64) -> f64 {
        match self {
            Decoder::Gaussian => 0.5 * (TAU * deviation * deviation).ln() + 0.5 * ((x - mean) / deviation).powi(2),
            Decoder::Discretised { range } => {
                let half = range / 255.0;
                let low = if x < -range + half { f64::NEG_INFINITY } else { (x - half - mean) / deviation };
                let high = if x > range - half { f64::INFINITY } else { (x + half - mean) / deviation };
                // The smallest probability told apart from 0 in DDPM's code.
                -normal_between(low, high).max(1e-12).ln()
            }
        }
    }

    fn kept(self, clean: f64) -> f64 {
        match self {
            Decoder::Gaussian => clean,
            Decoder::Discretised { range } => clean.clamp(-range, range),
        }
    }
}

/// The bound over the draws. The timesteps `1 … T-1` fall into `terms` equal parts; within each, every draw has a timestep of its own, drawn
/// evenly over the part, so that the mean times the part's length estimates the part's whole sum without bias.
///
/// Steps have DDPM's `fixed_small` variance `β̃_t`, for which `L_{t-1} = ½ (SNR_{t-1} - SNR_t) E‖x_0 - x̂_0‖²`.
pub async fn variational_bound(
    network: &mut impl Denoiser,
    process: &Process,
    draws: &Draws,
    decoder: Decoder,
    terms: usize,
) -> Result<VariationalBound> {
    let (n, dim) = (draws.len(), draws.dim);
    let per_dim = 1.0 / (LN_2 * (n * dim) as f64);
    let last = process.level(process.steps() - 1);
    let apart = |x: &f64| 0.5 * ((last.signal * x).powi(2) + last.noise.powi(2) - 1.0 - 2.0 * last.noise.ln());
    let prior = per_dim * draws.values.iter().map(apart).sum::<f64>();

    let edges = parts(process.steps() - 1, terms);
    let mut found = Vec::with_capacity(edges.len() - 1);
    for (part, edge) in edges.windows(2).enumerate() {
        // Edges count from 0, timesteps with a step below them from 1.
        let (from, to) = (edge[0] + 1, edge[1]);
        let t = spread(from, to, n);
        let clean = predicted(network, process, draws, decoder, &t, part as u32 + 1).await?;
        let nats = |i: usize| process.step_weight(t[i / dim]) * (draws.values[i] - clean[i]).powi(2);
        let sum: f64 = (0..n * dim).map(nats).sum();
        found.push(BoundTerm { timestep: (from + to) / 2, bits: per_dim * (to - from + 1) as f64 * sum });
    }

    let clean = predicted(network, process, draws, decoder, &vec![0; n], 0).await?;
    let deviation = process.posterior_variance(1).sqrt();
    let decoded = per_dim * draws.values.iter().zip(&clean).map(|(x, mean)| decoder.nats(*x, *mean, deviation)).sum::<f64>();
    let total = prior + decoded + found.iter().map(|term| term.bits).sum::<f64>();
    Ok(VariationalBound { prior, decoder: decoded, total, terms: found })
}

/// `x̂_0 [n, dim]` of each draw noised to its timestep.
async fn predicted(
    network: &mut impl Denoiser,
    process: &Process,
    draws: &Draws,
    decoder: Decoder,
    t: &[usize],
    block: u32,
) -> Result<Vec<f64>> {
    let x = noised(process, &draws.values, &draws.noise(block), t);
    let m = network.output(&x, &times(process, t), &draws.labels).await?;
    let clean = |i: usize| decoder.kept(process.clean(process.level(t[i / draws.dim])).of(x[i], m[i]));
    Ok((0..x.len()).map(clean).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_discretised_decoder_is_a_distribution() {
        let decoder = Decoder::Discretised { range: 1.0 };
        for (mean, deviation) in [(0.0, 0.3), (-0.99, 0.05), (1.0, 0.01), (0.2, 2.0)] {
            let value = |byte: u32| f64::from(byte) * (2.0 / 255.0) - 1.0;
            let total: f64 = (0..256).map(|byte| (-decoder.nats(value(byte), mean, deviation)).exp()).sum();
            assert!((total - 1.0).abs() < 1e-9, "{mean} {deviation}: {total}");
        }
        assert!((decoder.nats(1.0, -1.0, 1e-3) - 1e12f64.ln()).abs() < 1e-9, "the floor");
    }

    #[test]
    fn tails_are_exact() {
        assert!((normal_between(-1.0, 1.0) - 0.682_689_492_137_085_9).abs() < 1e-15);
        let tail = normal_between(8.0, f64::INFINITY);
        assert!((tail / 6.220_960_574_271_785e-16 - 1.0).abs() < 1e-12 && tail == normal_between(f64::NEG_INFINITY, -8.0));
    }
}
