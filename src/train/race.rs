//! A race against another engine: both are given the same weights and inputs, and their results are compared before any clock
//! is started.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::{Deserialize, Serialize};
use web_time::Instant;

use super::config::{Config, OptimizerConfig};
use super::images::{ImageDataset, Preset};
use super::inputs::initial_noise;
use super::programs::{RING, predict, samples_shape};
use super::snapshot::Snapshot;
use super::tune::{Tuner, add_choices};
use crate::graph::ops::optimizer::RunState;
use crate::graph::ops::state::{counter, scalar};
use crate::graph::{Graph, ParamTable, TensorType};
use crate::plan::{Backend, BufferId, HostData, HostSlice, Plan, ProgramId, Region};
use crate::{Error, Result};

/// What is raced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RaceModel {
    /// The denoiser of points, width 256, 3 hidden layers.
    Mlp,
    /// [`Preset::Tiny`].
    Tiny,
    /// [`Preset::Small`].
    Small,
    /// [`Preset::Course`].
    Course,
}

/// AdamW in a race. A usual ε would make ±learning rate of every derivative, rounding errors too: behind so large a one, the first
/// update says how large the derivative is, and comparing updates compares derivatives. Nothing is clipped.
pub const OPTIMIZER: OptimizerConfig = OptimizerConfig {
    batch_size: 1,
    learning_rate: 1e-3,
    lr_schedule: super::LrSchedule::Constant,
    total_steps: 4000,
    weight_decay: 0.01,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-3,
    max_grad_norm: 0.0,
    ema_decay: 0.999,
};

impl RaceModel {
    /// A run of this model.
    pub fn config(self, batch: usize) -> Config {
        let preset = |preset: Preset| preset.config(ImageDataset::Mnist);
        let mut config = match self {
            RaceModel::Mlp => Config::default(),
            RaceModel::Tiny => preset(Preset::Tiny),
            RaceModel::Small => preset(Preset::Small),
            RaceModel::Course => preset(Preset::Course),
        };
        config.model.width = 256;
        config.training = OptimizerConfig { batch_size: batch, ..OPTIMIZER };
        config
    }
}

/// A named array in PyTorch's layout.
#[derive(Debug, Clone, PartialEq)]
pub struct RaceTensor {
    /// As in a PyTorch state dict.
    pub name: String,
    /// Extents.
    pub shape: Vec<usize>,
    /// Row-major.
    pub values: Vec<f32>,
}

/// What the other engine is given, and what this one made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct RaceCase {
    /// Model and optimiser.
    pub config: Config,
    /// The weights before the step.
    pub params: Vec<RaceTensor>,
    /// The weights after one step of AdamW, in the same order.
    pub updated: Vec<RaceTensor>,
    /// Noised samples, `[B, 2]` or, one channel being the last axis as well as the first, `[B, 1, side, side]`.
    pub x: Vec<f32>,
    /// The noise to be predicted, shaped like `x`.
    pub noise: Vec<f32>,
    /// Timesteps `[B]`.
    pub t: Vec<u32>,
    /// Class labels `[B]`; empty for points.
    pub labels: Vec<u32>,
    /// The network's output, shaped like `x`.
    pub output: Vec<f32>,
    /// Mean squared error of the output.
    pub loss: f32,
}

/// This engine's side: a training step and a forward pass on the same resident inputs.
pub struct Race {
    config: Config,
    params: ParamTable,
    buffers: BTreeMap<String, BufferId>,
    step: ProgramId,
    forward: ProgramId,
    output: usize,
}

