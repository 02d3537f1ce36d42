//! A backend with the run on it, and the choice of a backend.

use web_time::Instant;

use super::device::{has_webgpu, request};
use super::tune::Tunings;
use super::types::{AdapterInfo, BackendName, MeasuredSpeed, Reason};
use crate::cpu::CpuBackend;
use crate::data::ImageSet;
use crate::plan::{Backend, DeviceKind, LocalFuture, Progress};
use crate::train::analysis::Probe;
use crate::train::{Config, Goal, Judge, OptimizerConfig, Sampler, Snapshot, Trainer, TuningRecords, add_choices};
use crate::{Error, Result};

/// A backend, its run, and the sampler last used.
pub struct Machine {
    pub(super) backend: Box<dyn Backend>,
    pub(super) trainer: Trainer,
    pub(super) sampler: Option<Sampler>,
    /// A classifier of noised samples of the run's data, once it was asked for.
    pub(super) classifier: Option<Trainer>,
    /// What asks it for classes.
    judge: Option<Judge>,
    /// What asks the run's network about samples, once something was asked.
    pub(super) probe: Option<Probe>,
    /// Tuning, where there is something to tune and nobody has switched it off.
    pub(super) tuning: Option<Tunings>,
    progress: Option<Progress>,
}

/// What a machine is given besides a run.
#[derive(Clone, Default)]
pub(super) struct Setup {
    /// Told of the compilation of kernels.
    pub progress: Option<Progress>,
    /// What is known of adapters; none if nothing is to be tuned.
    pub records: Option<TuningRecords>,
}

impl Setup {
    /// Readies a backend, and says what there is to tune on it.
    fn apply(&self, backend: &mut dyn Backend) -> Option<Tunings> {
        backend.on_progress(self.progress.clone());
        let records = self.records.clone().filter(|_| backend.info().kind != DeviceKind::Cpu)?;
        let known = records.known(&backend.info().name);
        add_choices(backend, &known);
        Some(Tunings::new(records))
    }
}

/// Milliseconds that a trial of a backend should take, compilation aside.
const TRIAL: f64 = 150.0;

/// The run of `snapshot`, given the images that there are.
async fn started(backend: &mut dyn Backend, snapshot: &Snapshot, images: Option<&ImageSet>) -> Result<Trainer> {
    let mut trainer = Trainer::start(backend, snapshot).await?;
    if let Some(images) = images.filter(|_| snapshot.config.images.is_some()) {
        trainer.add_images(backend, images)?;
    }
    Ok(trainer)
}

/// Samples whose class is asked for at once.
const JUDGED: usize = 128;

/// The run of a classifier for the data of `config`, noised by its schedule.
fn classifier_of(config: &Config) -> Config {
    let training = OptimizerConfig {
        batch_size: config.training.batch_size.min(256),
        learning_rate: 2e-3,
        ema_decay: 0.99,
        ..OptimizerConfig::default()
    };
    Config { goal: Goal::Classify, training, ..config.clone() }
}

impl Machine {
    async fn new(mut backend: Box<dyn Backend>, config: &Config, setup: &Setup) -> Result<Machine> {
        let tuning = setup.apply(backend.as_mut());
        let trainer = Trainer::new(backend.as_mut(), config).await?;
        let progress = setup.progress.clone();
        Ok(Machine { backend, trainer, sampler: None, classifier: None, judge: None, probe: None, tuning, progress })
    }

    /// The machine for `choice`: `webgpu`, `cpu`, or `auto` for a GPU if there is one, else the faster of software WebGPU and CPU.
    pub(super) async fn choose(config: &Config, choice: &str, setup: &Setup) -> Result<(Machine, AdapterInfo)> {
        config.validate()?;
        match choice {
            "webgpu" => {
                let machine = Machine::new(Box::new(request().await?), config, setup).await?;
                Ok(machine.with_info(Reason::Requested, None))
            }
            "cpu" => Ok(Machine::cpu(config, setup).await?.with_info(Reason::Requested, None)),
            "auto" if !has_webgpu() => Ok(Machine::cpu(config, setup).await?.with_info(Reason::NoWebgpu, None)),
            "auto" => match request().await {
                Ok(gpu) => Machine::faster(Box::new(gpu), config, setup).await,
                Err(Error::NoAdapter(_)) => Ok(Machine::cpu(config, setup).await?.with_info(Reason::NoAdapter, None)),
                Err(error) => Err(error),
            },
            other => Err(Error::config("backend", format!("“{other}” is unknown: choose auto, webgpu or cpu"))),
        }
    }

