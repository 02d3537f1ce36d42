//! Schedules and samplers as tables, and diffusers' files of them: pure functions of the package, which need no run.

use serde::Serialize;

use crate::Result;
use crate::diffusion::{Row, SamplerConfig, Schedule, ScheduleConfig, TimestepSpacing, read_scheduler_config, write_scheduler_config};
use crate::train::{Config, SampleOptions, SpacingChoice};

/// The tables of a noise schedule, one entry per timestep.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub struct ScheduleTable {
    /// `β_t`; empty in flow matching.
    pub betas: Vec<f64>,
    /// `ᾱ_t`, the square of `signal`.
    pub alphas_cumprod: Vec<f64>,
    /// `ln(signal²/noise²)`, within ±100: JSON knows no infinity, and no picture has room for one.
    pub log_snr: Vec<f64>,
    /// Factor of the clean data.
    pub signal: Vec<f64>,
    /// Factor of the noise.
    pub noise: Vec<f64>,
}

impl ScheduleTable {
    /// The tables of a configuration.
    ///
    /// # Errors
    /// [`crate::Error::Config`] naming the field as `schedule.…`.
    pub fn new(config: &ScheduleConfig) -> Result<ScheduleTable> {
        let schedule = Schedule::new(config)?;
        let each = |f: &dyn Fn(usize) -> f64| (0..schedule.num_train_timesteps()).map(f).collect();
        Ok(ScheduleTable {
            log_snr: each(&|t| schedule.log_snr(t).clamp(-100.0, 100.0)),
            signal: each(&|t| schedule.level(t).signal),
            noise: each(&|t| schedule.level(t).noise),
            betas: schedule.betas.clone(),
            alphas_cumprod: schedule.alphas_cumprod.clone(),
        })
    }
}

/// The rows of a sampling run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub struct SamplerTableView {
    /// One per network evaluation.
    pub rows: Vec<Row>,
    /// Standard deviation of the noise that a run starts from.
    pub init: f64,
    /// How often the network is evaluated per sample.
    pub evaluations: usize,
}

impl SamplerTableView {
    /// The table that a run with these options goes by.
    ///
    /// # Errors
    /// [`crate::Error::Config`] naming the field as `schedule.…` or `sample.…`.
    pub fn new(config: &Config, options: &SampleOptions) -> Result<SamplerTableView> {
        let table = options.sampler_config(config).table(&options.schedule(config)?)?;
        Ok(SamplerTableView { evaluations: table.rows.len(), rows: table.rows, init: table.init })
    }
}

/// What a file of diffusers' says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub struct SchedulerFile {
    /// Name of its class.
    pub class_name: String,
    /// The noise schedule.
    pub schedule: ScheduleConfig,
    /// The options with what the file says of sampling.
    pub sample: SampleOptions,
}

impl SchedulerFile {
    /// Reads a `scheduler_config.json`. What such files do not say (the number of steps, η, seed, guidance, …) stays as
    /// `options` have it, unless that does not go with what they do say.
    ///
    /// # Errors
    /// [`crate::Error::Config`] naming the key as `scheduler.…`.
    pub fn read(json: &str, options: &SampleOptions) -> Result<SchedulerFile> {
        let (class_name, schedule, read) = read_scheduler_config(json)?;
        let with = |sampler: &SamplerConfig| SampleOptions { schedule: None, timesteps: Vec::new(), ..with_sampler(options, sampler) };
        let kept = SamplerConfig {
            num_inference_steps: options.num_inference_steps,
            eta: options.eta,
            use_clipped_model_output: options.use_clipped_model_output,
            strength: options.strength,
            num_resamples: options.num_resamples,
            ..read.clone()
        };
        let goes = Schedule::new(&schedule).and_then(|tables| kept.table(&tables)).is_ok();
        let sample = with(if goes { &kept } else { &read });
        Ok(SchedulerFile { class_name, schedule, sample })
    }
}

