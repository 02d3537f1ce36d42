//! From diffusers.

use serde_json::{Value, json};

use super::super::{
    AlgorithmType, BetaSchedule, FinalSigmasType, PredictionType, SamplerConfig, SamplerName, Schedule, ScheduleConfig, SolverType,
    TimestepSpacing, VarianceType,
};
use super::keys::{or, refused, shown};
use super::{Class, Keys};
use crate::error::{Error, Result};

/// Reads diffusers' `scheduler_config.json`: the name of its class, the schedule, and how to sample. A key that is left out has
/// its class's default. The number of steps is no key of these files: it is 50, or half the timesteps if there are fewer
/// than 100.
///
/// # Errors
/// [`Error::Config`] naming the key as `scheduler.…` if its value is wrong or cannot be honoured, or if it is not known.
pub fn read_scheduler_config(text: &str) -> Result<(String, ScheduleConfig, SamplerConfig)> {
    let mut keys = Keys::parse(text)?;
    let class = class(&mut keys)?;
    let mut schedule = ScheduleConfig { num_train_timesteps: keys.count("num_train_timesteps", 1000)?, ..ScheduleConfig::default() };
    // What follows counts on there being some.
    let enough = ScheduleConfig::MIN_TIMESTEPS..=ScheduleConfig::MAX_TIMESTEPS;
    if !enough.contains(&schedule.num_train_timesteps) {
        let message = format!("{} timesteps: choose a number from {} to {}", schedule.num_train_timesteps, enough.start(), enough.end());
        return Err(refused("num_train_timesteps", message));
    }
    let mut sampler = SamplerConfig { num_inference_steps: (schedule.num_train_timesteps / 2).clamp(1, 50), ..SamplerConfig::default() };
    if class.is_flow() {
        read_flow(class, &mut keys, &mut schedule, &mut sampler)?;
    } else {
        read_process(class, &mut keys, &mut schedule)?;
        read_steps(class, &mut keys, &schedule, &mut sampler)?;
        match class {
            Class::Ddpm => read_ddpm(&mut keys, &mut sampler)?,
            Class::Ddim => read_ddim(&mut keys, &mut sampler)?,
            Class::DdimInverse => {
                sampler.inverse = true;
                sampler.set_alpha_to_one = keys.flag("set_alpha_to_one", true)?;
                read_clip(&mut keys, &mut sampler, true)?;
            }
            Class::Euler => read_euler(&mut keys, &schedule, &mut sampler)?,
            Class::EulerAncestral => sampler.sampler = SamplerName::EulerAncestral,
            Class::Heun => {
                sampler.sampler = SamplerName::Heun;
                read_clip(&mut keys, &mut sampler, false)?;
                read_sigmas(&mut keys, &mut sampler)?;
            }
            Class::Lms => {
                sampler.sampler = SamplerName::Lms;
                read_sigmas(&mut keys, &mut sampler)?;
            }
            _ => read_dpm_solver(&mut keys, &mut schedule, &mut sampler)?,
        }
    }
    keys.finish(class.name())?;
    let checked = Schedule::new(&schedule).and_then(|tables| sampler.table(&tables));
    checked.map_err(|error| renamed(class, error))?;
    Ok((class.name().to_string(), schedule, sampler))
}

fn class(keys: &mut Keys) -> Result<Class> {
    let name = keys.text("_class_name");
    let found = name.as_ref().and_then(Value::as_str).and_then(|name| Class::ALL.into_iter().find(|class| class.name() == name));
    found.ok_or_else(|| {
        let names = Class::ALL.map(Class::name);
        let given = name.as_ref().map_or_else(|| "is missing".to_string(), |name| format!("{} is not known here", shown(name)));
        refused("_class_name", format!("{given}: expected {}", or(&names)))
    })
}

/// Errors of the tables name the fields here; the file has most of them under the same name.
fn renamed(class: Class, error: Error) -> Error {
    let Error::Config { field, message } = error else { return error };
    let key = field.rsplit('.').next().unwrap_or_default();
    let key = match key {
        "shift" if class == Class::DpmSolver => "flow_shift",
        // No key of the file says how many steps; too few timesteps are why there are none.
        "num_inference_steps" => "num_train_timesteps",
        key => key,
    };
    refused(key, message)
}

