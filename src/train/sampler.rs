//! Sampling runs on the device: all steps from one seed, with frames of the way kept for the viewer.

use std::collections::BTreeMap;

use super::config::Config;
use super::inputs::SampleInputs;
use super::options::{SampleOptions, WeightsChoice};
use super::programs::samples_shape;
use super::reverse::{SampleShape, sampling_start, sampling_step};
use super::tables;
use super::trainer::Trainer;
use super::tune::Choices;
use crate::diffusion::{Clip, SamplerTable};
use crate::graph::ops::state::counter;
use crate::graph::{FROZEN, Graph, PARAM};
use crate::plan::{Backend, BufferId, HostData, HostSlice, LocalFuture, Plan, ProgramId, Region};
use crate::{Error, Result};

/// Multiplications that one submit may hold: a few milliseconds of a small GPU.
const WORK_PER_SUBMIT: f64 = 1e9;

/// How often each parameter is used in one step. In a U-Net a weight meets every pixel of its resolution; as most weights lie at
/// the lowest ones, a sixteenth of the pixels is about the mean.
fn evaluations(config: &Config, shape: SampleShape) -> f64 {
    let pixels = config.images.as_ref().map_or(1.0, |images| (images.side * images.side) as f64 / 16.0);
    (shape.count * if shape.guided { 2 } else { 1 }) as f64 * pixels
}

/// The result of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleRun {
    /// `frame_count · count · dim` numbers; the first frame is noise, the last the samples.
    pub frames: Vec<f32>,
    /// What the model took each frame to be without noise: as long as `frames`, the first frame's being that of the first step.
    pub predicted: Vec<f32>,
    /// Samples per frame.
    pub count: usize,
    /// Numbers per sample: 2, or pixels times channels.
    pub dim: usize,
    /// For each frame the timestep it stands at; -1 for clean.
    pub timesteps: Vec<f32>,
    /// Network evaluations per point.
    pub model_evaluations: usize,
}

impl SampleRun {
    /// The last frame.
    pub fn last(&self) -> &[f32] {
        &self.frames[self.frames.len() - self.dim * self.count..]
    }

    /// The points of the last frame.
    pub fn points(&self) -> Vec<[f32; 2]> {
        let last = self.last();
        last.chunks_exact(2).map(|p| [p[0], p[1]]).collect()
    }
}

/// The programs of one kind of sampling run over one trainer's parameters, kept for the next run of that kind.
pub struct Sampler {
    shape: SampleShape,
    /// Numbers per sample.
    dim: usize,
    weights: WeightsChoice,
    /// The classifier's parameters that the programs are bound to.
    classifier: Option<BufferId>,
    start: ProgramId,
    step: ProgramId,
    buffers: BTreeMap<String, BufferId>,
    /// Parameters, which are the trainer's.
    arenas: BTreeMap<String, BufferId>,
    /// The variants of kernels that a step runs.
    choices: Choices,
    steps_per_submit: usize,
}

/// Which frame each step's result is kept in, if any: `frames` in all, the first being the noise before any step.
fn frame_of_steps(steps: usize, frames: usize) -> Vec<Option<usize>> {
    let mut kept = vec![None; steps];
    for frame in 1..frames {
        kept[(frame * steps).div_ceil(frames - 1) - 1] = Some(frame);
    }
    kept
}

impl Sampler {
    /// What programs `options` need.
    ///
    /// # Errors
    /// [`Error::Config`] naming the option as `sample.…`.
    pub(super) fn shape(config: &Config, options: &SampleOptions) -> Result<SampleShape> {
        options.validate(config)?;
        let table = options.sampler_config(config).table(&options.schedule(config)?)?;
        Ok(Self::shape_of(config, options, &table, &SampleInputs::default()))
    }

