//! Sampling runs on the device: all steps from one seed, with frames of the way kept for the viewer.

use std::collections::BTreeMap;

use super::config::{SampleOptions, WeightsChoice};
use super::programs::{DIM, SampleShape, sampling_start, sampling_step};
use super::trainer::Trainer;
use crate::diffusion::{Schedule, StepCoefficients};
use crate::graph::ops::process::STEP_COLUMNS;
use crate::graph::ops::state::counter;
use crate::plan::{Backend, BufferId, HostData, HostSlice, LocalFuture, Plan, ProgramId, Region};
use crate::{Error, Result};

/// Network evaluations (points times steps times parameters) that one submit may hold: a few milliseconds of a small GPU.
const WORK_PER_SUBMIT: f64 = 2e9;

/// The result of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleRun {
    /// `frame_count · count · 2` coordinates; the first frame is noise, the last the samples.
    pub frames: Vec<f32>,
    /// Points per frame.
    pub count: usize,
    /// For each frame the timestep it stands at; -1 for clean.
    pub timesteps: Vec<i32>,
    /// Network evaluations per point.
    pub model_evaluations: usize,
}

impl SampleRun {
    /// The points of the last frame.
    pub fn points(&self) -> Vec<[f32; 2]> {
        let last = &self.frames[self.frames.len() - DIM * self.count..];
        last.chunks_exact(2).map(|p| [p[0], p[1]]).collect()
    }
}

/// The programs of one kind of sampling run over one trainer's parameters, kept for the next run of that kind.
pub struct Sampler {
    shape: SampleShape,
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
        let table = options.sampler_config().steps(&schedule)?;
        let frames = options.max_frames.min(table.len() + 1);
        let shape = SampleShape { count: options.num_samples, frames, noise: table.iter().any(|s| s.c_noise != 0.0) };
        if kept.as_ref().is_none_or(|s| s.shape != shape || s.weights != options.weights) {
            if let Some(old) = kept.take() {
                old.destroy(backend);
            }
            *kept = Some(Sampler::load(backend, trainer, shape, options.weights).await?);
        }
        match kept {
            Some(sampler) => sampler.submit(backend, &table, options.seed),
            None => Err(Error::Gpu("the sampler is gone".into())),
        }
    }

    async fn load(backend: &mut dyn Backend, trainer: &Trainer, shape: SampleShape, weights: WeightsChoice) -> Result<Sampler> {
        let tuning = backend.info().kind.tuning();
        let start = Plan::compile(&sampling_start(shape)?, tuning)?;
        let step = Plan::compile(&sampling_step(trainer.config(), trainer.params(), shape)?, tuning)?;
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
        let work = 2.0 * (shape.count * trainer.params().count()) as f64;
        let steps_per_submit = (WORK_PER_SUBMIT / work).clamp(1.0, 128.0) as usize;
        Ok(Sampler { shape, weights, start, step, buffers, steps_per_submit })
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

    fn submit(&self, backend: &mut dyn Backend, table: &[StepCoefficients], seed: u32) -> Result<LocalFuture<'static, Result<SampleRun>>> {
        let SampleShape { count, frames, .. } = self.shape;
        let kept = frame_of_steps(table.len(), frames);
        let mut rows = Vec::with_capacity(STEP_COLUMNS * table.len());
        let mut times = Vec::with_capacity(table.len());
        let mut timesteps = vec![table[0].timestep as i32];
        for (step, frame) in table.iter().zip(&kept) {
            rows.extend(step.to_f32());
            rows.push(frame.map_or(-1.0, |f| f as f32));
            rows.extend(step.prediction_f32());
            times.push(step.timestep as u32);
            if frame.is_some() {
                timesteps.push(step.prev_timestep.map_or(-1, |t| t as i32));
            }
        }
        let mut counters = [0; counter::LEN];
        counters[counter::SEED] = seed;
        backend.write(self.buffers["sample counters"], 0, HostSlice::U32(&counters))?;
        backend.write(self.buffers["coefficients"], 0, HostSlice::F32(&rows))?;
        backend.write(self.buffers["times"], 0, HostSlice::U32(&times))?;
        let mut left = table.len();
        let mut work = vec![(self.start, 1)];
        while left > 0 {
            let now = left.min(self.steps_per_submit);
            work.push((self.step, now));
            backend.run(&work)?;
            work.clear();
            left -= now;
        }
        let len = frames * count * DIM;
        let reading = backend.read(&[Region { buffer: self.buffers["frames"], offset: 0, len }]);
        let model_evaluations = table.len();
        Ok(Box::pin(async move {
            let frames = reading.await?.pop().map(HostData::floats).unwrap_or_default();
            Ok(SampleRun { frames, count, timesteps, model_evaluations })
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