/// The network on given inputs; with `train`, the loss, its derivatives and AdamW behind it. Unlike what the other engines are asked
/// for, this step also computes the gradient's norm and keeps a moving average of the parameters.
fn program(config: &Config, train: bool) -> Result<Graph> {
    let mut g = Graph::new();
    let batch = config.training.batch_size;
    let shape = samples_shape(config, batch);
    let x = g.resource("x", TensorType::f32(shape.clone()))?;
    let t = g.resource("t", TensorType::u32([batch]))?;
    let labels = if config.classes().is_some() { Some(g.resource("labels", TensorType::u32([batch]))?) } else { None };
    let output = predict(&mut g, config, x, t, labels)?;
    if !train {
        let target = g.resource("output", TensorType::f32(shape))?;
        g.place(output, target, 0)?;
        return Ok(g);
    }
    let noise = g.resource("noise", TensorType::f32(shape))?;
    let loss = g.mse(output, noise, None)?;
    let grads = g.grad_into_arena(loss)?;
    let partials = g.square_sums(grads)?;
    let counters = g.resource("counters", TensorType::u32([counter::LEN]))?;
    let scalars = g.resource("scalars", TensorType::f32([scalar::LEN]))?;
    let losses = g.resource("losses", TensorType::f32([RING]))?;
    let run = RunState { counters, scalars, losses };
    g.finish_step(partials, loss, run)?;
    g.adamw(run)?;
    Ok(g)
}

async fn load(backend: &mut dyn Backend, graphs: &[Graph; 2], buffers: &BTreeMap<String, BufferId>) -> Result<[ProgramId; 2]> {
    let [step, forward] = [Plan::compile(&graphs[0], &backend.tuning())?, Plan::compile(&graphs[1], &backend.tuning())?];
    Ok([backend.load(&step, buffers).await?, backend.load(&forward, buffers).await?])
}

impl Race {
    /// Both programs of `model`, loaded and tuned, and their inputs on the device.
    ///
    /// # Errors
    /// [`Error::Config`] for a batch that is too large, or the device's own error.
    pub async fn new(backend: &mut dyn Backend, model: RaceModel, batch: usize) -> Result<Race> {
        let config = model.config(batch);
        config.validate()?;
        let graphs = [program(&config, true)?, program(&config, false)?];
        let mut buffers = BTreeMap::new();
        for graph in &graphs {
            for resource in Plan::compile(graph, &backend.tuning())?.resources {
                if let Entry::Vacant(place) = buffers.entry(resource.name) {
                    let buffer = backend.allocate(place.key(), resource.dtype, resource.len)?;
                    place.insert(buffer);
                }
            }
        }
        let [step, forward] = load(backend, &graphs, &buffers).await?;
        let output = samples_shape(&config, batch).elements();
        let params = graphs[0].params().clone();
        let mut race = Race { config, params, buffers, step, forward, output };
        race.reset(backend)?;
        race.tune(backend, &graphs).await?;
        Ok(race)
    }

    /// Has the variants of kernels timed as a training run has, but all before the race.
    async fn tune(&mut self, backend: &mut dyn Backend, graphs: &[Graph; 2]) -> Result<()> {
        let tuning = backend.tuning();
        let mut tuner = Tuner::new(&graphs[0], &tuning, f64::MIN_POSITIVE)?;
        if tuner.is_done() {
            return Ok(());
        }
        // The first step pays for what is compiled on first use.
        self.train(backend, 1).await?;
        tuner = Tuner::new(&graphs[0], &tuning, self.train(backend, 1).await? * 1e-3)?;
        tuner.add(&graphs[1], &tuning)?;
        while !tuner.is_done() {
            tuner.turn(backend).await?;
        }
        add_choices(backend, tuner.choices());
        backend.unload(self.step);
        backend.unload(self.forward);
        [self.step, self.forward] = load(backend, graphs, &self.buffers).await?;
        self.reset(backend)
    }

    /// Inputs `(x, noise, t, labels)`: normal numbers, timesteps over the whole range, labels in turn.
    fn inputs(&self) -> (Vec<f32>, Vec<f32>, Vec<u32>, Vec<u32>) {
        let batch = self.config.training.batch_size;
        let steps = self.config.schedule.num_train_timesteps;
        let t = (0..batch).map(|i| ((2 * i + 1) * steps / (2 * batch)) as u32).collect();
        let labels = self.config.classes().map_or(Vec::new(), |c| (0..batch).map(|i| (i % c.rows) as u32).collect());
        (initial_noise(1, self.output), initial_noise(2, self.output), t, labels)
    }

