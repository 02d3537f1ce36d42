//! The engine as JavaScript sees it: plain objects in and out, points as typed arrays, long work as promises.

use std::rc::Rc;

use wasm_bindgen::prelude::*;
use web_time::Instant;

use super::convert::{from_js, to_error, to_js};
use super::machine::{Machine, Setup};
use super::sample::Sample;
use super::shared::Shared;
use super::state::State;
use super::types::KernelTime;
use crate::Result;
use crate::data::sliced_wasserstein;
use crate::graph::Tuning;
use crate::plan::Progress;
use crate::train::{
    Config, FILES, Folder, ImageDataset, MemoryPlan, Preset, SampleInputs, SampleOptions, Snapshot, Trainer, TuningRecords, initial_noise,
};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("../../www/src/engine-types.ts");

#[wasm_bindgen(typescript_custom_section)]
const INPUT: &str = "
/** A configuration with any fields left out: they take their defaults. */
export type ConfigInput = { version?: number, seed?: number, data?: Partial<DataConfig>, model?: Partial<MlpConfig>,
  images?: Partial<ImageConfig> | null, schedule?: Partial<ScheduleConfig>, training?: Partial<OptimizerConfig> };
/** What a sampling run begins with, if not with noise alone. */
export type SampleInputs = { image?: Float32Array, latent?: Float32Array, known?: Float32Array, mask?: Float32Array };
/** A file of a model's folder, as diffusers keeps it. */
export type FolderFile = { name: string, bytes: Uint8Array };
";

/// Directions of the sliced distance behind [`Engine::quality`].
const DIRECTIONS: usize = 100;

#[wasm_bindgen(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// The configuration of a fresh page.
#[wasm_bindgen(unchecked_return_type = "Config")]
pub fn default_config() -> JsValue {
    to_js(&Config::default())
}

/// The sampling options of a fresh page.
#[wasm_bindgen(unchecked_return_type = "SampleOptions")]
pub fn default_sample_options() -> JsValue {
    to_js(&SampleOptions::default())
}

/// The configuration of a run on images that goes by this name.
#[wasm_bindgen(unchecked_return_type = "Config")]
pub fn preset_config(
    #[wasm_bindgen(unchecked_param_type = "Preset")] preset: JsValue,
    #[wasm_bindgen(unchecked_param_type = "ImageDataset")] dataset: JsValue,
) -> std::result::Result<JsValue, JsValue> {
    let (preset, dataset): (Preset, ImageDataset) = (js(from_js(preset, "preset"))?, js(from_js(dataset, "dataset"))?);
    Ok(to_js(&preset.config(dataset)))
}

/// Bytes on a GPU that training `config` and sampling it by `options` will take.
#[wasm_bindgen(unchecked_return_type = "MemoryPlan")]
pub fn memory_plan(
    #[wasm_bindgen(unchecked_param_type = "ConfigInput")] config: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Partial<SampleOptions>")] options: JsValue,
    #[wasm_bindgen(unchecked_param_type = "boolean")] software: bool,
) -> std::result::Result<JsValue, JsValue> {
    let plan = || -> Result<MemoryPlan> {
        let (config, options): (Config, SampleOptions) = (from_js(config, "")?, from_js(options, "sample")?);
        MemoryPlan::new(&config, &options, if software { &Tuning::CPU } else { &Tuning::GPU })
    };
    js(plan()).map(|plan| to_js(&plan))
}

/// Fills in defaults and checks every field; throws an error with the first `field` that is wrong.
#[wasm_bindgen(unchecked_return_type = "Config")]
pub fn check_config(#[wasm_bindgen(unchecked_param_type = "ConfigInput")] config: JsValue) -> std::result::Result<JsValue, JsValue> {
    let check = || -> Result<Config> {
        let config: Config = from_js(config, "")?;
        config.validate()?;
        Ok(config)
    };
    check().map(|c| to_js(&c)).map_err(|e| to_error(&e))
}

/// As [`check_config`], for sampling options under a configuration.
#[wasm_bindgen(unchecked_return_type = "SampleOptions")]
pub fn check_sample_options(
    #[wasm_bindgen(unchecked_param_type = "Partial<SampleOptions>")] options: JsValue,
    #[wasm_bindgen(unchecked_param_type = "ConfigInput")] config: JsValue,
) -> std::result::Result<JsValue, JsValue> {
    let check = || -> Result<SampleOptions> {
        let (options, config): (SampleOptions, Config) = (from_js(options, "sample")?, from_js(config, "")?);
        options.validate(&config)?;
        Ok(options)
    };
    check().map(|o| to_js(&o)).map_err(|e| to_error(&e))
}

