//! What a network is trained for: targets, the loss's weights, and how often each timestep is drawn.

use serde::{Deserialize, Serialize};

use super::{Level, PredictionType, Schedule, ScheduleConfig};
use crate::error::{Error, Result};
use crate::threefry::normal_quantile;

/// How errors at different timesteps count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub enum LossWeighting {
    /// All alike: the mean square of the error in what the network says (DDPM, arXiv 2006.11239, equation 14).
    #[default]
    Uniform,
    /// The error of `x̂_0` counts `min(SNR, snr_gamma)`, whatever the network says (min-SNR-γ, arXiv 2303.09556, section 3.4).
    MinSnr,
    /// By the list `gamma` (the `γ_t` of DDIM, arXiv 2010.02502, equation 5).
    Gamma,
}

/// How timesteps are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub enum TimestepSampling {
    /// All alike.
    #[default]
    Uniform,
    /// `t/T` is the logistic function of a normal number (Stable Diffusion 3, arXiv 2403.03206, section 3.1).
    LogitNormal,
}

/// The training objective beside what [`PredictionType`] says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields, default)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub struct ObjectiveConfig {
    /// How errors at different timesteps count.
    pub loss_weighting: LossWeighting,
    /// Largest signal-to-noise ratio that counts in full, for [`LossWeighting::MinSnr`].
    pub snr_gamma: f64,
    /// For [`LossWeighting::Gamma`]: weights of timesteps spread evenly from 0 to `T - 1`, straight lines between them.
    pub gamma: Vec<f64>,
    /// How timesteps are drawn.
    pub timestep_sampling: TimestepSampling,
    /// Mean of the normal number of [`TimestepSampling::LogitNormal`]; above 0 favours noise.
    pub logit_mean: f64,
    /// Its standard deviation.
    pub logit_std: f64,
}

impl Default for ObjectiveConfig {
    fn default() -> Self {
        ObjectiveConfig {
            loss_weighting: LossWeighting::Uniform,
            snr_gamma: 5.0,
            gamma: vec![1.0],
            timestep_sampling: TimestepSampling::Uniform,
            logit_mean: 0.0,
            logit_std: 1.0,
        }
    }
}

impl ObjectiveConfig {
    /// Most weights in `gamma`.
    pub const MAX_GAMMA: usize = ScheduleConfig::MAX_TIMESTEPS;

    /// Checks every field; the error names the first that is wrong, as `objective.…`.
    pub fn validate(&self) -> Result<()> {
        let within = |field: &str, value: f64, low: f64, high: f64| {
            // NaN is in no range.
            if (low..=high).contains(&value) {
                return Ok(());
            }
            Err(Error::config(format!("objective.{field}"), format!("{value} is out of range: choose a number from {low} to {high}")))
        };
        within("snr_gamma", self.snr_gamma, 1e-3, 1e3)?;
        within("logit_mean", self.logit_mean, -10.0, 10.0)?;
        within("logit_std", self.logit_std, 0.01, 10.0)?;
        let fail = |message: String| Err(Error::config("objective.gamma", message));
        if !(1..=Self::MAX_GAMMA).contains(&self.gamma.len()) {
            return fail(format!("{} weights: give 1 to {}, spread evenly over the timesteps", self.gamma.len(), Self::MAX_GAMMA));
        }
        if let Some(weight) = self.gamma.iter().find(|g| !(0.0..=1e6).contains(*g)) {
            return fail(format!("{weight} is no weight: choose numbers from 0 to 1,000,000"));
        }
        if self.gamma.iter().all(|g| *g == 0.0) {
            return fail("all weights are 0: nothing would be learned; raise one".into());
        }
        Ok(())
    }

    /// Weight of the squared error of the network's output at timestep `t`.
    fn weight(&self, schedule: &Schedule, t: usize) -> f64 {
        match self.loss_weighting {
            LossWeighting::Uniform => 1.0,
            LossWeighting::MinSnr => min_snr(schedule.prediction_type(), schedule.level(t), self.snr_gamma),
            LossWeighting::Gamma => {
                let place = t as f64 / (schedule.num_train_timesteps() - 1) as f64 * (self.gamma.len() - 1) as f64;
                let left = place as usize;
                let right = (left + 1).min(self.gamma.len() - 1);
                self.gamma[left] + (self.gamma[right] - self.gamma[left]) * (place - left as f64)
            }
        }
    }