    async fn cpu(config: &Config, setup: &Setup) -> Result<Machine> {
        Machine::new(Box::new(CpuBackend::<f32>::new()), config, setup).await
    }

    async fn faster(gpu: Box<dyn Backend>, config: &Config, setup: &Setup) -> Result<(Machine, AdapterInfo)> {
        if gpu.info().kind == DeviceKind::Gpu {
            return Ok(Machine::new(gpu, config, setup).await?.with_info(Reason::Gpu, None));
        }
        // Tried on the small model of points, whatever the run: that tells them apart, and takes a moment only.
        let small = Config::default();
        let (cpu, cpu_speed) = Machine::cpu(&small, &Setup::default()).await?.speed().await?;
        let cpu = cpu.with_run(config, setup).await?;
        let gpu = match Machine::new(gpu, &small, &Setup::default()).await {
            Ok(machine) => machine.speed().await,
            Err(error) => Err(error),
        };
        // A software adapter that fails is as good as none: the CPU does the work.
        let Ok((gpu, gpu_speed)) = gpu else { return Ok(cpu.with_info(Reason::NoAdapter, None)) };
        let measured = Some(MeasuredSpeed { webgpu: gpu_speed, cpu: cpu_speed });
        if gpu_speed > cpu_speed {
            return Ok(gpu.with_run(config, setup).await?.with_info(Reason::SoftwareGpuFaster, measured));
        }
        gpu.destroy();
        Ok(cpu.with_info(Reason::FasterThanSoftwareGpu, measured))
    }

    /// Training steps per second, and the machine.
    async fn speed(mut self) -> Result<(Machine, f64)> {
        // The first step pays for what is compiled and allocated on first use.
        self.trainer.run(self.backend.as_mut(), 1)?;
        self.trainer.report(self.backend.as_mut()).await?;
        let (start, mut steps) = (Instant::now(), 0);
        while start.elapsed().as_secs_f64() * 1e3 < TRIAL {
            self.trainer.run(self.backend.as_mut(), 2)?;
            self.trainer.report(self.backend.as_mut()).await?;
            steps += 2;
        }
        Ok((self, f64::from(steps) / start.elapsed().as_secs_f64()))
    }

    /// The machine with the run of `config` in place of the one it was tried on.
    async fn with_run(self, config: &Config, setup: &Setup) -> Result<Machine> {
        let Machine { mut backend, trainer, .. } = self;
        trainer.destroy(backend.as_mut());
        Machine::new(backend, config, setup).await
    }

    fn with_info(self, reason: Reason, measured: Option<MeasuredSpeed>) -> (Machine, AdapterInfo) {
        let device = self.backend.info();
        let info = AdapterInfo {
            backend: if device.kind == DeviceKind::Cpu { BackendName::Cpu } else { BackendName::Webgpu },
            name: device.name.clone(),
            software: device.kind == DeviceKind::SoftwareGpu,
            reason,
            measured,
        };
        (self, info)
    }

    /// Replaces the run; the old one is freed only when the new one stands.
    pub(super) async fn replace(&mut self, snapshot: &Snapshot, images: Option<&ImageSet>) -> Result<()> {
        let trainer = started(self.backend.as_mut(), snapshot, images).await?;
        self.drop_helpers();
        std::mem::replace(&mut self.trainer, trainer).destroy(self.backend.as_mut());
        if let Some(tuning) = &mut self.tuning {
            tuning.restart(self.backend.as_mut());
        }
        Ok(())
    }