/// The options with everything that decides the table taken from `sampler`.
fn with_sampler(options: &SampleOptions, sampler: &SamplerConfig) -> SampleOptions {
    SampleOptions {
        sampler: sampler.sampler,
        num_inference_steps: sampler.num_inference_steps,
        timestep_spacing: match sampler.timestep_spacing {
            TimestepSpacing::Leading => SpacingChoice::Leading,
            TimestepSpacing::Trailing => SpacingChoice::Trailing,
            TimestepSpacing::Linspace => SpacingChoice::Linspace,
        },
        steps_offset: sampler.steps_offset,
        timesteps: sampler.timesteps.clone(),
        use_karras_sigmas: sampler.use_karras_sigmas,
        eta: sampler.eta,
        variance_type: sampler.variance_type,
        set_alpha_to_one: sampler.set_alpha_to_one,
        clip_sample: sampler.clip_sample,
        clip_sample_range: sampler.clip_sample_range,
        thresholding: sampler.thresholding,
        dynamic_thresholding_ratio: sampler.dynamic_thresholding_ratio,
        sample_max_value: sampler.sample_max_value,
        use_clipped_model_output: sampler.use_clipped_model_output,
        solver_order: sampler.solver_order,
        algorithm_type: sampler.algorithm_type,
        solver_type: sampler.solver_type,
        lower_order_final: sampler.lower_order_final,
        euler_at_final: sampler.euler_at_final,
        final_sigmas_type: sampler.final_sigmas_type,
        inverse: sampler.inverse,
        strength: sampler.strength,
        num_resamples: sampler.num_resamples,
        ..options.clone()
    }
}

/// Writes a `scheduler_config.json` for the run's schedule and these options. Where the spacing is left to us, flow matching gets
/// `linspace`, the only one that its classes have.
///
/// # Errors
/// [`crate::Error::Config`] naming the field as `schedule.…` or `sample.…` that no class of diffusers' can honour.
pub fn write_scheduler_file(config: &Config, options: &SampleOptions) -> Result<String> {
    let schedule = options.schedule.as_ref().unwrap_or(&config.schedule);
    // How often steps correct themselves is ours alone.
    let mut sampler = SamplerConfig { num_resamples: options.num_resamples, ..options.sampler_config(config) };
    if schedule.is_flow() && options.timestep_spacing == SpacingChoice::Auto {
        sampler.timestep_spacing = TimestepSpacing::Linspace;
    }
    write_scheduler_config(schedule, &sampler)
}

#[cfg(target_arch = "wasm32")]
mod exported {
    use wasm_bindgen::prelude::*;

    use super::super::convert::{from_js, to_error, to_js};
    use super::{Config, Result, SampleOptions, SamplerTableView, ScheduleConfig, ScheduleTable, SchedulerFile, write_scheduler_file};

    type Answer = std::result::Result<JsValue, JsValue>;

    fn answer<T: serde::Serialize>(result: Result<T>) -> Answer {
        result.map(|value| to_js(&value)).map_err(|error| to_error(&error))
    }

    fn both(config: JsValue, options: JsValue) -> Result<(Config, SampleOptions)> {
        Ok((from_js(config, "")?, from_js(options, "sample")?))
    }

    /// The tables of a noise schedule.
    ///
    /// # Errors
    /// An error with `field` and `message`.
    #[wasm_bindgen(unchecked_return_type = "ScheduleTable")]
    pub fn schedule_table(#[wasm_bindgen(unchecked_param_type = "Partial<ScheduleConfig>")] schedule: JsValue) -> Answer {
        let schedule = from_js::<ScheduleConfig>(schedule, "schedule");
        answer(schedule.and_then(|schedule| ScheduleTable::new(&schedule)))
    }

    /// The rows that a sampling run goes by.
    ///
    /// # Errors
    /// An error with `field` and `message`.
    #[wasm_bindgen(unchecked_return_type = "SamplerTableView")]
    pub fn sampler_table(
        #[wasm_bindgen(unchecked_param_type = "ConfigInput")] config: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Partial<SampleOptions>")] options: JsValue,
    ) -> Answer {
        answer(both(config, options).and_then(|(config, options)| SamplerTableView::new(&config, &options)))
    }

