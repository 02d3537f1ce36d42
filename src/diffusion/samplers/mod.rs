//! Samplers as tables of coefficients: one kernel with one row per network evaluation runs them all.
//!
//! Every sampler is written by levels, `x = signal · x_0 + noise · ε`, for samples in the process's own space. Samplers that
//! their authors write for `y = x/signal` and `σ = noise/signal` are converted: `y' = y + (σ'-σ) ε̂` is
//! `x' = signal' · x̂_0 + noise' · ε̂`.

mod check;
mod config;
mod grid;
mod multistep;
mod single;
mod table;

pub use config::{AlgorithmType, FinalSigmasType, SamplerConfig, SamplerName, SolverType, VarianceType};
pub use table::{Clip, Row, SampleState, SamplerTable};

use super::level::{Linear, Solved};
use super::{Level, PredictionType, Schedule, TimestepSpacing};
use crate::error::{Error, Result};
use grid::{Grid, Node};

impl SamplerConfig {
    /// The rows of a run; each row's `next` is the next row's `timestep`, but for the second evaluations of Heun's method and
    /// for repeated steps.
    ///
    /// # Errors
    /// [`Error::Config`] naming the field as `sample.…`: a number out of range, a list of timesteps that does not fall, DDIM's η so
    /// large that a step would need more noise than its level has, or something that the algorithm cannot do.
    pub fn table(&self, schedule: &Schedule) -> Result<SamplerTable> {
        self.check(schedule)?;
        let whole = self.grid(schedule)?;
        let init = self.init(schedule, &whole);
        let steps = whole.nodes.len();
        let grid = whole.last_share(self.strength)?;
        if self.sampler == SamplerName::Ddim {
            self.check_eta(&grid)?;
        }
        let rows = match self.sampler {
            _ if self.inverse => self.upwards(schedule, &grid),
            SamplerName::Ddim | SamplerName::Ddpm | SamplerName::Euler | SamplerName::EulerAncestral => self.single_steps(schedule, &grid),
            SamplerName::Heun => self.heun(schedule, &grid),
            SamplerName::Dpmpp => self.dpmpp(schedule, &grid, steps),
            SamplerName::Lms => self.lms(schedule, &grid),
        };
        Ok(SamplerTable { rows, init, clip: self.clip() })
    }

    /// Largest η that DDIM accepts: `σ² ≤ noise'²` at each step. At least 1, and hardly more for long steps (linear schedule,
    /// leading: 1.35 for all 1,000 steps, 1.008 for 50); infinite for a single step, which has no noise.
    ///
    /// # Errors
    /// As [`SamplerConfig::table`], η apart.
    pub fn max_eta(&self, schedule: &Schedule) -> Result<f64> {
        let config = SamplerConfig { eta: 0.0, sampler: SamplerName::Ddim, ..self.clone() };
        config.check(schedule)?;
        Ok(single::max_eta(&config.grid(schedule)?.last_share(config.strength)?))
    }

    fn check_eta(&self, grid: &Grid) -> Result<()> {
        let largest = single::max_eta(grid);
        if self.eta <= largest {
            return Ok(());
        }
        let message = format!(
            "{} asks for more noise than a step of this run has; the largest that works with {} steps is {:.4}",
            self.eta,
            grid.nodes.len(),
            // Rounded down, so that the value shown is one that is accepted.
            (largest * 1e4).floor() / 1e4
        );
        Err(Error::config("sample.eta", message))
    }

    /// Standard deviation of the first noise. diffusers' samplers that work on `x/signal` start from `σ` times noise, under
    /// `leading` from `√(σ²+1)` times noise.
    fn init(&self, schedule: &Schedule, grid: &Grid) -> f64 {
        use SamplerName::{Euler, EulerAncestral, Heun, Lms};
        let scaled = matches!(self.sampler, Euler | EulerAncestral | Heun | Lms) && self.timestep_spacing != TimestepSpacing::Leading;
        if scaled && !schedule.is_flow() { grid.nodes[0].level.noise } else { 1.0 }
    }