    /// The timestep below which a share `p` of all draws lie.
    fn quantile(&self, p: f64, timesteps: usize) -> u32 {
        let u = match self.timestep_sampling {
            TimestepSampling::Uniform => p,
            TimestepSampling::LogitNormal => 1.0 / (1.0 + (-(self.logit_mean + self.logit_std * normal_quantile(p))).exp()),
        };
        ((u * timesteps as f64) as usize).min(timesteps - 1) as u32
    }
}

/// `min(SNR, γ)` for each unit of squared error in `x̂_0`, which is `1/SNR` of one in `ε̂`, `1/(SNR + 1)` of one in `v`, and
/// `noise²` of one in the velocity.
fn min_snr(kind: PredictionType, level: Level, gamma: f64) -> f64 {
    let snr = level.snr();
    match kind {
        // Without signal the ratio is 1 in the limit.
        PredictionType::Epsilon => (gamma / snr).min(1.0),
        PredictionType::Sample => snr.min(gamma),
        PredictionType::VPrediction => snr.min(gamma) / (snr + 1.0),
        PredictionType::FlowPrediction => snr.min(gamma) * level.noise * level.noise,
    }
}

/// What training reads, each of length `T` but for `quantiles`.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingTables {
    /// `[signal, noise]`: `x_t = signal · x_0 + noise · ε`.
    pub forward: Vec<[f64; 2]>,
    /// `[a, b]` of the target `m = a · x_0 + b · ε`.
    pub target: Vec<[f64; 2]>,
    /// Weight of the squared error of `m`.
    pub weight: Vec<f64>,
    /// What the network is told.
    pub times: Vec<f64>,
    /// Timesteps of which a uniformly chosen one has the distribution of [`TimestepSampling`].
    pub quantiles: Vec<u32>,
}

impl TrainingTables {
    /// Length of [`TrainingTables::quantiles`].
    pub const QUANTILES: usize = 16_384;

