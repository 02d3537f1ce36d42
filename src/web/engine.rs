//! The engine as JavaScript sees it: plain objects in and out, points as typed arrays, long work as promises.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use web_time::Instant;

use super::convert::{from_js, to_error, to_js};
use super::machine::Machine;
use super::sample::Sample;
use super::slot::Slot;
use super::state::State;
use super::types::KernelTime;
use crate::data::sliced_wasserstein;
use crate::train::{Config, SampleOptions, SampleRun, Sampler, Snapshot, Trainer};
use crate::{Error, Result};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("../../www/src/engine-types.ts");

#[wasm_bindgen(typescript_custom_section)]
const INPUT: &str = "
/** A configuration with any fields left out: they take their defaults. */
export type ConfigInput = { version?: number, seed?: number, data?: Partial<DataConfig>, model?: Partial<MlpConfig>,
  schedule?: Partial<ScheduleConfig>, training?: Partial<OptimizerConfig> };
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

/// What the calls of one engine share.
struct Shared {
    machine: Slot<Machine>,
    state: RefCell<State>,
    clock: Instant,
}

/// A training run that JavaScript steers. All methods may be called at any time: asynchronous ones wait for each other where
/// they need the device, `set_learning_rate` throws if another call has it at that moment.
#[wasm_bindgen]
pub struct Engine {
    shared: Rc<Shared>,
}

/// Maps an error on its way to JavaScript.
fn js<T>(result: Result<T>) -> std::result::Result<T, JsValue> {
    result.map_err(|e| to_error(&e))
}

#[wasm_bindgen]
impl Engine {
    /// A run of `config`, not started. `backend`: `auto` takes a GPU if there is one, else the faster of software WebGPU and CPU.
    pub async fn create(
        #[wasm_bindgen(unchecked_param_type = "ConfigInput")] config: JsValue,
        #[wasm_bindgen(unchecked_param_type = "\"auto\" | \"webgpu\" | \"cpu\"")] backend: String,
    ) -> std::result::Result<Engine, JsValue> {
        let config: Config = js(from_js(config, ""))?;
        let (machine, info) = js(Machine::choose(&config, &backend).await)?;
        let state = State::new(info, js(Trainer::initial(&config))?, machine.backend.memory());
        let shared = Shared { machine: Slot::new(machine), state: RefCell::new(state), clock: Instant::now() };
        Ok(Engine { shared: Rc::new(shared) })
    }

    /// Who does the work, and why.
    #[wasm_bindgen(unchecked_return_type = "AdapterInfo")]
    pub fn adapter(&self) -> JsValue {
        to_js(&self.shared.state.borrow().info)
    }

