//! The levels of a run's noise, and what the network's output says of data and noise at each: the one place that knows what
//! the network was trained to predict.

use crate::Result;
use crate::diffusion::{Level, PredictionType, Schedule, ScheduleConfig};

/// A number as a combination of the sample and the network's output: `x · x + m · m`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Factor of the sample.
    pub x: f64,
    /// Factor of the output.
    pub m: f64,
}

impl Reading {
    /// The number.
    pub fn of(self, x: f64, m: f64) -> f64 {
        self.x * x + self.m * m
    }
}

/// The noising process of a run, level by level.
#[derive(Debug, Clone)]
pub struct Process {
    levels: Vec<Level>,
    times: Vec<f64>,
    kind: PredictionType,
}

impl Process {
    /// That of a schedule.
    ///
    /// # Errors
    /// Those of [`Schedule::new`].
    pub fn new(config: &ScheduleConfig) -> Result<Self> {
        Ok(Self::of(&Schedule::new(config)?))
    }

    /// That of a schedule that has been made.
    pub fn of(schedule: &Schedule) -> Self {
        let all = 0..schedule.num_train_timesteps();
        let levels = all.clone().map(|t| schedule.level(t)).collect();
        Process { levels, times: all.map(|t| schedule.network_time(t)).collect(), kind: schedule.prediction_type() }
    }

    /// Number of timesteps `T`.
    pub fn steps(&self) -> usize {
        self.levels.len()
    }

    /// Level of timestep `t`.
    ///
    /// # Panics
    /// If `t ≥ T`.
    pub fn level(&self, t: usize) -> Level {
        self.levels[t]
    }

    /// What the network is told at timestep `t`.
    ///
    /// # Panics
    /// If `t ≥ T`.
    pub fn time(&self, t: usize) -> f64 {
        self.times[t]
    }

    /// What the network learns to say of one element.
    pub fn target(&self, level: Level, x0: f64, epsilon: f64) -> f64 {
        let [a, b] = self.kind.target(level);
        a * x0 + b * epsilon
    }

    /// The predicted clean data `x̂_0`: `x = signal · x_0 + noise · ε` and `m = a · x_0 + b · ε` solved for `x_0`.
    pub fn clean(&self, level: Level) -> Reading {
        let [a, b] = self.kind.target(level);
        let determinant = level.signal * b - level.noise * a;
        Reading { x: b / determinant, m: -level.noise / determinant }
    }

    /// The predicted noise `ε̂`: both solved for `ε`.
    pub fn noise(&self, level: Level) -> Reading {
        let [a, b] = self.kind.target(level);
        let determinant = level.signal * b - level.noise * a;
        Reading { x: -a / determinant, m: level.signal / determinant }
    }

    /// The level at which noise is `sigma` times the signal, and what the network is told there. Between two timesteps the time
    /// follows `ln σ̃` along a straight line, as diffusers has it for its σ-based samplers; in flow matching it is known. Beyond the
    /// table it stays at its end.
    pub fn at(&self, sigma: f64) -> (Level, f64) {
        let (first, last) = (self.times[0], self.times[self.steps() - 1]);
        if self.is_flow() {
            let share = sigma / (1.0 + sigma);
            return (Level { signal: 1.0 - share, noise: share }, (share * self.steps() as f64).clamp(first, last));
        }
        let time = match self.levels.partition_point(|level| level.sigma() <= sigma) {
            0 => first,
            t if t == self.steps() => last,
            t => {
                let (before, next) = (self.log_sigma(t - 1), self.log_sigma(t));
                // Without any signal the last logarithm is infinite: the share is then 0.
                let share = ((sigma.ln() - before) / (next - before)).clamp(0.0, 1.0);
                self.times[t - 1] + share * (self.times[t] - self.times[t - 1])
            }
        };
        (Level::of_sigma(sigma), time)
    }

    /// The level that a network was told of as `time`: the inverse of [`Process::at`].
    pub fn at_time(&self, time: f64) -> Level {
        let after = self.times.partition_point(|t| *t <= time);
        if after == 0 || after == self.steps() {
            return self.levels[after.saturating_sub(1)];
        }
        if self.is_flow() {
            let share = time / self.steps() as f64;
            return Level { signal: 1.0 - share, noise: share };
        }
        let share = (time - self.times[after - 1]) / (self.times[after] - self.times[after - 1]);
        if share == 0.0 {
            return self.levels[after - 1];
        }
        let (before, next) = (self.log_sigma(after - 1), self.log_sigma(after));
        Level::of_sigma((before + share * (next - before)).exp())
    }

