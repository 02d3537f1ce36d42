//! Samplers that look at one level at a time: DDIM, DDPM, Euler, Euler ancestral.

use super::super::level::Linear;
use super::super::{Level, Schedule};
use super::grid::Grid;
use super::{Evaluation, Row, SamplerConfig, SamplerName, VarianceType};

/// `signal/signal'`: how much of `x'` at the level `to` is left in `x` at the noisier level `from`.
fn ratio(from: Level, to: Level) -> f64 {
    from.signal / to.signal
}

/// `noise² - ratio² noise'²`: the variance that is added from `to` up to `from`; `1 - ᾱ_t/ᾱ_s` where variance is preserved.
fn added(from: Level, to: Level) -> f64 {
    // Small where noises are small, and there this difference keeps its digits.
    (from.noise * from.noise - (ratio(from, to) * to.noise).powi(2)).max(0.0)
}

/// Variance of `x'` given `x` and `x_0` (DDPM, arXiv 2006.11239, equation 7, for any two levels).
fn posterior(from: Level, to: Level) -> f64 {
    (to.noise / from.noise).powi(2) * added(from, to)
}

/// Largest η that leaves every step's variance within its level's.
pub(super) fn max_eta(grid: &Grid) -> f64 {
    let noisy = grid.legs().filter(|(_, _, to)| to.noise > 0.0);
    let largest = noisy.map(|(node, _, to)| (to.noise.powi(2) / posterior(node.level, to)).sqrt());
    // 1 is always a valid η; the quotient may fall below it by rounding.
    largest.fold(f64::INFINITY, f64::min).max(1.0)
}

impl SamplerConfig {
    pub(super) fn single_steps(&self, schedule: &Schedule, grid: &Grid) -> Vec<Row> {
        let mut rows = Vec::new();
        for (node, next, to) in grid.legs() {
            let rederived = self.use_clipped_model_output && self.sampler == SamplerName::Ddim;
            let evaluation = self.evaluate(schedule, node.time, node.level, next, to, rederived);
            let row = match self.sampler {
                SamplerName::Ddpm => self.ddpm(&evaluation),
                SamplerName::EulerAncestral => ddim(&evaluation, posterior(node.level, to)),
                SamplerName::Ddim => ddim(&evaluation, self.eta * self.eta * posterior(node.level, to)),
                _ => ddim(&evaluation, 0.0),
            };
            // The last step ends the run: what it gives is not noised again (RePaint, arXiv 2201.09865, Algorithm 1, line 9).
            let last = rows.len() + self.num_resamples > self.num_resamples * (grid.nodes.len() - 1);
            if !last {
                rows.extend(std::iter::repeat_n(jumped_back(row), self.num_resamples - 1));
            }
            rows.push(row);
        }
        rows
    }

    /// DDPM (arXiv 2006.11239, equation 7 and Algorithm 2) between any two levels: the posterior's mean
    /// `signal' β/noise² · x̂_0 + ratio · noise'²/noise² · x`, with `β` the variance added between them.
    fn ddpm(&self, Evaluation { row, clean, .. }: &Evaluation) -> Row {
        let (from, to) = (row.from, row.to);
        let (beta, square) = (added(from, to), from.noise * from.noise);
        let kept = ratio(from, to) * to.noise * to.noise / square;
        let mean = clean.times(to.signal * beta / square).plus(Linear::X.times(kept));
        let variance = match self.variance_type {
            // Algorithm 2, line 3: no noise in the last step.
            _ if to.noise == 0.0 => 0.0,
            VarianceType::FixedSmall | VarianceType::FixedSmallLog => posterior(from, to),
            VarianceType::FixedLarge | VarianceType::FixedLargeLog => beta,
        };
        row.giving(mean, [0.0; 3], variance.sqrt())
    }
}

/// DDIM (arXiv 2010.02502, equation 12): `x' = signal' x̂_0 + √(noise'² - variance) ε̂ + √variance z`. Without variance it is Euler's
/// step for the probability-flow ODE, with the posterior's it is Euler's ancestral step: `σ_down = σ'²/σ`.
fn ddim(Evaluation { row, clean, noise }: &Evaluation, variance: f64) -> Row {
    let to = row.to;
    // At the largest η the difference is 0 but for rounding.
    let kept = (to.noise * to.noise - variance).max(0.0).sqrt();
    row.giving(clean.times(to.signal).plus(noise.times(kept)), [0.0; 3], variance.sqrt())
}

/// A row and the jump back to where it began, `x = ratio · x' + √added · z`, in one: independent noises add by their squares.
fn jumped_back(row: Row) -> Row {
    let (ratio, added) = (ratio(row.from, row.to), added(row.from, row.to));
    let result = Linear { x: row.c_x, m: row.c_m, clean: row.c_0 }.times(ratio);
    let c_z = ((ratio * row.c_z).powi(2) + added).sqrt();
    Row { to: row.from, next: Some(row.timestep), ..row }.giving(result, [0.0; 3], c_z)
}
