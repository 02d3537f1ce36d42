//! Which levels a run visits, and what the network is told at each.

use super::super::schedule::shifted;
use super::super::timesteps::{continuous, multistep};
use super::super::{BetaSchedule, Level, Schedule, TimestepSpacing, timesteps};
use super::{FinalSigmasType, SamplerConfig, SamplerName};
use crate::error::{Error, Result};

/// A level, and what the network is told there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Node {
    pub time: f64,
    pub level: Level,
}

/// The levels of a run from the noisiest on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Grid {
    pub nodes: Vec<Node>,
    /// Where the last step ends: `None` is clean.
    pub end: Option<Node>,
}

impl Grid {
    /// The level where the last step ends.
    pub fn end_level(&self) -> Level {
        self.end.map_or(Level::CLEAN, |node| node.level)
    }

    /// From each node to the next, and from the last to the end.
    pub fn legs(&self) -> impl Iterator<Item = (Node, Option<f64>, Level)> {
        let next = self.nodes.iter().skip(1).map(|node| (Some(node.time), node.level));
        let ends = next.chain([(self.end.map(|node| node.time), self.end_level())]);
        self.nodes.iter().zip(ends).map(|(node, (time, level))| (*node, time, level))
    }

    /// The last `share` of the steps, as many as diffusers' image-to-image pipelines take.
    pub fn last_share(mut self, share: f64) -> Result<Grid> {
        let all = self.nodes.len();
        // 50 · 0.58 is a hair below 29 in floating point, which means 29.
        let kept = ((all as f64 * share + 1e-9) as usize).min(all);
        if kept == 0 {
            let message = format!("{share} of {all} steps is not one: choose at least {}", 1.0 / all as f64);
            return Err(Error::config("sample.strength", message));
        }
        self.nodes.drain(..all - kept);
        Ok(self)
    }
}

/// `n` levels from `first` to `last` in equal steps of `σ^(1/7)` (EDM, arXiv 2206.00364, equation 5).
fn karras(first: f64, last: f64, n: usize) -> impl Iterator<Item = f64> {
    const RHO: f64 = 7.0;
    let (from, to) = (first.powf(1.0 / RHO), last.powf(1.0 / RHO));
    let step = if n > 1 { (to - from) / (n - 1) as f64 } else { 0.0 };
    (0..n).map(move |i| (from + step * i as f64).powf(RHO))
}

/// The time at which a schedule has `sigma`, interpolated in `ln σ`.
fn time_of_sigma(schedule: &Schedule, sigma: f64) -> f64 {
    let last = schedule.num_train_timesteps() - 1;
    let log = |t: usize| schedule.sigma(t).ln();
    // The last timestep that is not noisier.
    let (mut low, mut above) = (0, last + 1);
    while above - low > 1 {
        let middle = (low + above) / 2;
        if log(middle) <= sigma.ln() { low = middle } else { above = middle }
    }
    let low = low.min(last - 1);
    let share = ((sigma.ln() - log(low)) / (log(low + 1) - log(low))).clamp(0.0, 1.0);
    low as f64 + share
}

impl SamplerConfig {
    /// The levels of all steps, after `check`.
    pub(super) fn grid(&self, schedule: &Schedule) -> Result<Grid> {
        let nodes = match (self.sampler, schedule.is_flow()) {
            (SamplerName::Ddim | SamplerName::Ddpm, _) => self.whole(schedule)?,
            (SamplerName::Dpmpp, false) => self.multistep(schedule)?,
            (SamplerName::Dpmpp, true) => self.multistep_flow(schedule)?,
            (_, false) => self.fractional(schedule)?,
            (_, true) => self.flow(schedule)?,
        };
        if nodes.windows(2).any(|w| w[1].level.sigma() >= w[0].level.sigma()) {
            let message = format!(
                "{} steps are too many for {}, as the levels of two would not fall: choose fewer, or timestep_spacing trailing",
                self.num_inference_steps,
                self.sampler.label()
            );
            return Err(Error::config("sample.num_inference_steps", message));
        }
        let clean = self.set_alpha_to_one && self.final_sigmas_type == FinalSigmasType::Zero;
        let first = Node { time: schedule.network_time(0), level: schedule.level(0) };
        Ok(Grid { nodes, end: if clean { None } else { Some(first) } })
    }

    /// Whole timesteps, at their exact levels.
    fn whole(&self, schedule: &Schedule) -> Result<Vec<Node>> {
        let list = if self.timesteps.is_empty() {
            timesteps(schedule.num_train_timesteps(), self.num_inference_steps, self.timestep_spacing, self.steps_offset)?
        } else {
            self.timesteps.iter().map(|t| *t as usize).collect()
        };
        Ok(list.into_iter().map(|t| Node { time: schedule.network_time(t), level: schedule.level(t) }).collect())
    }

