//! To diffusers.

use serde_json::{Map, Value, json};

use super::super::{BetaSchedule, PredictionType, SamplerConfig, SamplerName, Schedule, ScheduleConfig, TimestepSpacing};
use super::Class;
use crate::error::{Error, Result};

/// Writes `scheduler_config.json` of the class of diffusers that samples in this way. A schedule that the class does not
/// know becomes its list `trained_betas`. What diffusers takes at each call is not part of it: the number of steps or a list of
/// them, `eta`, `use_clipped_model_output`, `strength`.
///
/// # Errors
/// [`Error::Config`] naming the field as `schedule.…` or `sample.…` if it is wrong, or if no class of diffusers can honour it.
pub fn write_scheduler_config(schedule: &ScheduleConfig, sampler: &SamplerConfig) -> Result<String> {
    let tables = Schedule::new(schedule)?;
    sampler.table(&tables)?;
    let class = class(schedule, sampler)?;
    let mut file = Map::new();
    let mut put = |key: &str, value: Value| file.insert(key.to_string(), value);
    put("_class_name", json!(class.name()));
    put("num_train_timesteps", json!(schedule.num_train_timesteps));
    if class.is_flow() {
        put("shift", json!(schedule.shift));
        if class == Class::FlowEuler {
            put("use_karras_sigmas", json!(sampler.use_karras_sigmas));
        }
    } else {
        process(class, schedule, &mut put);
        put("timestep_spacing", json!(sampler.timestep_spacing));
        put("steps_offset", json!(sampler.steps_offset));
        sampling(class, schedule, sampler, &mut put);
    }
    Ok(format!("{:#}\n", Value::Object(file)))
}

fn fail(field: &str, message: impl Into<String>) -> Error {
    Error::config(field, message)
}

/// The class that honours everything.
fn class(schedule: &ScheduleConfig, sampler: &SamplerConfig) -> Result<Class> {
    let flow = schedule.is_flow();
    let class = match sampler.sampler {
        SamplerName::Ddim if flow => {
            return Err(fail("sample.sampler", "diffusers has no DDIM of flow matching: choose Euler or Heun"));
        }
        SamplerName::Ddim if sampler.inverse => Class::DdimInverse,
        SamplerName::Ddim => Class::Ddim,
        SamplerName::Ddpm => Class::Ddpm,
        SamplerName::Euler if flow => Class::FlowEuler,
        SamplerName::Euler => Class::Euler,
        SamplerName::EulerAncestral => Class::EulerAncestral,
        SamplerName::Heun if flow => Class::FlowHeun,
        SamplerName::Heun => Class::Heun,
        SamplerName::Dpmpp => Class::DpmSolver,
        SamplerName::Lms => Class::Lms,
    };
    let name = class.name();
    if sampler.inverse && class != Class::DdimInverse {
        return Err(fail("sample.inverse", format!("{name} has no inverse: set it to false, or choose DDIM")));
    }
    if sampler.num_resamples > 1 {
        return Err(fail("sample.num_resamples", format!("{name} takes each step once: set it to 1")));
    }
    if flow && sampler.timestep_spacing != TimestepSpacing::Linspace {
        return Err(fail("sample.timestep_spacing", format!("{name} spreads the levels of flow matching by linspace only: choose that")));
    }
    if class == Class::DdimInverse {
        if sampler.timestep_spacing == TimestepSpacing::Linspace {
            return Err(fail("sample.timestep_spacing", format!("{name} has no linspace: choose leading or trailing")));
        }
        if sampler.thresholding {
            return Err(fail("sample.thresholding", format!("{name} has none: set it to false")));
        }
    }
    if class == Class::FlowHeun {
        if sampler.use_karras_sigmas {
            return Err(fail("sample.use_karras_sigmas", format!("{name} has none: set it to false, or choose Euler")));
        }
        if sampler.clip_sample {
            return Err(fail("sample.clip_sample", format!("{name} does not clip: set it to false")));
        }
    }
    if schedule.rescale_betas_zero_snr && matches!(class, Class::Heun | Class::Lms) {
        let message = format!("{name} divides by the signal that is not there: set it to false, or choose Euler");
        return Err(fail("schedule.rescale_betas_zero_snr", message));
    }
    if class == Class::EulerAncestral && schedule.prediction_type == PredictionType::Sample {
        return Err(fail("schedule.prediction_type", format!("{name} does not know sample: choose epsilon or v_prediction, or DDPM")));
    }
    Ok(class)
}

/// The schedule's keys; of flow matching there are none.
fn process(class: Class, schedule: &ScheduleConfig, put: &mut impl FnMut(&str, Value) -> Option<Value>) {
    let known = match schedule.beta_schedule {
        BetaSchedule::Linear | BetaSchedule::ScaledLinear | BetaSchedule::SquaredcosCapV2 => true,
        BetaSchedule::Sigmoid => class == Class::Ddpm,
        BetaSchedule::Ramp | BetaSchedule::Drawn => false,
    };
    let shape = if known { schedule.beta_schedule } else { BetaSchedule::Linear };
    let betas = match &schedule.trained_betas {
        None if !known && !schedule.is_flow() => Some(super::super::schedule::betas(schedule)),
        betas => betas.clone(),
    };
    put("beta_start", json!(schedule.beta_start));
    put("beta_end", json!(schedule.beta_end));
    put("beta_schedule", json!(shape));
    put("trained_betas", json!(betas));
    put("prediction_type", json!(schedule.prediction_type));
    if !matches!(class, Class::Heun | Class::Lms) {
        put("rescale_betas_zero_snr", json!(schedule.rescale_betas_zero_snr));
    }
}

/// The sampler's keys.
fn sampling(class: Class, schedule: &ScheduleConfig, sampler: &SamplerConfig, put: &mut impl FnMut(&str, Value) -> Option<Value>) {
    if matches!(class, Class::Ddpm | Class::Ddim | Class::DdimInverse | Class::Heun) {
        put("clip_sample", json!(sampler.clip_sample));
        put("clip_sample_range", json!(sampler.clip_sample_range));
    }
    if matches!(class, Class::Ddpm | Class::Ddim | Class::DpmSolver) {
        put("thresholding", json!(sampler.thresholding));
        put("dynamic_thresholding_ratio", json!(sampler.dynamic_thresholding_ratio));
        put("sample_max_value", json!(sampler.sample_max_value));
    }
    if matches!(class, Class::Ddim | Class::DdimInverse) {
        put("set_alpha_to_one", json!(sampler.set_alpha_to_one));
    }
    if class == Class::Ddpm {
        put("variance_type", json!(sampler.variance_type));
    }
    if matches!(class, Class::Euler | Class::Heun | Class::DpmSolver | Class::Lms) {
        put("use_karras_sigmas", json!(sampler.use_karras_sigmas));
    }
    if matches!(class, Class::Euler | Class::DpmSolver) {
        put("final_sigmas_type", json!(sampler.final_sigmas_type));
    }
    if class == Class::DpmSolver {
        put("solver_order", json!(sampler.solver_order));
        put("algorithm_type", json!(sampler.algorithm_type));
        put("solver_type", json!(sampler.solver_type));
        put("lower_order_final", json!(sampler.lower_order_final));
        put("euler_at_final", json!(sampler.euler_at_final));
        put("use_flow_sigmas", json!(schedule.is_flow()));
        put("flow_shift", json!(schedule.shift));
    }
}