    fn is_flow(&self) -> bool {
        self.kind == PredictionType::FlowPrediction
    }

    fn log_sigma(&self, t: usize) -> f64 {
        self.levels[t].sigma().ln()
    }

    /// The timestep whose `σ̃` comes nearest to `sigma`, by ratio.
    pub fn nearest(&self, sigma: f64) -> usize {
        let distance = |t: &usize| (self.levels[*t].sigma() / sigma).ln().abs();
        (0..self.steps()).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(0)
    }

    /// `‖x_0 - x̂_0‖²` weighs so much in the divergence of `q(x_{t-1} | x_t, x_0)` from the model's step at `t ≥ 1`, in nats:
    /// `½ (SNR_{t-1} - SNR_t)`, which is what DDPM's eq. 8 and 10 come to with `σ_t² = β̃_t` (VDM, 2107.00630, eq. 13).
    ///
    /// # Panics
    /// Unless `1 ≤ t < T`.
    pub fn step_weight(&self, t: usize) -> f64 {
        0.5 * (self.levels[t - 1].snr() - self.levels[t].snr())
    }

    /// `β̃_t`, the variance of `x_{t-1}` given `x_t` and `x_0` (DDPM, eq. 7), for `t ≥ 1`.
    ///
    /// # Panics
    /// Unless `1 ≤ t < T`.
    pub fn posterior_variance(&self, t: usize) -> f64 {
        let (before, now) = (self.levels[t - 1], self.levels[t]);
        before.noise * before.noise * (1.0 - now.snr() / before.snr())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [PredictionType; 4] =
        [PredictionType::Epsilon, PredictionType::Sample, PredictionType::VPrediction, PredictionType::FlowPrediction];

    fn process(prediction_type: PredictionType) -> Process {
        Process::new(&ScheduleConfig { prediction_type, ..ScheduleConfig::default() }).unwrap()
    }

    #[test]
    fn outputs_are_read_back() {
        let (x0, epsilon) = (0.7, -1.3);
        for kind in KINDS {
            let process = process(kind);
            for t in [0, 100, 998] {
                let level = process.level(t);
                let (x, m) = (level.signal * x0 + level.noise * epsilon, process.target(level, x0, epsilon));
                assert!((process.clean(level).of(x, m) - x0).abs() < 1e-10, "{kind:?} {t}");
                assert!((process.noise(level).of(x, m) - epsilon).abs() < 1e-10, "{kind:?} {t}");
            }
        }
    }

    #[test]
    fn levels_between_timesteps_meet_them() {
        for kind in KINDS {
            let process = process(kind);
            for t in [0, 1, 500, 998] {
                let level = process.level(t);
                let (again, time) = process.at(level.sigma());
                assert!((again.signal - level.signal).abs() < 1e-12 && (time - process.time(t)).abs() < 1e-6, "{t}: {again:?} {time}");
                assert_eq!(process.nearest(level.sigma()), t);
            }
            for sigma in [0.013, 0.5, 77.0] {
                let (level, time) = process.at(sigma);
                assert!((level.sigma() / sigma - 1.0).abs() < 1e-12);
                assert!((process.at_time(time).sigma() / sigma - 1.0).abs() < 1e-9, "{kind:?} {sigma}");
            }
            assert_eq!(process.at(1e-6).1, process.time(0));
            assert!((process.at(1e6).1 - process.time(999)).abs() < 0.01);
        }
    }

    #[test]
    fn steps_of_the_bound_are_those_of_ddpm() {
        let schedule = Schedule::new(&ScheduleConfig::default()).unwrap();
        let process = Process::new(&ScheduleConfig::default()).unwrap();
        for t in [1, 10, 500, 999] {
            let variance = schedule.posterior_variance(t, Some(t - 1));
            assert!((process.posterior_variance(t) / variance - 1.0).abs() < 1e-9);
            // The posterior's mean has x_0 with √ᾱ_{t-1} β_t/(1-ᾱ_t) (eq. 7).
            let factor = schedule.alphas_cumprod[t - 1].sqrt() * schedule.betas[t] / (1.0 - schedule.alphas_cumprod[t]);
            assert!((process.step_weight(t) / (factor * factor / (2.0 * variance)) - 1.0).abs() < 1e-9);
        }
    }
}