/// A training run that JavaScript steers. All methods may be called at any time: asynchronous ones wait for each other where
/// they need the device, `set_learning_rate` throws if another call has it at that moment.
#[wasm_bindgen]
pub struct Engine {
    pub(super) shared: Rc<Shared>,
}

/// Maps an error on its way to JavaScript.
pub(super) fn js<T>(result: Result<T>) -> std::result::Result<T, JsValue> {
    result.map_err(|e| to_error(&e))
}

#[wasm_bindgen]
impl Engine {
    /// A run of `config`, not started. `progress` is told how many kernels are compiled, now and whenever others are needed. `backend`: `auto` takes a GPU if there is one, else the faster of software WebGPU and CPU.
    /// `tuning`: what `tuning()` said on earlier visits, or an empty text: kernels are then timed while training begins; without it they are not.
    pub async fn create(
        #[wasm_bindgen(unchecked_param_type = "ConfigInput")] config: JsValue,
        #[wasm_bindgen(unchecked_param_type = "\"auto\" | \"webgpu\" | \"cpu\"")] backend: String,
        #[wasm_bindgen(unchecked_param_type = "(done: number, total: number) => void")] progress: Option<js_sys::Function>,
        tuning: Option<String>,
    ) -> std::result::Result<Engine, JsValue> {
        let config: Config = js(from_js(config, ""))?;
        let progress = progress.map(|report| {
            Rc::new(move |done: usize, all: usize| {
                // What the page does with it is its own affair.
                let _ = report.call2(&JsValue::NULL, &done.into(), &all.into());
            }) as Progress
        });
        let setup = Setup { progress, records: tuning.map(|text| TuningRecords::from_json(&text)) };
        let (machine, info) = js(Machine::choose(&config, &backend, &setup).await)?;
        let state = State::new(info, js(Trainer::initial(&config))?, machine.backend.memory());
        Ok(Engine { shared: Rc::new(Shared::new(machine, state)) })
    }

    /// Who does the work, and why.
    #[wasm_bindgen(unchecked_return_type = "AdapterInfo")]
    pub fn adapter(&self) -> JsValue {
        to_js(&self.shared.state.borrow().info)
    }

    /// What was measured of kernels on this and other adapters, as text to be kept for the next visit; undefined unless it has changed
    /// since the last call.
    pub fn tuning(&self) -> Option<String> {
        self.shared.machine.get_mut().and_then(|mut machine| machine.tuning.as_mut()?.news())
    }

    /// The run's configuration, the learning rate as last set.
    #[wasm_bindgen(unchecked_return_type = "Config")]
    pub fn config(&self) -> JsValue {
        to_js(self.shared.state.borrow().config())
    }

    /// Gives a run on images more of them: `side · side · channels` bytes each, row by row, and a label each. Training draws from
    /// all that it has, and can begin when it has some. Resolves to their number.
    pub async fn add_images(&self, pixels: Vec<u8>, labels: Vec<u8>) -> std::result::Result<usize, JsValue> {
        js(self.shared.clone().add_images(&pixels, &labels).await)
    }

    /// Images that the run has been given. A run that replaces another of the same size and data set has them from the start.
    #[wasm_bindgen(getter)]
    pub fn image_count(&self) -> usize {
        self.shared.state.borrow().image_count()
    }

    /// The points being learned: x and y in turn.
    pub fn data_points(&self) -> Vec<f32> {
        self.shared.state.borrow_mut().data().points.iter().flatten().copied().collect()
    }

    /// Their labels; all 0 for sets without.
    pub fn data_labels(&self) -> Vec<u32> {
        self.shared.state.borrow_mut().data().labels.clone()
    }

    /// Trains for about `budget_ms` and resolves when the device has done the work before that: call it again right away
    /// and the device never waits. A lost device is made anew and training goes on from the last snapshot.
    #[wasm_bindgen(unchecked_return_type = "Metrics")]
    pub async fn advance(&self, budget_ms: f64) -> std::result::Result<JsValue, JsValue> {
        let shared = self.shared.clone();
        js(shared.recovering(|| shared.advance(budget_ms)).await)?;
        Ok(to_js(&self.shared.state.borrow_mut().metrics()))
    }