const SPACINGS: &[&str] = &["leading", "trailing", "linspace"];

fn read_process(class: Class, keys: &mut Keys, schedule: &mut ScheduleConfig) -> Result<()> {
    let heun = class == Class::Heun;
    schedule.beta_start = keys.number("beta_start", if heun { 0.00085 } else { 1e-4 })?;
    schedule.beta_end = keys.number("beta_end", if heun { 0.012 } else { 0.02 })?;
    let schedules: &[&str] = match class {
        Class::Ddpm => &["linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid"],
        _ => &["linear", "scaled_linear", "squaredcos_cap_v2"],
    };
    schedule.beta_schedule = keys.choice("beta_schedule", BetaSchedule::Linear, schedules)?;
    schedule.trained_betas = keys.list("trained_betas")?;
    let kinds: &[&str] = match class {
        Class::DpmSolver => &["epsilon", "sample", "v_prediction", "flow_prediction"],
        _ => &["epsilon", "sample", "v_prediction"],
    };
    schedule.prediction_type = keys.choice("prediction_type", PredictionType::Epsilon, kinds)?;
    if !matches!(class, Class::Heun | Class::Lms) {
        schedule.rescale_betas_zero_snr = keys.flag("rescale_betas_zero_snr", false)?;
    }
    Ok(())
}

fn read_steps(class: Class, keys: &mut Keys, schedule: &ScheduleConfig, sampler: &mut SamplerConfig) -> Result<()> {
    let leads = matches!(class, Class::Ddpm | Class::Ddim | Class::DdimInverse);
    let default = if leads { TimestepSpacing::Leading } else { TimestepSpacing::Linspace };
    let spacings = if class == Class::DdimInverse { &SPACINGS[..2] } else { SPACINGS };
    sampler.timestep_spacing = keys.choice("timestep_spacing", default, spacings)?;
    sampler.steps_offset = keys.count("steps_offset", 0)?;
    if sampler.steps_offset >= schedule.num_train_timesteps {
        return Err(refused("steps_offset", format!("{} leads beyond the last timestep: choose 0 or 1", sampler.steps_offset)));
    }
    Ok(())
}

fn read_clip(keys: &mut Keys, sampler: &mut SamplerConfig, default: bool) -> Result<()> {
    sampler.clip_sample = keys.flag("clip_sample", default)?;
    sampler.clip_sample_range = keys.number("clip_sample_range", 1.0)?;
    Ok(())
}

fn read_threshold(keys: &mut Keys, sampler: &mut SamplerConfig) -> Result<()> {
    sampler.thresholding = keys.flag("thresholding", false)?;
    sampler.dynamic_thresholding_ratio = keys.number("dynamic_thresholding_ratio", 0.995)?;
    sampler.sample_max_value = keys.number("sample_max_value", 1.0)?;
    Ok(())
}

/// Ways of spreading the levels, of which one is known here.
fn read_sigmas(keys: &mut Keys, sampler: &mut SamplerConfig) -> Result<()> {
    sampler.use_karras_sigmas = keys.flag("use_karras_sigmas", false)?;
    keys.only("use_exponential_sigmas", &[json!(false), Value::Null])?;
    keys.only("use_beta_sigmas", &[json!(false), Value::Null])
}

fn read_ddpm(keys: &mut Keys, sampler: &mut SamplerConfig) -> Result<()> {
    sampler.sampler = SamplerName::Ddpm;
    let types = ["fixed_small", "fixed_small_log", "fixed_large", "fixed_large_log"];
    sampler.variance_type = keys.choice("variance_type", VarianceType::FixedSmall, &types)?;
    read_clip(keys, sampler, true)?;
    read_threshold(keys, sampler)
}