    fn shape_of(config: &Config, options: &SampleOptions, table: &SamplerTable, inputs: &SampleInputs) -> SampleShape {
        let guidable = config.classes().is_some_and(|c| c.no_class().is_some());
        let labelled = !options.labels.is_empty();
        let rows = table.rows.len();
        let usual = config.schedule.num_train_timesteps;
        SampleShape {
            count: options.num_samples,
            // Other numbers of steps are to need no other program.
            rows: if rows <= usual { usual } else { rows.next_power_of_two() },
            frames: options.max_frames.min(rows + 1),
            noise: inputs.is_masked() || table.rows.iter().any(|row| row.c_z != 0.0),
            history: table.rows.iter().any(|row| [row.c_1, row.c_2, row.c_3].iter().any(|c| *c != 0.0)),
            clip: matches!(table.clip, Clip::Range(_)),
            threshold: if let Clip::Threshold { ratio, .. } = table.clip { Some(ratio) } else { None },
            guided: guidable && options.guidance_scale != 1.0 && labelled,
            classified: options.classifier_scale != 0.0 && labelled,
            masked: inputs.is_masked(),
        }
    }

    /// Runs `options` over the trainer's parameters as they are now, with the programs in `kept` if they fit, and leaves
    /// in `kept` those it used. The samples arrive when the device is done; training may go on meanwhile.
    ///
    /// # Errors
    /// [`Error::Config`] naming the option as `sample.…`, or the device's own error.
    pub async fn run(
        kept: &mut Option<Sampler>,
        backend: &mut dyn Backend,
        trainer: &Trainer,
        options: &SampleOptions,
    ) -> Result<LocalFuture<'static, Result<SampleRun>>> {
        Self::run_from(kept, backend, trainer, options, &SampleInputs::default(), None).await
    }

    /// As [`Sampler::run`], from what `inputs` say. `classifier` is a run of [`super::Goal::Classify`] on the same data, for
    /// classifier guidance.
    ///
    /// # Errors
    /// As those of [`Sampler::run`]; and [`Error::Config`] naming the input as `inputs.…`.
    pub async fn run_from(
        kept: &mut Option<Sampler>,
        backend: &mut dyn Backend,
        trainer: &Trainer,
        options: &SampleOptions,
        inputs: &SampleInputs,
        classifier: Option<&Trainer>,
    ) -> Result<LocalFuture<'static, Result<SampleRun>>> {
        let config = trainer.config();
        options.validate(config)?;
        let schedule = options.schedule(config)?;
        let table = options.sampler_config(config).table(&schedule)?;
        inputs.validate(config, options)?;
        let shape = Self::shape_of(config, options, &table, inputs);
        let judge = if shape.classified { Some(Self::judge(classifier)?) } else { None };
        let fits = |s: &Sampler| s.shape == shape && s.weights == options.weights && s.classifier == judge;
        if !kept.as_ref().is_some_and(fits) {
            if let Some(old) = kept.take() {
                old.destroy(backend);
            }
            *kept = Some(Sampler::load(backend, trainer, shape, options.weights, judge).await?);
        }
        match kept {
            Some(sampler) => {
                sampler.write(backend, config, &table, options, inputs)?;
                sampler.submit(backend, &table, inputs.starts())
            }
            None => Err(Error::Gpu("the sampler is gone".into())),
        }
    }

    /// The classifier's parameters.
    fn judge(classifier: Option<&Trainer>) -> Result<BufferId> {
        let missing = || Error::config("sample.classifier_scale", "there is no classifier yet: train one, or set the scale to 0");
        classifier.and_then(|c| c.buffer("ema")).ok_or_else(missing)
    }

    async fn load(
        backend: &mut dyn Backend,
        trainer: &Trainer,
        shape: SampleShape,
        weights: WeightsChoice,
        classifier: Option<BufferId>,
    ) -> Result<Sampler> {
        let (tuning, config) = (backend.tuning(), trainer.config());
        let start = Plan::compile(&sampling_start(config, shape)?, &tuning)?;
        let step = Plan::compile(&sampling_step(config, trainer.params(), shape)?, &tuning)?;
        let arena = if weights == WeightsChoice::Ema { "ema" } else { "param" };
        let arena = trainer.buffer(arena).ok_or_else(|| Error::Gpu("the run has no parameters".into()))?;
        let mut arenas = BTreeMap::from([(PARAM.to_string(), arena)]);
        arenas.extend(classifier.map(|arena| (FROZEN.to_string(), arena)));
        let mut buffers = BTreeMap::new();
        let programs = Self::load_programs(backend, &start, &step, &arenas, &mut buffers).await;
        let choices = step.chosen();
        let (start, step) = match programs {
            Ok(programs) => programs,
            Err(error) => {
                buffers.into_values().for_each(|id| backend.free(id));
                return Err(error);
            }
        };
        let work = evaluations(config, shape) * trainer.params().count() as f64;
        let steps_per_submit = (WORK_PER_SUBMIT / work).clamp(1.0, 128.0) as usize;
        let dim = samples_shape(config, 1).elements();
        Ok(Sampler { shape, dim, weights, classifier, start, step, buffers, arenas, choices, steps_per_submit })
    }

    async fn load_programs(
        backend: &mut dyn Backend,
        start: &Plan,
        step: &Plan,
        arenas: &BTreeMap<String, BufferId>,
        buffers: &mut BTreeMap<String, BufferId>,
    ) -> Result<(ProgramId, ProgramId)> {
        for resource in start.resources.iter().chain(&step.resources) {
            if !arenas.contains_key(&resource.name) && !buffers.contains_key(&resource.name) {
                buffers.insert(resource.name.clone(), backend.allocate(&resource.name, resource.dtype, resource.len)?);
            }
        }
        let bound = all(buffers, arenas);
        let first = backend.load(start, &bound).await?;
        match backend.load(step, &bound).await {
            Ok(second) => Ok((first, second)),
            Err(error) => {
                backend.unload(first);
                Err(error)
            }
        }
    }

    /// The program of one step, for a tuner.
    ///
    /// # Errors
    /// [`Error::Config`] for a bad configuration, which no run has.
    pub fn graph(&self, trainer: &Trainer) -> Result<Graph> {
        sampling_step(trainer.config(), trainer.params(), self.shape)
    }

    /// Goes on with the variants that the backend's tuning says by now.
    ///
    /// # Errors
    /// The device's own; it then goes on as it was.
    pub async fn retune(&mut self, backend: &mut dyn Backend, trainer: &Trainer) -> Result<()> {
        let plan = Plan::compile(&self.graph(trainer)?, &backend.tuning())?;
        if plan.chosen() != self.choices {
            backend.reload(self.step, &plan, &all(&self.buffers, &self.arenas)).await?;
            self.choices = plan.chosen();
        }
        Ok(())
    }

    /// Writes what the programs read: seed, table, times, classes, guidance, and what the run begins with.
    fn write(
        &self,
        backend: &mut dyn Backend,
        config: &Config,
        table: &SamplerTable,
        options: &SampleOptions,
        inputs: &SampleInputs,
    ) -> Result<()> {
        let kept = frame_of_steps(table.rows.len(), self.shape.frames);
        let rows: Vec<f32> = table.rows.iter().zip(kept).flat_map(|(row, frame)| tables::coefficients(row, table.clip, frame)).collect();
        let times: Vec<f32> = table.rows.iter().map(|row| row.timestep as f32).collect();
        let mut counters = [0; counter::LEN];
        counters[counter::SEED] = options.seed;
        backend.write(self.buffers["sample counters"], 0, HostSlice::U32(&counters))?;
        backend.write(self.buffers["coefficients"], 0, HostSlice::F32(&rows))?;
        backend.write(self.buffers["times"], 0, HostSlice::F32(&times))?;
        backend.write(self.buffers["start scale"], 0, HostSlice::F32(&[table.init as f32]))?;
        let mut write = |name: &str, values: HostSlice<'_>| match self.buffers.get(name) {
            Some(buffer) => backend.write(*buffer, 0, values),
            None => Ok(()),
        };
        if let Some(classes) = config.classes() {
            let mut labels = options.labels.clone();
            // A model without a label for "no class" is given its classes in turn.
            let fill = |i: usize| classes.no_class().unwrap_or((i % classes.count) as u32);
            labels.extend((labels.len()..if self.shape.guided { 2 } else { 1 } * self.shape.count).map(fill));
            write("sample labels", HostSlice::U32(&labels))?;
        }
        write("classifier labels", HostSlice::U32(&options.labels))?;
        write("guidance", HostSlice::F32(&tables::guidance(config, &table.rows, options)))?;
        // A run before may have left what is no number.
        write("history", HostSlice::F32(&if self.shape.history { vec![0.0; 3 * self.shape.count * self.dim] } else { Vec::new() }))?;
        write("known", HostSlice::F32(&inputs.known))?;
        write("mask", HostSlice::F32(&inputs.mask))?;
        let Some(first) = table.rows.first() else { return Ok(()) };
        if let Some(start) = inputs.start(first.from, options.seed) {
            write("x", HostSlice::F32(&start))?;
            write("frames", HostSlice::F32(&start))?;
        }
        Ok(())
    }

    /// Submits all steps, from noise or, if `given`, from what was written.
    fn submit(&self, backend: &mut dyn Backend, table: &SamplerTable, given: bool) -> Result<LocalFuture<'static, Result<SampleRun>>> {
        let (dim, SampleShape { count, frames, .. }) = (self.dim, self.shape);
        let kept = frame_of_steps(table.rows.len(), frames);
        let mut timesteps: Vec<f32> = table.rows.first().map(|row| row.timestep as f32).into_iter().collect();
        timesteps.extend(table.rows.iter().zip(kept).filter_map(|(row, frame)| frame.map(|_| row.next.map_or(-1.0, |t| t as f32))));
        let mut left = table.rows.len();
        let mut work = if given { Vec::new() } else { vec![(self.start, 1)] };
        while left > 0 {
            let now = left.min(self.steps_per_submit);
            work.push((self.step, now));
            backend.run(&work)?;
            work.clear();
            left -= now;
        }
        let whole = |buffer: &BufferId| Region { buffer: *buffer, offset: 0, len: frames * count * dim };
        let regions: Vec<Region> = ["frames", "predicted"].iter().filter_map(|name| self.buffers.get(*name)).map(whole).collect();
        let reading = backend.read(&regions);
        let model_evaluations = table.rows.len();
        Ok(Box::pin(async move {
            let mut parts = reading.await?.into_iter().map(HostData::floats);
            let (frames, mut predicted) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            // The first frame is noise; what the model takes it for is known after the first step.
            if let [first, second, ..] = &mut predicted.chunks_exact_mut(count * dim).collect::<Vec<_>>()[..] {
                first.copy_from_slice(second);
            }
            Ok(SampleRun { frames, predicted, count, dim, timesteps, model_evaluations })
        }))
    }

    /// Frees the programs and their buffers.
    pub fn destroy(self, backend: &mut dyn Backend) {
        backend.unload(self.start);
        backend.unload(self.step);
        self.buffers.into_values().for_each(|id| backend.free(id));
    }
}

fn all(own: &BTreeMap<String, BufferId>, borrowed: &BTreeMap<String, BufferId>) -> BTreeMap<String, BufferId> {
    own.iter().chain(borrowed).map(|(name, id)| (name.clone(), *id)).collect()
}

#[cfg(test)]
mod tests {
    use super::frame_of_steps;

    #[test]
    fn frames_are_spread_and_the_last_step_is_kept() {
        for (steps, frames) in [(1, 2), (50, 51), (50, 2), (1000, 51), (7, 5), (999, 100)] {
            let kept = frame_of_steps(steps, frames);
            let order: Vec<usize> = kept.iter().flatten().copied().collect();
            assert_eq!(order, (1..frames).collect::<Vec<_>>(), "{steps} steps, {frames} frames");
            assert_eq!(kept[steps - 1], Some(frames - 1));
        }
    }
}