    /// The tables of a schedule and an objective, after [`ObjectiveConfig::validate`].
    pub fn new(schedule: &Schedule, objective: &ObjectiveConfig) -> Result<Self> {
        objective.validate()?;
        let timesteps = schedule.num_train_timesteps();
        let kind = schedule.prediction_type();
        let levels: Vec<Level> = (0..timesteps).map(|t| schedule.level(t)).collect();
        let share = |i: usize| (i as f64 + 0.5) / Self::QUANTILES as f64;
        Ok(TrainingTables {
            forward: levels.iter().map(|level| [level.signal, level.noise]).collect(),
            target: levels.iter().map(|level| kind.target(*level)).collect(),
            weight: (0..timesteps).map(|t| objective.weight(schedule, t)).collect(),
            times: (0..timesteps).map(|t| schedule.network_time(t)).collect(),
            quantiles: (0..Self::QUANTILES).map(|i| objective.quantile(share(i), timesteps)).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [PredictionType; 4] =
        [PredictionType::Epsilon, PredictionType::Sample, PredictionType::VPrediction, PredictionType::FlowPrediction];

    fn schedule(prediction_type: PredictionType) -> Schedule {
        Schedule::new(&ScheduleConfig { prediction_type, ..ScheduleConfig::default() }).unwrap()
    }

    #[test]
    fn targets_and_inputs_agree_with_the_levels() {
        for kind in KINDS {
            let schedule = schedule(kind);
            let tables = TrainingTables::new(&schedule, &ObjectiveConfig::default()).unwrap();
            for t in [0, 500, 999] {
                let level = schedule.level(t);
                assert_eq!(tables.forward[t], [level.signal, level.noise]);
                assert_eq!(tables.target[t], kind.target(level));
                assert_eq!(tables.weight[t], 1.0);
            }
        }
        let flow = TrainingTables::new(&schedule(PredictionType::FlowPrediction), &ObjectiveConfig::default()).unwrap();
        assert_eq!((flow.forward[999], flow.times[999], flow.times[0]), ([0.0, 1.0], 1000.0, 1.0));
    }

    #[test]
    fn min_snr_weighs_the_error_of_the_data_alike_for_all_outputs() {
        // An error e in m is an error of clean.m · e in the predicted data.
        let objective = ObjectiveConfig { loss_weighting: LossWeighting::MinSnr, ..ObjectiveConfig::default() };
        for kind in KINDS {
            let schedule = schedule(kind);
            let tables = TrainingTables::new(&schedule, &objective).unwrap();
            for t in [0, 10, 300, 700, 998] {
                let level = schedule.level(t);
                let error = kind.solve(level).clean.m.powi(2);
                let expected = error * level.snr().min(5.0);
                assert!((tables.weight[t] / expected - 1.0).abs() < 1e-12, "{kind:?} {t}");
            }
        }
        let zero =
            ScheduleConfig { rescale_betas_zero_snr: true, prediction_type: PredictionType::VPrediction, ..ScheduleConfig::default() };
        let tables = TrainingTables::new(&Schedule::new(&zero).unwrap(), &objective).unwrap();
        assert!(tables.weight.iter().all(|w| w.is_finite()));
    }

    #[test]
    fn gamma_is_drawn_through_its_points() {
        let objective = ObjectiveConfig { loss_weighting: LossWeighting::Gamma, gamma: vec![1.0, 3.0, 0.0], ..ObjectiveConfig::default() };
        let weight = TrainingTables::new(&schedule(PredictionType::Epsilon), &objective).unwrap().weight;
        assert_eq!((weight[0], weight[999]), (1.0, 0.0));
        assert!((weight[333] - (1.0 + 2.0 * 666.0 / 999.0)).abs() < 1e-12);
        let flat = ObjectiveConfig { gamma: vec![2.0], ..objective };
        assert!(TrainingTables::new(&schedule(PredictionType::Epsilon), &flat).unwrap().weight.iter().all(|w| *w == 2.0));
    }

    #[test]
    fn timesteps_have_the_distribution_asked_for() {
        let share_below = |objective: &ObjectiveConfig, t: u32| {
            let tables = TrainingTables::new(&schedule(PredictionType::Epsilon), objective).unwrap();
            tables.quantiles.iter().filter(|q| **q < t).count() as f64 / TrainingTables::QUANTILES as f64
        };
        let uniform = ObjectiveConfig::default();
        assert!((share_below(&uniform, 250) - 0.25).abs() < 1e-4);
        // Below t/T = 1/(1+e) lie the normal numbers below -1.
        let logit = ObjectiveConfig { timestep_sampling: TimestepSampling::LogitNormal, ..uniform.clone() };
        assert!((share_below(&logit, 269) - 0.1587).abs() < 2e-3);
        let noisy = ObjectiveConfig { logit_mean: 1.0, logit_std: 0.5, ..logit };
        assert!((share_below(&noisy, 731) - 0.5).abs() < 2e-3);
    }

    #[test]
    fn bad_fields_are_named() {
        let good = ObjectiveConfig::default();
        for (objective, field) in [
            (ObjectiveConfig { snr_gamma: 0.0, ..good.clone() }, "snr_gamma"),
            (ObjectiveConfig { snr_gamma: f64::NAN, ..good.clone() }, "snr_gamma"),
            (ObjectiveConfig { gamma: vec![], ..good.clone() }, "gamma"),
            (ObjectiveConfig { gamma: vec![1.0, -1.0], ..good.clone() }, "gamma"),
            (ObjectiveConfig { gamma: vec![0.0, 0.0], ..good.clone() }, "gamma"),
            (ObjectiveConfig { gamma: vec![1.0; 4001], ..good.clone() }, "gamma"),
            (ObjectiveConfig { logit_mean: f64::INFINITY, ..good.clone() }, "logit_mean"),
            (ObjectiveConfig { logit_std: 0.0, ..good }, "logit_std"),
        ] {
            let error = TrainingTables::new(&schedule(PredictionType::Epsilon), &objective).unwrap_err();
            assert!(error.to_string().starts_with(&format!("objective.{field}: ")), "{error}");
        }
    }
}
