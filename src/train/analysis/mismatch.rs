//! Is the network asked, while sampling, what it was trained to answer?

use super::Process;
use super::diagnose::{Finding, Severity, Value, outside};
use crate::diffusion::ScheduleConfig;
use crate::train::{Config, SampleOptions};
use crate::{Error, Result};

/// Fields of a schedule in the order in which a difference is named: those that change everything first.
const FIELDS: [&str; 9] = [
    "prediction_type",
    "num_train_timesteps",
    "beta_schedule",
    "trained_betas",
    "log_snr",
    "beta_start",
    "beta_end",
    "rescale_betas_zero_snr",
    "shift",
];

/// The first field in which two schedules differ, and both its values.
fn first_difference(trained: &ScheduleConfig, sampled: &ScheduleConfig) -> Option<(&'static str, Value, Value)> {
    let [trained, sampled] = [trained, sampled].map(|config| serde_json::to_value(config).unwrap_or_default());
    let differing = FIELDS.into_iter().find(|field| trained[*field] != sampled[*field])?;
    Some((differing, value(&trained[differing]), value(&sampled[differing])))
}

fn value(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Number(number) => Value::Number(number.as_f64().unwrap_or(f64::NAN)),
        serde_json::Value::String(text) => Value::Text(text.clone()),
        serde_json::Value::Array(list) => Value::Text(format!("{} numbers", list.len())),
        serde_json::Value::Null => Value::Text("none".into()),
        other => Value::Text(other.to_string()),
    }
}

/// Where noise is this much more than signal, more of it changes nothing.
const PURE_NOISE: f64 = 100.0;

/// How wrong the network is about the noise, over all timesteps of `sampled`: the largest `|ln σ̃ - ln σ̃'|`, with `σ̃` the noise that
/// there is, and `σ̃'` what training had where the network was told the same.
fn misjudged(trained: &Process, sampled: &Process) -> f64 {
    let log = |sigma: f64| sigma.min(PURE_NOISE).ln();
    let error = |t: usize| (log(sampled.level(t).sigma()) - log(trained.at_time(sampled.time(t)).sigma())).abs();
    (0..sampled.steps()).map(error).fold(0.0, f64::max)
}

/// Does sampling go through the levels of training, and begin where training ended? `variance` is that of the data.
///
/// **Levels.** A network that takes the noise for a tenth more or less than it is removes a tenth too much or too little: a warning;
/// half more, and samples stay rough or melt. Another meaning of its output is beyond repair. `field` names the first field of the schedule
/// that differs, `trained` and `sampled` are its values.
///
/// **Start.** A run begins with pure noise, whatever its first timestep. There the network expects data of variance `v` at the
/// timestep's signal-to-noise ratio: `v · SNR` is the signal that it looks for in vain. A twentieth is a ghost of the mean, a
/// quarter spoils shapes. `field` is `start` if a later timestep would have been right (`trained`, `sampled`: the last timestep and
/// the first of the run), `start_snr` if training itself never reached noise (`trained`, `sampled`: its ratio, and that of noise).
///
/// # Errors
/// [`Error::Config`] if no table can be made of the options.
pub fn schedule_finding(config: &Config, options: &SampleOptions, variance: f64) -> Result<Finding> {
    let schedule = options.schedule(config)?;
    let (trained, sampled) = (Process::new(&config.schedule)?, Process::of(&schedule));
    let table = options.sampler_config(config).table(&schedule)?;
    let start = table.rows.first().ok_or_else(|| Error::config("sample.num_inference_steps", "gives no step: choose at least 1"))?;
    let last = trained.steps() - 1;
    let (snr_trained, snr_sampled) = (trained.level(last).snr(), start.from.snr());

    let other_meaning = config.schedule.prediction_type != schedule.prediction_type();
    let levels = if other_meaning { Severity::Bad } else { outside(misjudged(&trained, &sampled), 0.0..=0.1, 0.0..=0.5) };
    let lost = |snr: f64| outside(variance * snr, 0.0..=0.05, 0.0..=0.25);
    // Neither an image that shows through nor a way from data to noise begins with pure noise.
    let from_noise = !options.inverse && options.strength >= 1.0;
    let same = || (Severity::Ok, "", Value::Number(trained.time(last)), Value::Number(start.timestep));
    let difference = first_difference(&config.schedule, schedule.config()).filter(|_| levels != Severity::Ok);
    let (severity, field, was, is) = match difference {
        Some((field, was, is)) => (levels, field, was, is),
        None if !from_noise => same(),
        None => match (lost(snr_trained), lost(snr_sampled)) {
            (Severity::Ok, Severity::Ok) => same(),
            (Severity::Ok, bad) => (bad, "start", Value::Number(trained.time(last)), Value::Number(start.timestep)),
            (bad, _) => (bad, "start_snr", Value::Number(snr_trained), Value::Number(0.0)),
        },
    };
    let mut finding = Finding::new("schedule", severity, &[("start_snr_trained", snr_trained), ("start_snr_sampled", snr_sampled)]);
    finding.values.extend([("field", Value::Text(field.into())), ("trained", was), ("sampled", is)]);
    Ok(finding)
}