fn read_ddim(keys: &mut Keys, sampler: &mut SamplerConfig) -> Result<()> {
    sampler.set_alpha_to_one = keys.flag("set_alpha_to_one", true)?;
    read_clip(keys, sampler, true)?;
    read_threshold(keys, sampler)
}

fn read_final(keys: &mut Keys, sampler: &mut SamplerConfig) -> Result<()> {
    sampler.final_sigmas_type = keys.choice("final_sigmas_type", FinalSigmasType::Zero, &["zero", "sigma_min"])?;
    Ok(())
}

fn read_euler(keys: &mut Keys, schedule: &ScheduleConfig, sampler: &mut SamplerConfig) -> Result<()> {
    sampler.sampler = SamplerName::Euler;
    read_sigmas(keys, sampler)?;
    read_final(keys, sampler)?;
    keys.only("interpolation_type", &[json!("linear")])?;
    keys.only("sigma_min", &[Value::Null])?;
    keys.only("sigma_max", &[Value::Null])?;
    // Continuous times are told to networks that predict v, and to no others.
    let types = [json!("discrete"), json!("continuous")];
    let told = if schedule.prediction_type == PredictionType::VPrediction { &types[..1] } else { &types };
    keys.only("timestep_type", told)
}

fn read_dpm_solver(keys: &mut Keys, schedule: &mut ScheduleConfig, sampler: &mut SamplerConfig) -> Result<()> {
    sampler.sampler = SamplerName::Dpmpp;
    sampler.solver_order = keys.count("solver_order", 2)?;
    let algorithms = ["dpmsolver++", "sde-dpmsolver++"];
    sampler.algorithm_type = keys.choice("algorithm_type", AlgorithmType::Dpmsolver, &algorithms)?;
    sampler.solver_type = keys.choice("solver_type", SolverType::Midpoint, &["midpoint", "heun"])?;
    sampler.lower_order_final = keys.flag("lower_order_final", true)?;
    sampler.euler_at_final = keys.flag("euler_at_final", false)?;
    read_threshold(keys, sampler)?;
    read_sigmas(keys, sampler)?;
    read_final(keys, sampler)?;
    keys.only("use_lu_lambdas", &[json!(false), Value::Null])?;
    keys.only("lambda_min_clipped", &[json!("-Infinity"), Value::Null])?;
    keys.only("variance_type", &[Value::Null])?;
    keys.only("use_dynamic_shifting", &[json!(false)])?;
    keys.only("time_shift_type", &[json!("exponential")])?;
    let flow = keys.flag("use_flow_sigmas", false)?;
    let shift = keys.number("flow_shift", 1.0)?;
    if flow != schedule.is_flow() {
        let message = format!("{flow} does not go with this prediction_type: flow_prediction and use_flow_sigmas need each other");
        return Err(refused("use_flow_sigmas", message));
    }
    if flow {
        schedule.shift = shift;
        // Spacing and offset are of no effect on flow sigmas.
        (sampler.timestep_spacing, sampler.steps_offset) = (TimestepSpacing::Linspace, 0);
    }
    Ok(())
}

fn read_flow(class: Class, keys: &mut Keys, schedule: &mut ScheduleConfig, sampler: &mut SamplerConfig) -> Result<()> {
    schedule.prediction_type = PredictionType::FlowPrediction;
    schedule.shift = keys.number("shift", 1.0)?;
    sampler.timestep_spacing = TimestepSpacing::Linspace;
    if class == Class::FlowHeun {
        sampler.sampler = SamplerName::Heun;
        return Ok(());
    }
    sampler.sampler = SamplerName::Euler;
    read_sigmas(keys, sampler)?;
    for key in ["use_dynamic_shifting", "invert_sigmas", "stochastic_sampling"] {
        keys.only(key, &[json!(false), Value::Null])?;
    }
    keys.only("shift_terminal", &[Value::Null])?;
    // What dynamic shifting would use.
    keys.only("time_shift_type", &[json!("exponential"), json!("linear")])?;
    ["base_shift", "max_shift", "base_image_seq_len", "max_image_seq_len"].into_iter().try_for_each(|key| keys.idle(key))
}
