//! Steps of training on a clock.

use serde::Serialize;
use web_time::Instant;

use super::kernels::{KernelShare, shares};
use super::peaks::Peaks;
use super::timing::{Patience, Repeatable, Timing, milliseconds};
use crate::Result;
use crate::plan::{Backend, Cost, DeviceKind, LocalFuture, Plan};
use crate::train::config::Config;
use crate::train::programs::training_step;
use crate::train::trainer::Trainer;
use crate::train::tune::add_choices;

/// Speed of training, and what a step consists of.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS), ts(rename = "BenchTraining"))]
pub struct Training {
    /// Name of the case.
    pub name: String,
    /// Samples per step.
    pub batch: usize,
    /// Parameters of the model.
    pub parameters: usize,
    /// Milliseconds of a step.
    pub step: Timing,
    /// Of that, the host's own: recording the step and handing it over. Not told where the host does all the work.
    pub host: Option<Timing>,
    /// Steps per second at the median.
    pub steps_per_second: f64,
    /// Milliseconds from the configuration to a run that can train: data, plan, pipelines, bind groups.
    pub load: f64,
    /// What a step computes and moves, and how long that takes at least on machines of known speed.
    pub cost: Cost,
    /// Billions of floating-point operations per second, of all launches.
    pub gflops: f64,
    /// Share of the measured arithmetic.
    pub of_arithmetic: f64,
    /// What choosing between variants of kernels took and gave; none where there is nothing to choose.
    pub tuning: Option<Gain>,
    /// The kernels, the slowest first; none where the device has no clock.
    pub kernels: Vec<KernelShare>,
}

/// What tuning took and gave.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS), ts(rename = "TuningGain"))]
pub struct Gain {
    /// Kernels that were tried.
    pub kernels: usize,
    /// Milliseconds of trying.
    pub milliseconds: f64,
    /// Milliseconds of a step before, timed once.
    pub before: f64,
}

/// Times the variants of the run's kernels, as the page does while training begins, and takes the fastest.
async fn tune(backend: &mut dyn Backend, trainer: &mut Trainer) -> Result<Option<Gain>> {
    if backend.info().kind == DeviceKind::Cpu {
        return Ok(None);
    }
    let (before, _) = Patience { repeat: 0.0, all: 0.0, most: 1 }.time(1, &mut Steps { backend, trainer }).await?;
    let mut tuner = trainer.tuner(backend, before.least * 1e-3)?;
    while !tuner.is_done() {
        tuner.turn(backend).await?;
    }
    let gain = Gain { kernels: tuner.choices().len(), milliseconds: 1e3 * tuner.spent(), before: before.least };
    add_choices(backend, tuner.choices());
    trainer.retune(backend).await?;
    Ok((gain.kernels > 0).then_some(gain))
}

/// A run that can train: with images of noise, if it is on images.
pub(super) async fn start(backend: &mut dyn Backend, config: &Config) -> Result<Trainer> {
    let mut trainer = Trainer::new(backend, config).await?;
    if let Some(images) = &config.images {
        let mut set = images.empty_set()?;
        let pixels: Vec<u8> =
            (0..set.image_bytes() * images.count).map(|i| (i as u32).wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
        let labels: Vec<u8> = (0..images.count).map(|i| (i % images.classes) as u8).collect();
        set.push(&pixels, &labels)?;
        trainer.add_images(backend, &set)?;
    }
    Ok(trainer)
}

/// Steps of a run.
struct Steps<'a> {
    backend: &'a mut dyn Backend,
    trainer: &'a mut Trainer,
}

impl Repeatable for Steps<'_> {
    fn run(&mut self, times: usize) -> LocalFuture<'_, Result<f64>> {
        Box::pin(async move {
            let start = Instant::now();
            self.trainer.run(self.backend, times)?;
            let host = milliseconds(start);
            self.trainer.report(self.backend).await?;
            Ok(host)
        })
    }
}

/// Time of a step, and of that the host's.
pub(super) async fn time(backend: &mut dyn Backend, trainer: &mut Trainer, patience: &Patience) -> Result<(Timing, Timing)> {
    patience.time(Trainer::MAX_STEPS, &mut Steps { backend, trainer }).await
}

impl Training {
    /// Measures the training of `config`.
    ///
    /// # Errors
    /// Those of a run.
    pub async fn measure(backend: &mut dyn Backend, name: &str, config: &Config, peaks: &Peaks, patience: &Patience) -> Result<Training> {
        let begun = Instant::now();
        let mut trainer = start(backend, config).await?;
        let load = milliseconds(begun);
        let timed = async {
            let gain = tune(backend, &mut trainer).await?;
            Ok((gain, Self::run(backend, &mut trainer, config, peaks, patience).await?))
        };
        let timed: Result<_> = timed.await;
        let parameters = trainer.params().count();
        trainer.destroy(backend);
        let (tuning, (cost, step, host, kernels)) = timed?;
        let gflops = step.billions(cost.operations as f64);
        Ok(Training {
            name: name.to_string(),
            batch: config.training.batch_size,
            parameters,
            steps_per_second: 1e3 / step.median,
            step,
            host: (backend.info().kind != DeviceKind::Cpu).then_some(host),
            load,
            cost,
            gflops,
            of_arithmetic: gflops / peaks.gflops,
            tuning,
            kernels,
        })
    }

    async fn run(
        backend: &mut dyn Backend,
        trainer: &mut Trainer,
        config: &Config,
        peaks: &Peaks,
        patience: &Patience,
    ) -> Result<(Cost, Timing, Timing, Vec<KernelShare>)> {
        let (step, host) = time(backend, trainer, patience).await?;
        // The same plan as the run's own: it is a function of the two.
        let (graph, tuning) = (training_step(config)?, backend.tuning());
        let plan = Plan::compile(&graph, &tuning)?;
        let times = ((patience.all / step.median.max(1e-3)) as usize).clamp(1, 32);
        let launches = trainer.profile_launches(backend, times)?.await?;
        let kernels = shares(&plan, &launches, peaks);
        Ok((Cost::of(&graph, &plan, &tuning), step, host, kernels))
    }
}