    /// Puts weights, optimiser and inputs back to where they began.
    fn reset(&self, backend: &mut dyn Backend) -> Result<()> {
        let Snapshot { counters, scalars, param, m, v, ema, .. } = Snapshot::initial(&self.config, &self.params);
        let (x, noise, t, labels) = self.inputs();
        let floats = [("param", &param), ("m", &m), ("v", &v), ("ema", &ema), ("scalars", &scalars), ("x", &x), ("noise", &noise)];
        for (name, values) in floats {
            backend.write(self.buffers[name], 0, HostSlice::F32(values))?;
        }
        for (name, values) in [("counters", &counters), ("t", &t), ("labels", &labels)] {
            if let Some(buffer) = self.buffers.get(name) {
                backend.write(*buffer, 0, HostSlice::U32(values))?;
            }
        }
        Ok(())
    }

    fn tensors(&self, arena: &[f32]) -> Vec<RaceTensor> {
        let tensor = |p: &crate::graph::Param| RaceTensor { name: p.name.clone(), shape: p.file_shape(), values: p.read(arena) };
        self.params.iter().map(tensor).collect()
    }

    /// A forward pass and one step from the start, with all that another engine needs to do the same.
    ///
    /// # Errors
    /// The device's own.
    pub async fn case(&self, backend: &mut dyn Backend) -> Result<RaceCase> {
        self.reset(backend)?;
        backend.run(&[(self.forward, 1), (self.step, 1)])?;
        let whole = |name: &str, len| Region { buffer: self.buffers[name], offset: 0, len };
        let len = self.params.arena_len(true);
        let regions = [whole("output", self.output), whole("param", len), whole("scalars", scalar::LEN)];
        let mut parts = backend.read(&regions).await?.into_iter().map(HostData::floats);
        let mut next = || parts.next().ok_or_else(|| Error::Gpu("a case came back short".into()));
        let (output, arena, scalars) = (next()?, next()?, next()?);
        let (x, noise, t, labels) = self.inputs();
        let start = Snapshot::initial(&self.config, &self.params);
        Ok(RaceCase {
            config: self.config.clone(),
            params: self.tensors(&start.param),
            updated: self.tensors(&arena),
            x,
            noise,
            t,
            labels,
            output,
            loss: scalars[scalar::LOSS],
        })
    }

    /// Milliseconds per training step, over `times` in one submit.
    ///
    /// # Errors
    /// The device's own, or [`Error::Config`] if the steps froze: then they would be cheaper than real ones.
    pub async fn train(&self, backend: &mut dyn Backend, times: usize) -> Result<f64> {
        let taken = self.time(backend, self.step, times).await?;
        let frozen = Region { buffer: self.buffers["counters"], offset: counter::FROZEN, len: 1 };
        match backend.read(&[frozen]).await?.remove(0).integers()[..] {
            [0] => Ok(taken),
            _ => Err(Error::config("race", "the loss is no longer finite: these steps do not count")),
        }
    }

    /// Milliseconds per forward pass, over `times` in one submit.
    ///
    /// # Errors
    /// The device's own.
    pub async fn forward(&self, backend: &mut dyn Backend, times: usize) -> Result<f64> {
        self.time(backend, self.forward, times).await
    }

    /// All earlier work is done when the clock starts, and this when it stops.
    async fn time(&self, backend: &mut dyn Backend, program: ProgramId, times: usize) -> Result<f64> {
        let last = Region { buffer: self.buffers["scalars"], offset: scalar::LOSS, len: 1 };
        backend.read(&[last]).await?;
        let start = Instant::now();
        backend.run(&[(program, times)])?;
        backend.read(&[last]).await?;
        Ok(start.elapsed().as_secs_f64() * 1e3 / times.max(1) as f64)
    }

    /// Frees all it has on the device.
    pub fn destroy(self, backend: &mut dyn Backend) {
        backend.unload(self.step);
        backend.unload(self.forward);
        self.buffers.into_values().for_each(|id| backend.free(id));
    }
}