    /// Exactly `steps` training steps, done when it resolves.
    #[wasm_bindgen(unchecked_return_type = "Metrics")]
    pub async fn step(&self, steps: u32) -> std::result::Result<JsValue, JsValue> {
        let shared = self.shared.clone();
        js(shared.recovering(|| shared.step(steps)).await)?;
        Ok(to_js(&self.shared.state.borrow_mut().metrics()))
    }

    /// State of the run; losses that were reported once are not reported again.
    #[wasm_bindgen(unchecked_return_type = "Metrics")]
    pub fn metrics(&self) -> JsValue {
        to_js(&self.shared.state.borrow_mut().metrics())
    }

    /// Changes the learning rate of the running training.
    pub fn set_learning_rate(&self, learning_rate: f64) -> std::result::Result<(), JsValue> {
        js(self.shared.set_learning_rate(learning_rate))
    }

    /// Starts over with `config` on the same device. On an error the running model stays as it is.
    pub async fn reset(&self, #[wasm_bindgen(unchecked_param_type = "ConfigInput")] config: JsValue) -> std::result::Result<(), JsValue> {
        let initial = from_js(config, "").and_then(|config| Trainer::initial(&config));
        js(self.shared.clone().replace(js(initial)?).await)
    }

    /// A whole sampling run; training may go on meanwhile. `inputs`: what it begins with, if not with noise alone, as lists of
    /// numbers, `num_samples` samples each.
    pub async fn sample(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Partial<SampleOptions>")] options: JsValue,
        #[wasm_bindgen(unchecked_param_type = "SampleInputs | undefined")] inputs: JsValue,
    ) -> std::result::Result<Sample, JsValue> {
        let options: SampleOptions = js(from_js(options, "sample"))?;
        let inputs = inputs_of(&inputs);
        let (shared, start) = (self.shared.clone(), Instant::now());
        let run = js(shared.recovering(|| shared.sample(&options, &inputs)).await)?;
        Ok(Sample { run, milliseconds: start.elapsed().as_secs_f64() * 1e3 })
    }

    /// The noise that a run of `count` samples with `seed` begins with, to rounding.
    pub fn initial_noise(&self, count: usize, seed: u32) -> std::result::Result<Vec<f32>, JsValue> {
        let state = self.shared.state.borrow();
        let dim = state.config().images.as_ref().map_or(2, |images| images.side * images.side * images.channels);
        if count > SampleOptions::MAX_SAMPLES {
            return js(Err(crate::Error::config("count", format!("{count} samples: at most {}", SampleOptions::MAX_SAMPLES))));
        }
        Ok(initial_noise(seed, count * dim))
    }

    /// Trains a classifier of noised samples for `steps` steps; the first call makes it. It goes with the run, and ends with it.
    #[wasm_bindgen(unchecked_return_type = "ClassifierMetrics")]
    pub async fn train_classifier(&self, steps: u32) -> std::result::Result<JsValue, JsValue> {
        let shared = self.shared.clone();
        Ok(to_js(&js(shared.recovering(|| shared.train_classifier(steps as usize)).await)?))
    }

    /// How far the classifier is; null if there is none.
    #[wasm_bindgen(unchecked_return_type = "ClassifierMetrics | null")]
    pub fn classifier(&self) -> JsValue {
        to_js(&self.shared.state.borrow().classifier)
    }

    /// The class that the classifier names for each of these clean samples.
    pub async fn classify(&self, samples: Vec<f32>) -> std::result::Result<Vec<u32>, JsValue> {
        js(self.shared.classify(&samples).await)
    }

    /// Frees the classifier.
    pub async fn drop_classifier(&self) {
        self.shared.drop_classifier().await;
    }

    /// Mean sliced Wasserstein-1 distance of the points (x and y in turn) to fresh draws of the data.
    pub fn quality(&self, points: &[f32]) -> f64 {
        let points: Vec<[f32; 2]> = points.chunks_exact(2).map(|p| [p[0], p[1]]).collect();
        sliced_wasserstein(&points, self.shared.state.borrow_mut().fresh(points.len()), DIRECTIONS)
    }

