//! Asks the network of a run, on its device, what it says of given samples.

use std::collections::{BTreeMap, VecDeque};

use super::Denoiser;
use crate::graph::{Graph, ParamTable, TensorType};
use crate::plan::{Backend, BufferId, HostData, HostSlice, LocalFuture, Plan, ProgramId};
use crate::train::programs::{predict, samples_shape};
use crate::train::{Config, Goal, Trainer, WeightsChoice};
use crate::{Error, Result};

/// Points that one run of a program takes.
const POINTS: usize = 512;
/// Images that one run takes: fewer than a batch of training, which keeps activations for the way back.
const IMAGES: usize = 32;
/// Answers under way at once; each has a buffer of its own to be read from.
const PENDING: usize = 4;

/// What a program is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    weights: WeightsChoice,
    divergence: bool,
}

/// Programs over one trainer's parameters, made when first needed and kept; questions of any length go through them in parts.
pub struct Probe {
    rows: usize,
    dim: usize,
    /// The label of samples without a class.
    no_class: u32,
    buffers: BTreeMap<String, BufferId>,
    programs: Vec<(Kind, ProgramId)>,
}

/// A probe with the device it works on: what the analyses take for a network.
pub struct Asked<'a> {
    probe: &'a mut Probe,
    backend: &'a mut dyn Backend,
    trainer: &'a Trainer,
    weights: WeightsChoice,
}

/// The network's output `m` for the resources `probe x`, `probe times [rows]` and `probe labels [rows]`; with `divergence`, for points,
/// `Σ_i ∂m_i/∂x_i [rows]` too: one backward pass per column, as each row of the output depends on its own row of the input alone.
fn graph(config: &Config, params: &ParamTable, rows: usize, divergence: bool) -> Result<Graph> {
    let mut g = Graph::with_params(params.clone());
    let x = g.resource("probe x", TensorType::f32(samples_shape(config, rows)))?;
    let t = g.resource("probe times", TensorType::f32([rows]))?;
    let labels = if config.classes().is_some() { Some(g.resource("probe labels", TensorType::u32([rows]))?) } else { None };
    let m = predict(&mut g, config, x, t, labels)?;
    if divergence {
        let columns = g.shape(m)[1];
        let mut sum = None;
        for i in 0..columns {
            let column = g.slice(m, 1, i, 1)?;
            let total = g.sum_all(column)?;
            let gradient = g.grad(total, &[x])?.remove(0);
            let own = g.slice(gradient, 1, i, 1)?;
            sum = Some(match sum {
                Some(before) => g.add(before, own)?,
                None => own,
            });
        }
        if let Some(sum) = sum {
            g.output("divergence", sum)?;
        }
    }
    g.output("m", m)?;
    Ok(g)
}

impl Probe {
    /// A probe of a trainer's network. Nothing is made on the device yet.
    pub fn new(trainer: &Trainer) -> Probe {
        let config = trainer.config();
        Probe {
            rows: if config.images.is_some() { IMAGES } else { POINTS },
            dim: samples_shape(config, 1).elements(),
            no_class: config.classes().and_then(|classes| classes.no_class()).unwrap_or(0),
            buffers: BTreeMap::new(),
            programs: Vec::new(),
        }
    }

    /// The network with these parameters. `trainer` must be the one that the probe was made for, on its `backend`.
    pub fn ask<'a>(&'a mut self, backend: &'a mut dyn Backend, trainer: &'a Trainer, weights: WeightsChoice) -> Asked<'a> {
        Asked { probe: self, backend, trainer, weights }
    }

    async fn program(&mut self, backend: &mut dyn Backend, trainer: &Trainer, kind: Kind) -> Result<ProgramId> {
        if let Some((_, program)) = self.programs.iter().find(|(k, _)| *k == kind) {
            return Ok(*program);
        }
        if trainer.config().goal != Goal::Denoise {
            return Err(Error::config("goal", "a classifier denoises nothing: ask the run that it goes with"));
        }
        let graph = graph(trainer.config(), trainer.params(), self.rows, kind.divergence)?;
        let plan = Plan::compile(&graph, &backend.tuning())?;
        let arena = if kind.weights == WeightsChoice::Ema { "ema" } else { "param" };
        let mut bound = BTreeMap::new();
        for resource in &plan.resources {
            let name = if resource.name == "param" { arena } else { &resource.name };
            let id = match trainer.buffer(name).or_else(|| self.buffers.get(name).copied()) {
                Some(id) => id,
                None => {
                    let id = backend.allocate(name, resource.dtype, resource.len)?;
                    self.buffers.insert(name.to_string(), id);
                    id
                }
            };
            bound.insert(resource.name.clone(), id);
        }
        let program = backend.load(&plan, &bound).await?;
        self.programs.push((kind, program));
        Ok(program)
    }

    /// Frees the programs and their buffers.
    pub fn destroy(self, backend: &mut dyn Backend) {
        self.programs.into_iter().for_each(|(_, program)| backend.unload(program));
        self.buffers.into_values().for_each(|id| backend.free(id));
    }
}

