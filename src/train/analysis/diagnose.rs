//! Why are the samples still noise? Four things that go wrong, each looked for by itself.

use std::collections::BTreeMap;

use super::{Draws, OneStep, Process, mean_and_error};
use crate::train::Config;
use serde::Serialize;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// As it should be.
    Ok,
    /// Worth a look.
    Warn,
    /// Enough by itself to spoil the samples.
    Bad,
}

/// A number or a word.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A number.
    Number(f64),
    /// A word: the name of a field.
    Text(String),
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// `data_range`, `one_step`, `ema` or `schedule`.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What was measured, by name.
    pub values: BTreeMap<&'static str, Value>,
}

impl Finding {
    pub(super) fn new(id: &'static str, severity: Severity, numbers: &[(&'static str, f64)]) -> Self {
        let values = numbers.iter().map(|(name, number)| (*name, Value::Number(*number))).collect();
        Finding { id, severity, values }
    }

    /// A number that was measured; NaN if there is none of this name.
    pub fn number(&self, name: &str) -> f64 {
        match self.values.get(name) {
            Some(Value::Number(number)) => *number,
            _ => f64::NAN,
        }
    }

    /// A word that was found; empty if there is none of this name.
    pub fn text(&self, name: &str) -> &str {
        match self.values.get(name) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }
}

/// `Warn` outside `warn`, `Bad` outside `bad`; NaN is outside of everything.
pub(super) fn outside(value: f64, warn: std::ops::RangeInclusive<f64>, bad: std::ops::RangeInclusive<f64>) -> Severity {
    match value {
        v if warn.contains(&v) => Severity::Ok,
        v if bad.contains(&v) => Severity::Warn,
        _ => Severity::Bad,
    }
}

/// Do the data have the size that schedules are made for?
///
/// A schedule says how much signal is left beside noise of deviation 1, for data of about that size. Data `s` times as large keep
/// `s²` times the signal-to-noise ratio at every timestep: too large, and pure noise is not where the chain ends; too small, and the
/// network sees next to no signal at most timesteps. A factor of 2 shifts the whole schedule by `ln 4` in log-SNR, a tenth of the 14 that the
/// usual schedules span, and is called bad; the bounds lie a little below, so that the spread of the draws does not decide. Images are judged by the value farthest from 0, which should be 1 (a
/// dark set may stay somewhat below), points by their deviation.
pub fn data_range(config: &Config, draws: &Draws) -> Finding {
    let low = draws.values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = draws.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let n = draws.values.len() as f64;
    let mean = draws.values.iter().sum::<f64>() / n;
    let deviation = (draws.values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
    // Points of unit variance: nearly all of them lie within three deviations.
    let expected = if config.images.is_some() { 1.0 } else { 3.0 };
    let severity = match config.images {
        Some(_) => outside(high.max(-low), 0.7..=1.05, 0.55..=1.8),
        None => outside(deviation, 0.7..=1.4, 0.55..=1.8),
    };
    let ends = [("expected_low", -expected), ("expected_high", expected)];
    let numbers = [[("low", low), ("high", high)], [("mean", mean), ("deviation", deviation)], ends].concat();
    Finding::new("data_range", severity, &numbers)
}

/// The three timesteps at which [`one_step_finding`] looks: noise of half, once and twice the data's deviation.
///
/// There even the best linear guess, made for Gaussian data of this variance `v`, has no more than 0.8, 0.5 and 0.8 of the baseline's
/// error (`v σ̃²/(v + σ̃²)` against `min(v, σ̃²)`); data with any shape leave less. A network that has learned is below that.
pub fn one_step_levels(process: &Process, draws: &Draws) -> [usize; 3] {
    let deviation = draws.variance().sqrt();
    [0.5, 1.0, 2.0].map(|share| process.nearest(share * deviation))
}

/// Does the network find the clean data at all? `probe` is [`super::one_step`] at [`one_step_levels`].
///
/// Bad when a level is hardly better than no network (95 % of its error), a warning when it falls short of the linear guess (above
/// 85 %, to leave room for the errors of a small network on data that are close to Gaussian).
pub fn one_step_finding(probe: &OneStep, step: u32) -> Finding {
    let ratio = probe.error.iter().zip(&probe.baseline).map(|(error, baseline)| error / baseline);
    // f64::max would pass over NaN.
    let worst = ratio.fold(0.0, |worst: f64, r| if r > worst || r.is_nan() { r } else { worst });
    let severity = outside(worst, 0.0..=0.85, 0.0..=0.95);
    let names = [["error_low", "error_mid", "error_high"], ["baseline_low", "baseline_mid", "baseline_high"]];
    let mut numbers = vec![("step", f64::from(step))];
    for (names, values) in names.into_iter().zip([&probe.error, &probe.baseline]) {
        numbers.extend(names.into_iter().zip(values.iter().copied()));
    }
    Finding::new("one_step", severity, &numbers)
}

/// What is known of the moving average of the parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct EmaFacts {
    /// Loss of each draw with the moving average.
    pub losses: Vec<f64>,
    /// With the parameters as they are; same draws, timesteps and noise.
    pub raw: Vec<f64>,
    /// `‖ema - param‖/‖param‖`.
    pub distance: f64,
    /// Decay of the last step.
    pub decay: f64,
    /// Training steps done.
    pub step: u32,
}

/// Is the moving average, which samples are drawn with, a better network than the parameters, or one left behind?
///
/// As both see the same draws, the mean difference is known far better than either loss. An average that lags costs loss; a tenth more is
/// worth a look, a third more shows in samples. A difference within three standard errors is chance.
pub fn ema_finding(facts: &EmaFacts) -> Finding {
    let differences: Vec<f64> = facts.losses.iter().zip(&facts.raw).map(|(ema, raw)| ema - raw).collect();
    let (difference, error) = mean_and_error(&differences);
    let ((loss_ema, _), (loss_raw, _)) = (mean_and_error(&facts.losses), mean_and_error(&facts.raw));
    let severity = match difference / loss_raw {
        _ if difference.abs() <= 3.0 * error => Severity::Ok,
        behind => outside(behind.max(0.0), 0.0..=0.1, 0.0..=0.33),
    };
    // `max` turns NaN into 0: a network that says NaN has no good average.
    let severity = if difference.is_nan() { Severity::Bad } else { severity };
    let step = f64::from(facts.step);
    let numbers = [("distance", facts.distance), ("loss_ema", loss_ema), ("loss_raw", loss_raw), ("decay", facts.decay), ("step", step)];
    Finding::new("ema", severity, &numbers)
}