    /// The run as one safetensors file: parameters, moving average, optimiser, step, seed, configuration.
    pub async fn save_checkpoint(&self) -> std::result::Result<js_sys::Uint8Array, JsValue> {
        let bytes = js(self.shared.clone().copy().await.and_then(|snapshot| snapshot.to_bytes()))?;
        Ok(js_sys::Uint8Array::from(bytes.as_slice()))
    }

    /// Replaces the run by a file's and resolves to its configuration. On an error the running model stays as it is.
    #[wasm_bindgen(unchecked_return_type = "Config")]
    pub async fn load_checkpoint(&self, bytes: Vec<u8>) -> std::result::Result<JsValue, JsValue> {
        let snapshot = js(Snapshot::from_bytes(&bytes))?;
        let config = to_js(&snapshot.config);
        js(self.shared.clone().replace(snapshot).await)?;
        Ok(config)
    }

    /// Replaces the run by one that begins with the weights of a folder that diffusers wrote, and resolves to its configuration.
    /// Batch and optimiser stay. On an error the running model stays as it is.
    #[wasm_bindgen(unchecked_return_type = "Config")]
    pub async fn load_folder(
        &self,
        config_json: String,
        weights: Vec<u8>,
        scheduler_json: Option<String>,
        #[wasm_bindgen(unchecked_param_type = "ImageDataset")] dataset: JsValue,
    ) -> std::result::Result<JsValue, JsValue> {
        let dataset: ImageDataset = js(from_js(dataset, "dataset"))?;
        let training = self.shared.state.borrow().config().training;
        let folder = js(Folder::read(&config_json, &weights, scheduler_json.as_deref()))?;
        let snapshot = js(folder.snapshot(dataset, training))?;
        let config = to_js(&snapshot.config);
        js(self.shared.clone().replace(snapshot).await)?;
        Ok(config)
    }

    /// The model of a run on images as diffusers loads it: the moving average of its parameters.
    #[wasm_bindgen(unchecked_return_type = "FolderFile[]")]
    pub async fn export_folder(&self) -> std::result::Result<js_sys::Array, JsValue> {
        let snapshot = js(self.shared.clone().copy().await)?;
        let contents = js(Folder::of(&snapshot).and_then(|folder| folder.write()))?;
        Ok(FILES.iter().zip(contents).map(|(name, bytes)| file(name, &bytes)).collect())
    }

    /// Time per kernel over `steps` training steps, which count; empty where the adapter has no clock.
    #[wasm_bindgen(unchecked_return_type = "KernelTime[]")]
    pub async fn profile(&self, steps: u32) -> std::result::Result<JsValue, JsValue> {
        let shared = self.shared.clone();
        let times = js(shared.recovering(|| shared.profile(steps as usize)).await)?;
        let row = |t: crate::plan::KernelTime| KernelTime { kernel: t.kernel, calls: t.calls, milliseconds: t.milliseconds };
        Ok(to_js(&times.into_iter().map(row).collect::<Vec<_>>()))
    }

    /// Destroys the device as a driver reset would: the next call that needs it makes it anew. For tests.
    pub fn lose_device(&self) {
        if let Some(mut machine) = self.shared.machine.get_mut() {
            machine.backend.destroy();
        }
    }

    /// Frees every buffer and the device once the calls under way are done; the engine must not be used afterwards.
    pub async fn destroy(&self) {
        self.shared.clone().machine.take().await.destroy();
    }
}

/// The lists of numbers in a plain object; those that are not there are empty.
fn inputs_of(inputs: &JsValue) -> SampleInputs {
    let list = |name: &str| {
        let value = js_sys::Reflect::get(inputs, &name.into()).ok()?;
        Some(value.dyn_into::<js_sys::Float32Array>().ok()?.to_vec())
    };
    let list = |name: &str| list(name).unwrap_or_default();
    SampleInputs { image: list("image"), latent: list("latent"), known: list("known"), mask: list("mask") }
}

/// `{ name, bytes }`.
fn file(name: &str, bytes: &[u8]) -> JsValue {
    let file = js_sys::Object::new();
    // Setting properties of a fresh object cannot fail.
    let _ = js_sys::Reflect::set(&file, &"name".into(), &name.into());
    let _ = js_sys::Reflect::set(&file, &"bytes".into(), &js_sys::Uint8Array::from(bytes));
    file.into()
}