    fn clip(&self) -> Clip {
        if self.thresholding {
            return Clip::Threshold { ratio: self.dynamic_thresholding_ratio, max: self.sample_max_value };
        }
        if self.clip_sample { Clip::Range(self.clip_sample_range) } else { Clip::None }
    }

    /// A row at `from` whose network is told `time`, with data and noise as its output says them. `rederived`: if the data are
    /// clipped, the noise is the one that leads from them to `x`.
    fn evaluate(&self, schedule: &Schedule, time: f64, from: Level, next: Option<f64>, to: Level, rederived: bool) -> Evaluation {
        let Solved { clean, noise } = schedule.prediction_type().solve(from);
        let row = Row::new(time, next, from, to, clean);
        match self.clip() {
            Clip::None => Evaluation { row, clean, noise },
            _ if rederived => {
                let noise = Linear { x: 1.0 / from.noise, m: 0.0, clean: -from.signal / from.noise };
                Evaluation { row, clean: Linear::CLEAN, noise }
            }
            _ => Evaluation { row, clean: Linear::CLEAN, noise },
        }
    }

    /// Clean data to noise. DDIM's steps are taken backwards: the network sees the sample of the lower level and is told the level
    /// above, as diffusers' DDIMInverseScheduler has it; each is corrected as often as `num_resamples` says. Euler's and Heun's
    /// methods integrate the ODE upwards.
    fn upwards(&self, schedule: &Schedule, grid: &Grid) -> Vec<Row> {
        let first = Node { time: schedule.network_time(0), level: schedule.level_at(0.0) };
        // A network that predicts the data says nothing of noise where there is none: the start then counts as timestep 0.
        let needs_noise = schedule.prediction_type() == PredictionType::Sample;
        let mut below = Node { level: if needs_noise { first.level } else { grid.end_level() }, ..first };
        let mut rows = Vec::new();
        for node in grid.nodes.iter().rev() {
            if self.sampler == SamplerName::Heun {
                rows.extend(self.heun_step(schedule, below, *node));
            } else {
                let told = if self.sampler == SamplerName::Ddim { node.time } else { below.time };
                let Evaluation { row, clean, noise } = self.evaluate(schedule, told, below.level, Some(node.time), node.level, false);
                let result = clean.times(node.level.signal).plus(noise.times(node.level.noise));
                let kept = if self.num_resamples > 1 { Linear::X } else { Linear::default() };
                rows.push(row.keeping(kept).giving(result, [0.0; 3], 0.0));
                rows.extend(self.corrections(schedule, below.level, *node));
            }
            below = *node;
        }
        rows
    }

    /// What makes a step upwards the inverse of the step down: `x` above is sought from which DDIM's step leads to the sample below,
    /// `below = a · x + b · m(x)`, by `x ← (below - b · m(x))/a` from the estimate that the step itself gave (a fixed point;
    /// Pan et al., arXiv 2309.04907, section 3.2). The sample below is what the first row of the step kept.
    fn corrections(&self, schedule: &Schedule, below: Level, node: Node) -> Vec<Row> {
        let Evaluation { row, .. } = self.evaluate(schedule, node.time, node.level, Some(node.time), node.level, false);
        let down = schedule.prediction_type().solve(node.level);
        let step = down.clean.times(below.signal).plus(down.noise.times(below.noise));
        let (a, b) = (step.x, step.m);
        // Nothing can be sought where the step down forgets the sample.
        if a.abs() < 1e-6 || !b.is_finite() {
            return Vec::new();
        }
        let correction = |back: usize| {
            let mut history = [0.0; 3];
            history[back] = 1.0 / a;
            row.giving(Linear { x: 0.0, m: -b / a, clean: 0.0 }, history, 0.0)
        };
        (0..self.num_resamples - 1).map(correction).collect()
    }
}

/// A row that knows what its network says, and what of it may be used.
struct Evaluation {
    row: Row,
    clean: Linear,
    noise: Linear,
}

#[cfg(test)]
mod tests;