    fn list(&self, schedule: &Schedule) -> Result<Vec<f64>> {
        if self.timesteps.is_empty() {
            return continuous(schedule.num_train_timesteps(), self.num_inference_steps, self.timestep_spacing, self.steps_offset);
        }
        Ok(self.timesteps.clone())
    }

    /// Times that may lie between timesteps, as diffusers' samplers have them that count noise in multiples of the signal.
    fn fractional(&self, schedule: &Schedule) -> Result<Vec<Node>> {
        let list = self.list(schedule)?;
        let nodes = list.iter().map(|t| Node { time: *t, level: schedule.level_at(*t) });
        if !self.use_karras_sigmas {
            return Ok(nodes.collect());
        }
        let sigma = |t: f64| schedule.level_at(t).sigma();
        let sigmas = karras(sigma(list[0]), sigma(list[list.len() - 1]), list.len());
        Ok(sigmas.map(|s| Node { time: time_of_sigma(schedule, s), level: Level::of_sigma(s) }).collect())
    }

    fn multistep(&self, schedule: &Schedule) -> Result<Vec<Node>> {
        let total = schedule.num_train_timesteps();
        if self.use_karras_sigmas {
            multistep(total, self.num_inference_steps, TimestepSpacing::Trailing, 0)?;
            // From the noisiest level of the schedule to the cleanest, whatever the spacing; what the network is told is rounded,
            // and cut for the cosine schedule. A time that is whole but for rounding counts as whole.
            let cut = schedule.config().beta_schedule == BetaSchedule::SquaredcosCapV2;
            let whole = |t: f64| if cut { (t + 1e-6).floor() } else { t.round_ties_even() };
            let sigmas = karras(schedule.sigma(total - 1), schedule.sigma(0), self.num_inference_steps);
            return Ok(sigmas.map(|s| Node { time: whole(time_of_sigma(schedule, s)), level: Level::of_sigma(s) }).collect());
        }
        let list = if self.timesteps.is_empty() {
            multistep(total, self.num_inference_steps, self.timestep_spacing, self.steps_offset)?
        } else {
            self.timesteps.clone()
        };
        Ok(list.into_iter().map(|t| Node { time: t, level: Level::of_sigma(schedule.sigma(t as usize)) }).collect())
    }

    /// Flow matching for Euler and Heun. `linspace` takes equal steps of `u` from 1 to `1/T`, shifted as in training: all `T`
    /// steps are the training's. (diffusers shifts the last level twice, issue 13243.)
    fn flow(&self, schedule: &Schedule) -> Result<Vec<Node>> {
        let (total, shift) = (schedule.num_train_timesteps(), schedule.config().shift);
        let n = if self.timesteps.is_empty() { self.num_inference_steps } else { self.timesteps.len() };
        let list = self.list(schedule)?;
        let mut sigmas: Vec<f64> = if self.timesteps.is_empty() && self.timestep_spacing == TimestepSpacing::Linspace {
            let step = if n > 1 { (1.0 / total as f64 - 1.0) / (n - 1) as f64 } else { 0.0 };
            (0..n).map(|i| shifted(shift, 1.0 + step * i as f64)).collect()
        } else {
            list.iter().map(|t| schedule.level_at(*t).noise).collect()
        };
        if self.use_karras_sigmas {
            sigmas = karras(sigmas[0], sigmas[n - 1], n).collect();
        }
        Ok(sigmas.into_iter().map(|sigma| flow_node(total, sigma)).collect())
    }

    /// Flow matching for DPM-Solver++. `linspace` is diffusers' `use_flow_sigmas`: `n + 1` equal steps of `u` from `1 - 1/T` to
    /// 0, without the last.
    fn multistep_flow(&self, schedule: &Schedule) -> Result<Vec<Node>> {
        let (total, n, shift) = (schedule.num_train_timesteps(), self.num_inference_steps, schedule.config().shift);
        let spread = multistep(total, n, self.timestep_spacing, self.steps_offset);
        if self.timesteps.is_empty() && self.timestep_spacing == TimestepSpacing::Linspace {
            spread?;
            let u = |i: usize| (1.0 - 1.0 / total as f64) * (n - i) as f64 / n as f64;
            return Ok((0..n).map(|i| flow_node(total, shifted(shift, u(i)))).collect());
        }
        let list = if self.timesteps.is_empty() { spread? } else { self.timesteps.clone() };
        Ok(list.into_iter().map(|t| flow_node(total, schedule.level_at(t).noise)).collect())
    }
}

fn flow_node(total: usize, sigma: f64) -> Node {
    Node { time: sigma * total as f64, level: Level { signal: 1.0 - sigma, noise: sigma } }
}
