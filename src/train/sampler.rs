//! Sampling runs on the device: all steps from one seed, with frames of the way kept for the viewer.

use std::collections::BTreeMap;

use super::config::{Config, SampleOptions, WeightsChoice};
use super::images::ImageConfig;
use super::programs::{SampleShape, samples_shape, sampling_start, sampling_step};
use super::trainer::Trainer;
use crate::diffusion::{Row, Schedule};
use crate::graph::ops::process::STEP_COLUMNS;
use crate::graph::ops::state::counter;
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
    /// For runs on images, what the model took each frame to be without noise: as long as `frames`, the first frame's being
    /// that of the first step. Empty otherwise.
    pub predicted: Vec<f32>,
    /// Samples per frame.
    pub count: usize,
    /// Numbers per sample: 2, or pixels times channels.
    pub dim: usize,
    /// For each frame the timestep it stands at; -1 for clean.
    pub timesteps: Vec<i32>,
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
    /// The label of samples without a class, on images.
    no_class: Option<u32>,
    classes: usize,
    weights: WeightsChoice,
    start: ProgramId,
    step: ProgramId,
    buffers: BTreeMap<String, BufferId>,
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
        Ok(Self::shape_of(config, options, &options.sampler_config(config).table(&Schedule::new(&config.schedule)?)?.rows))
    }

    fn shape_of(config: &Config, options: &SampleOptions, table: &[Row]) -> SampleShape {
        let guidable = config.images.as_ref().is_some_and(|images| images.no_class().is_some());
        SampleShape {
            count: options.num_samples,
            frames: options.max_frames.min(table.len() + 1),
            noise: table.iter().any(|s| s.c_z != 0.0),
            clip: options.clip_sample,
            guided: guidable && options.guidance_scale != 1.0 && !options.labels.is_empty(),
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
        options.validate(trainer.config())?;
        let schedule = Schedule::new(&trainer.config().schedule)?;
        let table = options.sampler_config(trainer.config()).table(&schedule)?.rows;
        let shape = Self::shape_of(trainer.config(), options, &table);
        if kept.as_ref().is_none_or(|s| s.shape != shape || s.weights != options.weights) {
            if let Some(old) = kept.take() {
                old.destroy(backend);
            }
            *kept = Some(Sampler::load(backend, trainer, shape, options.weights).await?);
        }
        match kept {
            Some(sampler) => sampler.submit(backend, &table, options),
            None => Err(Error::Gpu("the sampler is gone".into())),
        }
    }

    async fn load(backend: &mut dyn Backend, trainer: &Trainer, shape: SampleShape, weights: WeightsChoice) -> Result<Sampler> {
        let (tuning, config) = (backend.info().kind.tuning(), trainer.config());
        let start = Plan::compile(&sampling_start(config, shape)?, tuning)?;
        let step = Plan::compile(&sampling_step(config, trainer.params(), shape)?, tuning)?;
        let arena = if weights == WeightsChoice::Ema { "ema" } else { "param" };
        let arena = trainer.buffer(arena).ok_or_else(|| Error::Gpu("the run has no parameters".into()))?;
        let mut buffers = BTreeMap::new();
        let programs = Self::load_programs(backend, &start, &step, arena, &mut buffers).await;
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
        // The label that stands for "no class" in a model that is told classes.
        let no_class = config.images.as_ref().and_then(ImageConfig::no_class);
        let classes = config.images.as_ref().map_or(1, |images| images.classes);
        Ok(Sampler { shape, dim, no_class, classes, weights, start, step, buffers, steps_per_submit })
    }

    async fn load_programs(
        backend: &mut dyn Backend,
        start: &Plan,
        step: &Plan,
        arena: BufferId,
        buffers: &mut BTreeMap<String, BufferId>,
    ) -> Result<(ProgramId, ProgramId)> {
        for resource in start.resources.iter().chain(&step.resources) {
            if resource.name != "param" && !buffers.contains_key(&resource.name) {
                buffers.insert(resource.name.clone(), backend.allocate(&resource.name, resource.dtype, resource.len)?);
            }
        }
        let mut bound = buffers.clone();
        bound.insert("param".into(), arena);
        let first = backend.load(start, &bound).await?;
        match backend.load(step, &bound).await {
            Ok(second) => Ok((first, second)),
            Err(error) => {
                backend.unload(first);
                Err(error)
            }
        }
    }

    /// Writes what the programs read: seed, table, times, classes and guidance.
    fn write(&self, backend: &mut dyn Backend, table: &[Row], options: &SampleOptions) -> Result<()> {
        let kept = frame_of_steps(table.len(), self.shape.frames);
        let mut rows = Vec::with_capacity(STEP_COLUMNS * table.len());
        for (step, frame) in table.iter().zip(kept) {
            let frame = frame.map_or(-1.0, |f: usize| f as f64);
            rows.extend([step.c_x, step.c_m, step.c_z, frame, step.p_x, step.p_m, step.c_0, step.c_x].map(|v| v as f32));
        }
        let times: Vec<u32> = table.iter().map(|step| step.timestep as u32).collect();
        let mut counters = [0; counter::LEN];
        counters[counter::SEED] = options.seed;
        backend.write(self.buffers["sample counters"], 0, HostSlice::U32(&counters))?;
        backend.write(self.buffers["coefficients"], 0, HostSlice::F32(&rows))?;
        backend.write(self.buffers["times"], 0, HostSlice::U32(&times))?;
        if let Some(buffer) = self.buffers.get("sample labels") {
            let mut labels = options.labels.clone();
            // A model without a label for "no class" is given its classes in turn.
            let fill = |i: usize| self.no_class.unwrap_or((i % self.classes) as u32);
            labels.extend((labels.len()..if self.shape.guided { 2 } else { 1 } * self.shape.count).map(fill));
            backend.write(*buffer, 0, HostSlice::U32(&labels))?;
        }
        if let Some(buffer) = self.buffers.get("guidance") {
            backend.write(*buffer, 0, HostSlice::F32(&[options.guidance_scale as f32]))?;
        }
        Ok(())
    }

    fn submit(&self, backend: &mut dyn Backend, table: &[Row], options: &SampleOptions) -> Result<LocalFuture<'static, Result<SampleRun>>> {
        let (dim, SampleShape { count, frames, .. }) = (self.dim, self.shape);
        self.write(backend, table, options)?;
        let kept = frame_of_steps(table.len(), frames);
        let mut timesteps = vec![table[0].timestep as i32];
        timesteps.extend(table.iter().zip(kept).filter_map(|(step, frame)| frame.map(|_| step.next.map_or(-1, |t| t as i32))));
        let mut left = table.len();
        let mut work = vec![(self.start, 1)];
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
        let model_evaluations = table.len();
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