    /// Schedule and sampling options of diffusers' `scheduler_config.json`.
    ///
    /// # Errors
    /// An error with `field` (`scheduler.` and the key) and `message`.
    #[wasm_bindgen(unchecked_return_type = "SchedulerFile")]
    pub fn read_scheduler(
        json: &str,
        #[wasm_bindgen(unchecked_param_type = "ConfigInput")] config: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Partial<SampleOptions>")] options: JsValue,
    ) -> Answer {
        answer(both(config, options).and_then(|(_, options)| SchedulerFile::read(json, &options)))
    }

    /// diffusers' `scheduler_config.json` of schedule and sampling options.
    ///
    /// # Errors
    /// An error with `field` and `message`, naming what no class of diffusers' can honour.
    #[wasm_bindgen]
    pub fn write_scheduler(
        #[wasm_bindgen(unchecked_param_type = "ConfigInput")] config: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Partial<SampleOptions>")] options: JsValue,
    ) -> std::result::Result<String, JsValue> {
        both(config, options).and_then(|(config, options)| write_scheduler_file(&config, &options)).map_err(|error| to_error(&error))
    }
}

#[cfg(target_arch = "wasm32")]
pub use exported::{read_scheduler, sampler_table, schedule_table, write_scheduler};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diffusion::{PredictionType, SamplerName};

    #[test]
    fn a_file_changes_what_it_speaks_of_and_nothing_else() {
        let options = SampleOptions { num_inference_steps: 30, seed: 7, guidance_scale: 2.0, eta: 0.5, ..SampleOptions::default() };
        let json = r#"{"_class_name": "EulerDiscreteScheduler", "timestep_spacing": "trailing", "prediction_type": "v_prediction"}"#;
        let file = SchedulerFile::read(json, &options).unwrap();
        assert_eq!((file.schedule.prediction_type, file.sample.sampler), (PredictionType::VPrediction, SamplerName::Euler));
        let expected =
            SampleOptions { sampler: SamplerName::Euler, timestep_spacing: SpacingChoice::Trailing, clip_sample: false, ..options };
        assert_eq!(file.sample, expected);
        // 30 steps do not go with 20 timesteps.
        let few = SchedulerFile::read(r#"{"_class_name": "DDIMScheduler", "num_train_timesteps": 20}"#, &expected).unwrap();
        assert_eq!((few.sample.num_inference_steps, few.sample.seed, few.sample.clip_sample), (10, 7, true));
    }

    #[test]
    fn what_is_written_is_read_again() {
        for prediction_type in [PredictionType::Epsilon, PredictionType::FlowPrediction] {
            for sampler in [SamplerName::Euler, SamplerName::Heun, SamplerName::Dpmpp] {
                let schedule = ScheduleConfig { prediction_type, shift: 2.0, ..ScheduleConfig::default() };
                let config = Config { schedule: schedule.clone(), ..Config::default() };
                let options = SampleOptions { sampler, num_inference_steps: 7, ..SampleOptions::default() };
                let file = SchedulerFile::read(&write_scheduler_file(&config, &options).unwrap(), &options).unwrap();
                assert_eq!((file.sample.sampler, file.sample.num_inference_steps), (sampler, 7));
                assert_eq!(file.schedule.prediction_type, prediction_type);
            }
        }
    }

    #[test]
    fn tables_are_those_of_the_run() {
        let config = Config::default();
        let options = SampleOptions { sampler: SamplerName::Heun, num_inference_steps: 10, ..SampleOptions::default() };
        let view = SamplerTableView::new(&config, &options).unwrap();
        assert_eq!((view.rows.len(), view.evaluations), (19, 19));
        let table = ScheduleTable::new(&config.schedule).unwrap();
        assert!((table.signal[500].powi(2) - table.alphas_cumprod[500]).abs() < 1e-15 && table.betas.len() == 1000);
        assert!((table.log_snr[500] - 2.0 * (table.signal[500] / table.noise[500]).ln()).abs() < 1e-12);
        let wrong = SampleOptions { num_inference_steps: 0, ..options };
        assert!(SamplerTableView::new(&config, &wrong).unwrap_err().to_string().starts_with("sample.num_inference_steps: "));
    }
}