/// An answer on its way: the output, and the divergence if it was asked for.
type Answer = (LocalFuture<'static, Result<HostData>>, Option<LocalFuture<'static, Result<HostData>>>);

impl Asked<'_> {
    async fn run(&mut self, x: &[f64], times: &[f64], labels: &[u32], divergence: bool) -> Result<(Vec<f64>, Vec<f64>)> {
        let Asked { probe, backend, trainer, weights } = self;
        let (rows, dim, n) = (probe.rows, probe.dim, times.len());
        if x.len() != n * dim || !(labels.is_empty() || labels.len() == n) {
            let message =
                format!("{} numbers, {n} times and {} labels: a sample has {dim} numbers, one time and one label", x.len(), labels.len());
            return Err(Error::Shape { op: "probe", label: "samples".into(), message });
        }
        let program = probe.program(*backend, trainer, Kind { weights: *weights, divergence }).await?;
        let (mut m, mut divergences) = (Vec::with_capacity(x.len()), Vec::new());
        let mut pending: VecDeque<Answer> = VecDeque::new();
        for (part, x) in x.chunks(rows * dim).enumerate() {
            if pending.len() == PENDING {
                take_in(pending.pop_front(), &mut m, &mut divergences).await?;
            }
            let first = part * rows;
            let last = (first + rows).min(n);
            let floats = |values: &[f64], len: usize| {
                let mut floats: Vec<f32> = values.iter().map(|v| *v as f32).collect();
                floats.resize(len, 0.0);
                floats
            };
            backend.write(probe.buffers["probe x"], 0, HostSlice::F32(&floats(x, rows * dim)))?;
            backend.write(probe.buffers["probe times"], 0, HostSlice::F32(&floats(&times[first..last], rows)))?;
            if let Some(buffer) = probe.buffers.get("probe labels") {
                let mut told = labels.get(first..last).unwrap_or_default().to_vec();
                told.resize(rows, probe.no_class);
                backend.write(*buffer, 0, HostSlice::U32(&told))?;
            }
            backend.run(&[(program, 1)])?;
            let reading = backend.output(program, "m");
            pending.push_back((reading, divergence.then(|| backend.output(program, "divergence"))));
        }
        while let Some(answer) = pending.pop_front() {
            take_in(Some(answer), &mut m, &mut divergences).await?;
        }
        // The last part was filled up with zeros.
        m.truncate(n * dim);
        divergences.truncate(n);
        Ok((m, divergences))
    }
}

async fn take_in(answer: Option<Answer>, m: &mut Vec<f64>, divergences: &mut Vec<f64>) -> Result<()> {
    let Some((output, divergence)) = answer else { return Ok(()) };
    m.extend(output.await?.floats().into_iter().map(f64::from));
    if let Some(divergence) = divergence {
        divergences.extend(divergence.await?.floats().into_iter().map(f64::from));
    }
    Ok(())
}

impl Denoiser for Asked<'_> {
    fn dim(&self) -> usize {
        self.probe.dim
    }

    async fn output(&mut self, x: &[f64], times: &[f64], labels: &[u32]) -> Result<Vec<f64>> {
        Ok(self.run(x, times, labels, false).await?.0)
    }

    async fn with_divergence(&mut self, x: &[f64], times: &[f64], labels: &[u32]) -> Result<(Vec<f64>, Vec<f64>)> {
        if self.trainer.config().images.is_some() {
            return Err(Error::config("images", "the divergence of a network on images is not computed: ask this of a run on points"));
        }
        self.run(x, times, labels, true).await
    }
}