    /// The run's configuration, the learning rate as last set.
    #[wasm_bindgen(unchecked_return_type = "Config")]
    pub fn config(&self) -> JsValue {
        to_js(self.shared.state.borrow().config())
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

    /// A whole sampling run; training may go on meanwhile.
    pub async fn sample(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Partial<SampleOptions>")] options: JsValue,
    ) -> std::result::Result<Sample, JsValue> {
        let options: SampleOptions = js(from_js(options, "sample"))?;
        let (shared, start) = (self.shared.clone(), Instant::now());
        let run = js(shared.recovering(|| shared.sample(options)).await)?;
        Ok(Sample { run, milliseconds: start.elapsed().as_secs_f64() * 1e3 })
    }

    /// Mean sliced Wasserstein-1 distance of the points (x and y in turn) to fresh draws of the data.
    pub fn quality(&self, points: &[f32]) -> f64 {
        let points: Vec<[f32; 2]> = points.chunks_exact(2).map(|p| [p[0], p[1]]).collect();
        sliced_wasserstein(&points, self.shared.state.borrow_mut().fresh(points.len()), DIRECTIONS)
    }

    /// The run as one safetensors file: parameters, moving average, optimiser, step, seed, configuration.
    pub async fn save_checkpoint(&self) -> std::result::Result<js_sys::Uint8Array, JsValue> {
        let bytes = js(self.shared.clone().save().await)?;
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

impl Shared {
    fn now(&self) -> f64 {
        self.clock.elapsed().as_secs_f64() * 1e3
    }

    /// Runs `work`; if the device is lost on the way, makes it anew from the last snapshot and runs `work` once more.
    async fn recovering<T, F: Future<Output = Result<T>>>(&self, work: impl Fn() -> F) -> Result<T> {
        let before = self.state.borrow().recoveries();
        match work().await {
            Err(Error::DeviceLost(_)) => {
                let mut machine = self.machine.take().await;
                let snapshot = self.state.borrow().snapshot.clone();
                // Another call may have recovered the machine while this one waited for it. The device itself cannot be
                // asked: a read may fail before the browser says that the device is lost.
                let mine = self.state.borrow().recoveries() == before;
                let result = if mine { Some(machine.recover(&snapshot).await) } else { None };
                let memory = machine.backend.memory();
                self.machine.put(machine);
                if let Some(result) = result {
                    result?;
                    self.state.borrow_mut().recovered(memory);
                }
                work().await
            }
            other => other,
        }
    }

    /// Submits `steps` steps and queues their report; takes a snapshot now and then.
    async fn submit(&self, steps: usize) -> Result<()> {
        let mut machine = self.machine.take().await;
        let Machine { backend, trainer, .. } = &mut machine;
        let submitted = trainer.run(backend.as_mut(), steps);
        if submitted.is_ok() {
            let mut state = self.state.borrow_mut();
            state.issue(trainer.report(backend.as_mut()));
            state.memory = backend.memory();
        }
        self.machine.put(machine);
        submitted
    }

    /// Awaits reports until fewer than `left` are under way.
    async fn settle(&self, left: usize, budget: f64) -> Result<()> {
        loop {
            let next = {
                let mut state = self.state.borrow_mut();
                if state.pending.len() <= left { None } else { state.pending.pop_front() }
            };
            let Some(report) = next else { return Ok(()) };
            let progress = report.await?;
            let now = self.now();
            self.state.borrow_mut().take_in(progress, now, budget);
        }
    }

    async fn advance(&self, budget: f64) -> Result<()> {
        if self.state.borrow().frozen() {
            return Ok(());
        }
        let steps = self.state.borrow_mut().begin(self.now());
        self.submit(steps).await?;
        // Two submits in flight keep a GPU busy; the CPU backend has done its work already.
        let left = usize::from(!self.state.borrow().on_cpu());
        self.settle(left, budget).await?;
        self.keep_snapshot().await
    }

    async fn step(&self, steps: u32) -> Result<()> {
        let mut left = steps as usize;
        self.settle(0, f64::MAX).await?;
        while left > 0 && !self.state.borrow().frozen() {
            let now = left.min(self.state.borrow().pace.steps());
            self.submit(now).await?;
            self.settle(0, 8.0).await?;
            left -= now;
        }
        self.state.borrow_mut().pace.rest();
        Ok(())
    }

    /// Copies the state to the host every few seconds, for the day the device is lost.
    async fn keep_snapshot(&self) -> Result<()> {
        if !self.state.borrow_mut().snapshot_due(self.now()) {
            return Ok(());
        }
        let mut machine = self.machine.take().await;
        let Machine { backend, trainer, .. } = &mut machine;
        let copy = trainer.snapshot(backend.as_mut());
        self.machine.put(machine);
        let copy = copy.await?;
        self.state.borrow_mut().keep(copy);
        Ok(())
    }

    fn set_learning_rate(&self, learning_rate: f64) -> Result<()> {
        let busy = || Error::Gpu("another call has the device; try again when it is done".into());
        let mut machine = self.machine.get_mut().ok_or_else(busy)?;
        let Machine { backend, trainer, .. } = &mut *machine;
        trainer.set_learning_rate(backend.as_mut(), learning_rate)?;
        self.state.borrow_mut().set_learning_rate(learning_rate);
        Ok(())
    }

    async fn replace(self: Rc<Self>, snapshot: Snapshot) -> Result<()> {
        // Reports of the old run must not count for the new one; if they fail, the device is lost and made anew below.
        let _ = self.settle(0, f64::MAX).await;
        let mut machine = self.machine.take().await;
        let result = match machine.backend.health() {
            Ok(()) => machine.replace(&snapshot).await,
            Err(_) => machine.recover(&snapshot).await,
        };
        let memory = machine.backend.memory();
        self.machine.put(machine);
        result?;
        self.state.borrow_mut().restart(snapshot, memory);
        Ok(())
    }

    async fn profile(&self, steps: usize) -> Result<Vec<crate::plan::KernelTime>> {
        let mut machine = self.machine.take().await;
        let Machine { backend, trainer, .. } = &mut machine;
        let times = trainer.profile(backend.as_mut(), steps);
        if times.is_ok() {
            self.state.borrow_mut().issue(trainer.report(backend.as_mut()));
        }
        self.machine.put(machine);
        let times = times?.await?;
        self.settle(0, f64::MAX).await?;
        self.state.borrow_mut().pace.rest();
        Ok(times)
    }

    async fn sample(&self, options: SampleOptions) -> Result<SampleRun> {
        let mut machine = self.machine.take().await;
        let Machine { backend, trainer, sampler } = &mut machine;
        let reading = Sampler::run(sampler, backend.as_mut(), trainer, &options).await;
        self.state.borrow_mut().memory = backend.memory();
        self.machine.put(machine);
        reading?.await
    }

    async fn save(self: Rc<Self>) -> Result<Vec<u8>> {
        let copy = self
            .recovering(|| async {
                self.settle(0, f64::MAX).await?;
                let mut machine = self.machine.take().await;
                let Machine { backend, trainer, .. } = &mut machine;
                let copy = trainer.snapshot(backend.as_mut());
                self.machine.put(machine);
                copy.await
            })
            .await?;
        copy.to_bytes()
    }
}
