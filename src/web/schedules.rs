//! Schedules and samplers as tables, without a run: what the page draws and writes formulas from.

use serde::Serialize;
use wasm_bindgen::prelude::*;

use super::convert::{from_js, to_error, to_js};
use crate::Result;
use crate::diffusion::{Row, SamplerConfig, Schedule, ScheduleConfig, read_scheduler_config, write_scheduler_config};
use crate::train::{Config, SampleOptions};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = "
/** Tables of a noise schedule, one entry per timestep; `betas` is empty for flow matching. */
export type ScheduleTable = { betas: number[], alphas_cumprod: number[], log_snr: number[], signal: number[], noise: number[] };
/** x = signal · x_0 + noise · ε. */
export type Level = { signal: number, noise: number };
/** One network evaluation and the update that follows. */
export type StepRow = { timestep: number, next: number | null, from: Level, to: Level, p_x: number, p_m: number, q_x: number,
  q_m: number, q_0: number, c_x: number, c_m: number, c_0: number, c_1: number, c_2: number, c_3: number, c_z: number };
export type SamplerTable = { rows: StepRow[], init: number, evaluations: number };
/** What a scheduler_config.json says. */
export type SchedulerFile = { class_name: string, schedule: ScheduleConfig, sample: SampleOptions };
";

#[derive(Serialize)]
struct ScheduleTable {
    betas: Vec<f64>,
    alphas_cumprod: Vec<f64>,
    log_snr: Vec<f64>,
    signal: Vec<f64>,
    noise: Vec<f64>,
}

#[derive(Serialize)]
struct SamplerTable {
    rows: Vec<Row>,
    init: f64,
    evaluations: usize,
}

#[derive(Serialize)]
struct SchedulerFile {
    class_name: String,
    schedule: ScheduleConfig,
    sample: SampleOptions,
}

fn js<T: Serialize>(result: Result<T>) -> std::result::Result<JsValue, JsValue> {
    result.map(|value| to_js(&value)).map_err(|error| to_error(&error))
}

/// The tables of a schedule.
#[wasm_bindgen(unchecked_return_type = "ScheduleTable")]
pub fn schedule_table(
    #[wasm_bindgen(unchecked_param_type = "Partial<ScheduleConfig>")] schedule: JsValue,
) -> std::result::Result<JsValue, JsValue> {
    let table = || -> Result<ScheduleTable> {
        let schedule = Schedule::new(&from_js::<ScheduleConfig>(schedule, "schedule")?)?;
        let all = || 0..schedule.num_train_timesteps();
        // Logarithms of nothing are no JSON: without any signal the ratio stands at the least that an f32 can tell from it.
        let log_snr = |t| schedule.log_snr(t).clamp(-100.0, 100.0);
        Ok(ScheduleTable {
            betas: if schedule.is_flow() { Vec::new() } else { schedule.betas.clone() },
            alphas_cumprod: all().map(|t| schedule.level(t).signal.powi(2)).collect(),
            log_snr: all().map(log_snr).collect(),
            signal: all().map(|t| schedule.level(t).signal).collect(),
            noise: all().map(|t| schedule.level(t).noise).collect(),
        })
    };
    js(table())
}

/// The rows of a sampling run.
#[wasm_bindgen(unchecked_return_type = "SamplerTable")]
pub fn sampler_table(
    #[wasm_bindgen(unchecked_param_type = "ConfigInput")] config: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Partial<SampleOptions>")] options: JsValue,
) -> std::result::Result<JsValue, JsValue> {
    let table = || -> Result<SamplerTable> {
        let (config, options): (Config, SampleOptions) = (from_js(config, "")?, from_js(options, "sample")?);
        let table = options.sampler_config(&config).table(&options.schedule(&config)?)?;
        Ok(SamplerTable { evaluations: table.rows.len(), init: table.init, rows: table.rows })
    };
    js(table())
}

/// Reads diffusers' `scheduler_config.json`: the schedule, and the options with the sampler that it says. An error's `field` is
/// `scheduler.<key>`.
#[wasm_bindgen(unchecked_return_type = "SchedulerFile")]
pub fn read_scheduler(
    json: &str,
    #[wasm_bindgen(unchecked_param_type = "ConfigInput")] config: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Partial<SampleOptions>")] options: JsValue,
) -> std::result::Result<JsValue, JsValue> {
    let read = || -> Result<SchedulerFile> {
        let (config, options): (Config, SampleOptions) = (from_js(config, "")?, from_js(options, "sample")?);
        let (class_name, schedule, sampler) = read_scheduler_config(json)?;
        let sample = options.with_sampler(sampler);
        // What the file says must also go with the run.
        Config { schedule: schedule.clone(), ..config }.validate()?;
        Ok(SchedulerFile { class_name, schedule, sample })
    };
    js(read())
}

/// Writes diffusers' `scheduler_config.json` for a run's schedule and the sampler chosen.
pub fn scheduler_text(config: &Config, options: &SampleOptions) -> Result<String> {
    let schedule = options.schedule.as_ref().unwrap_or(&config.schedule);
    // What a file cannot say is left out where it has no effect.
    let sampler = SamplerConfig { strength: 1.0, num_resamples: 1, ..options.sampler_config(config) };
    write_scheduler_config(schedule, &sampler)
}

/// See [`scheduler_text`].
#[wasm_bindgen]
pub fn write_scheduler(
    #[wasm_bindgen(unchecked_param_type = "ConfigInput")] config: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Partial<SampleOptions>")] options: JsValue,
) -> std::result::Result<String, JsValue> {
    let text = || scheduler_text(&from_js(config, "")?, &from_js(options, "sample")?);
    text().map_err(|error| to_error(&error))
}