    /// Frees what was made for the run besides itself.
    pub(super) fn drop_helpers(&mut self) {
        if let Some(sampler) = self.sampler.take() {
            sampler.destroy(self.backend.as_mut());
        }
        if let Some(probe) = self.probe.take() {
            probe.destroy(self.backend.as_mut());
        }
        if let Some(judge) = self.judge.take() {
            judge.destroy(self.backend.as_mut());
        }
        if let Some(classifier) = self.classifier.take() {
            classifier.destroy(self.backend.as_mut());
        }
    }

    /// Trains the classifier for `steps` steps, made first if there is none; resolves to the wait for its report.
    pub(super) async fn train_classifier(
        &mut self,
        steps: usize,
        images: Option<&ImageSet>,
    ) -> Result<LocalFuture<'static, Result<crate::train::Progress>>> {
        let backend = self.backend.as_mut();
        if self.classifier.is_none() {
            let initial = Trainer::initial(&classifier_of(self.trainer.config()))?;
            self.classifier = Some(Trainer::start_beside(backend, &initial, Some(&self.trainer)).await?);
        }
        let Some(classifier) = &mut self.classifier else { return Err(Error::Gpu("the classifier is gone".into())) };
        match images {
            _ if classifier.shares() => classifier.share_images(backend, &self.trainer)?,
            Some(images) => classifier.add_images(backend, images)?,
            None => {}
        }
        classifier.run(backend, steps)?;
        Ok(classifier.report(backend))
    }

    /// The classes that the classifier names for samples at `times`, as many as it takes at once.
    pub(super) async fn judge(&mut self, x: &[f32], times: &[f32]) -> Result<Vec<u32>> {
        let missing = || Error::config("classifier", "there is none yet: train one first");
        let classifier = self.classifier.as_ref().ok_or_else(missing)?;
        if self.judge.is_none() {
            self.judge = Some(Judge::load(self.backend.as_mut(), classifier, JUDGED).await?);
        }
        let judge = self.judge.as_ref().ok_or_else(missing)?;
        let dim = x.len() / times.len().max(1);
        let mut classes = Vec::with_capacity(times.len());
        for (x, times) in x.chunks(JUDGED * dim.max(1)).zip(times.chunks(JUDGED)) {
            classes.extend(judge.classes(self.backend.as_mut(), x, times)?.await?);
        }
        Ok(classes)
    }

    /// Whether there is something to tune now.
    pub(super) fn wants_tuning(&self) -> bool {
        self.tuning.as_ref().is_some_and(|tuning| tuning.wants(self.sampler.as_ref()))
    }

    /// Tunes for a slice of time; nothing may be under way on the device. `seconds`: of a training step.
    pub(super) async fn tune(&mut self, seconds: f64) -> Result<()> {
        let Machine { backend, trainer, sampler, tuning, .. } = self;
        match tuning {
            Some(tuning) => tuning.turn(backend.as_mut(), trainer, sampler.as_mut(), seconds).await,
            None => Ok(()),
        }
    }

    /// Makes a lost device anew and goes on from `snapshot`.
    pub(super) async fn recover(&mut self, snapshot: &Snapshot, images: Option<&ImageSet>) -> Result<()> {
        let mut backend: Box<dyn Backend> = match self.backend.info().kind {
            DeviceKind::Cpu => Box::new(CpuBackend::<f32>::new()),
            DeviceKind::Gpu | DeviceKind::SoftwareGpu => Box::new(request().await?),
        };
        let records = self.tuning.as_ref().map(|tuning| tuning.records.clone());
        let setup = Setup { progress: self.progress.clone(), records };
        let tuning = setup.apply(backend.as_mut());
        let trainer = started(backend.as_mut(), snapshot, images).await?;
        let progress = setup.progress;
        *self = Machine { backend, trainer, sampler: None, classifier: None, judge: None, probe: None, tuning, progress };
        Ok(())
    }

    /// Frees everything, the device included.
    pub(super) fn destroy(mut self) {
        self.drop_helpers();
        if let Some(tuning) = &mut self.tuning {
            tuning.restart(self.backend.as_mut());
        }
        self.trainer.destroy(self.backend.as_mut());
        self.backend.destroy();
    }
}
