//! A training run on a backend: its buffers, its program, and what is read back while it runs.

use std::collections::BTreeMap;

use super::config::{Config, OptimizerConfig};
use super::programs::{RING, samples_shape, training_step};
use super::snapshot::Snapshot;
use super::tune::{Choices, Tuned, Tuner};
use crate::data::ImageSet;
use crate::diffusion::{Schedule, TrainingTables};
use crate::graph::ParamTable;
use crate::graph::ops::state::{counter, scalar};
use crate::plan::{Backend, BufferId, HostData, HostSlice, KernelTime, LaunchTime, LocalFuture, Plan, ProgramId, Region};
use crate::{Error, Result};

/// What the device says of the run when it is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// Steps done.
    pub step: u32,
    /// Losses of the steps since the last report, oldest first.
    pub losses: Vec<f32>,
    /// The step of the first of them, from 0.
    pub first_step: u32,
    /// Norm of the last gradient before clipping.
    pub grad_norm: f32,
    /// Learning rate of the last step.
    pub learning_rate: f32,
    /// The step whose loss or gradient was not finite; parameters have not changed since.
    pub frozen_at: Option<u32>,
}

/// One run. It owns buffers of the backend that made it, and must be given that backend with every call.
pub struct Trainer {
    config: Config,
    params: ParamTable,
    buffers: BTreeMap<String, BufferId>,
    program: ProgramId,
    /// The variants of kernels that the program runs.
    choices: Choices,
    /// Names of buffers that belong to another run.
    borrowed: Vec<&'static str>,
    /// Images on the device; points are all there from the start.
    images: usize,
    /// Steps submitted.
    submitted: u32,
    /// Steps whose losses have been asked for.
    reported: u32,
}

/// The arenas of a snapshot, in the order of its fields.
const ARENAS: [&str; 4] = ["param", "m", "v", "ema"];
/// What a run learns from.
const DATA: [&str; 3] = ["data", "pixels", "labels"];

impl Trainer {
    /// Most steps between two reports: the ring of losses holds so many.
    pub const MAX_STEPS: usize = RING;

    /// A run at its first step.
    ///
    /// # Errors
    /// [`Error::Config`] for a bad configuration, [`Error::Limit`] if the device is too small, or the device's own error.
    pub async fn new(backend: &mut dyn Backend, config: &Config) -> Result<Trainer> {
        Self::start(backend, &Self::initial(config)?).await
    }

    /// The state before the first step of a run.
    ///
    /// # Errors
    /// [`Error::Config`] for a bad configuration.
    pub fn initial(config: &Config) -> Result<Snapshot> {
        config.validate()?;
        Ok(Snapshot::initial(config, training_step(config)?.params()))
    }

    /// A run that goes on where `snapshot` was taken.
    ///
    /// # Errors
    /// As those of [`Trainer::new`].
    pub async fn start(backend: &mut dyn Backend, snapshot: &Snapshot) -> Result<Trainer> {
        Self::start_beside(backend, snapshot, None).await
    }

    /// A run that learns the data that `other` has on the device, if it has labels. It must end before `other` does.
    ///
    /// # Errors
    /// As those of [`Trainer::new`]; and [`Error::Config`] if the data are not the same.
    pub async fn start_beside(backend: &mut dyn Backend, snapshot: &Snapshot, other: Option<&Trainer>) -> Result<Trainer> {
        let config = snapshot.config.clone();
        config.validate()?;
        let graph = training_step(&config)?;
        let params = graph.params().clone();
        if let Some(tuned) = snapshot.tuned.as_ref().filter(|tuned| tuned.adapter == backend.info().name) {
            tuned.put_on(backend);
        }
        let plan = Plan::compile(&graph, &backend.tuning())?;
        let mut buffers = BTreeMap::new();
        // A run that is told no classes has no labels there: then nothing of it will do.
        let other = other.filter(|o| o.buffers.contains_key("labels"));
        let borrowed: Vec<&str> = DATA.into_iter().filter(|name| other.is_some_and(|o| o.buffers.contains_key(*name))).collect();
        if let Some(other) = other {
            if (config.data, &config.images) != (other.config.data, &other.config.images) || config.seed != other.config.seed {
                return Err(Error::config("data", "two runs share data only if they are of the same data and seed"));
            }
            buffers.extend(borrowed.iter().map(|name| (name.to_string(), other.buffers[*name])));
        }
        let program = match Self::fill(backend, &plan, snapshot, &mut buffers, &borrowed).await {
            Ok(program) => program,
            Err(error) => {
                free(backend, buffers, &borrowed);
                return Err(error);
            }
        };
        let (choices, step) = (plan.chosen(), snapshot.step());
        let mut trainer = Trainer { config, params, buffers, program, choices, borrowed, images: 0, submitted: step, reported: step };
        if let Some(other) = other {
            trainer.share_images(backend, other)?;
        }
        Ok(trainer)
    }

    async fn fill(
        backend: &mut dyn Backend,
        plan: &Plan,
        snapshot: &Snapshot,
        buffers: &mut BTreeMap<String, BufferId>,
        borrowed: &[&str],
    ) -> Result<ProgramId> {
        for resource in plan.resources.iter().filter(|r| !borrowed.contains(&r.name.as_str())) {
            buffers.insert(resource.name.clone(), backend.allocate(&resource.name, resource.dtype, resource.len)?);
        }
        let Config { data: set, seed, images, .. } = &snapshot.config;
        if images.is_none() {
            let set = set.points(set.size, *seed);
            let points: Vec<f32> = set.points.into_iter().flatten().collect();
            for (name, values) in [("data", HostSlice::F32(&points)), ("labels", HostSlice::U32(&set.labels))] {
                if let Some(buffer) = buffers.get(name).filter(|_| !borrowed.contains(&name)) {
                    backend.write(*buffer, 0, values)?;
                }
            }
        }
        if let Some(quantiles) = buffers.get("quantiles") {
            let tables = TrainingTables::new(&Schedule::new(&snapshot.config.schedule)?, &snapshot.config.objective)?;
            backend.write(*quantiles, 0, HostSlice::U32(&tables.quantiles))?;
        }
        let Snapshot { counters, scalars, param, m, v, ema, .. } = snapshot;
        for (name, values) in ARENAS.into_iter().zip([param, m, v, ema]) {
            backend.write(buffers[name], 0, HostSlice::F32(values))?;
        }
        backend.write(buffers["scalars"], 0, HostSlice::F32(scalars))?;
        backend.write(buffers["counters"], 0, HostSlice::U32(counters))?;
        backend.write(buffers["counters"], counter::DATA_COUNT, HostSlice::U32(&[0]))?;
        backend.load(plan, buffers).await
    }

    /// The configuration, the learning rate as last set.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Layout of the parameters.
    pub fn params(&self) -> &ParamTable {
        &self.params
    }

    /// Puts the images of `set` on the device that are not there yet; training draws from them from the next submit on.
    ///
    /// # Errors
    /// [`Error::Config`] for `images` if the set's images are of another size, have more classes, or are more than the run's
    /// configuration has room for.
    pub fn add_images(&mut self, backend: &mut dyn Backend, set: &ImageSet) -> Result<()> {
        let fail = |message: String| Err(Error::config("images", message));
        let Some(images) = &self.config.images else {
            return fail("this run learns points: start one on images".into());
        };
        if (set.side(), set.channels()) != (images.side, images.channels) || set.classes() > images.classes {
            let of = |side: usize, channels: usize, classes: usize| format!("{side}×{side}×{channels} with {classes} classes");
            let (given, wanted) = (of(set.side(), set.channels(), set.classes()), of(images.side, images.channels, images.classes));
            return fail(format!("the set is {given}, the run's configuration says {wanted}"));
        }
        if set.len() > images.count {
            return fail(format!("{} are more than the {} that the run's configuration has room for", set.len(), images.count));
        }
        let first = self.images;
        if set.len() <= first {
            return Ok(());
        }
        if !self.borrowed.is_empty() {
            return Err(Error::config("images", "belong to the run beside: share what it has"));
        }
        let word = |bytes: &[u8]| bytes.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
        let size = set.image_bytes();
        let words: Vec<u32> = set.pixels()[first * size..].chunks_exact(size).flat_map(|image| image.chunks(4).map(word)).collect();
        backend.write(self.buffers["pixels"], first * images.words_per_image(), HostSlice::U32(&words))?;
        if let Some(buffer) = self.buffers.get("labels") {
            let labels: Vec<u32> = set.labels()[first..].iter().map(|l| u32::from(*l)).collect();
            backend.write(*buffer, first, HostSlice::U32(&labels))?;
        }
        backend.write(self.buffers["counters"], counter::DATA_COUNT, HostSlice::U32(&[set.len() as u32]))?;
        self.images = set.len();
        Ok(())
    }

    /// Whether its data are another run's.
    pub fn shares(&self) -> bool {
        !self.borrowed.is_empty()
    }

    /// Takes in how many images `other` has by now.
    ///
    /// # Errors
    /// The device's own.
    pub fn share_images(&mut self, backend: &mut dyn Backend, other: &Trainer) -> Result<()> {
        self.images = other.images;
        backend.write(self.buffers["counters"], counter::DATA_COUNT, HostSlice::U32(&[other.images as u32]))
    }

    /// Numbers of one sample.
    pub fn sample_len(&self) -> usize {
        samples_shape(&self.config, 1).elements()
    }

    /// Images on the device.
    pub fn images(&self) -> usize {
        self.images
    }

    /// Steps submitted so far; the device may be behind.
    pub fn submitted(&self) -> u32 {
        self.submitted
    }

    /// The buffer of an arena (`param`, `ema`, …), for programs that share it.
    pub(super) fn buffer(&self, name: &str) -> Option<BufferId> {
        self.buffers.get(name).copied()
    }

    /// Submits `steps` training steps as one piece of work.
    ///
    /// # Errors
    /// More than [`Trainer::MAX_STEPS`] at once, a run on images that has none yet, or the device's own error.
    pub fn run(&mut self, backend: &mut dyn Backend, steps: usize) -> Result<()> {
        if steps > Self::MAX_STEPS {
            return Err(Error::config("steps", format!("{steps} at once: at most {} go into one submit", Self::MAX_STEPS)));
        }
        if self.config.images.is_some() && self.images == 0 {
            return Err(Error::config("images", "there are none yet: give the run some before it trains"));
        }
        backend.run(&[(self.program, steps)])?;
        self.submitted += steps as u32;
        Ok(())
    }

    /// Asks for a report; it arrives when all work submitted so far is done. Further work may be submitted meanwhile.
    pub fn report(&mut self, backend: &mut dyn Backend) -> LocalFuture<'static, Result<Progress>> {
        let whole = |name: &str, len| Region { buffer: self.buffers[name], offset: 0, len };
        let regions = [whole("counters", counter::LEN), whole("scalars", scalar::LEN), whole("losses", RING)];
        let reading = backend.read(&regions);
        let first_step = self.reported;
        self.reported = self.submitted;
        Box::pin(async move {
            let mut parts = reading.await?.into_iter();
            let mut next = || parts.next().ok_or_else(|| Error::Gpu("a report came back short".into()));
            let (counters, scalars, losses) = (next()?.integers(), next()?.floats(), next()?.floats());
            let step = counters[counter::STEP];
            let first_step = first_step.max(step.saturating_sub(RING as u32)).min(step);
            Ok(Progress {
                step,
                losses: (first_step..step).map(|s| losses[s as usize % RING]).collect(),
                first_step,
                grad_norm: scalars[scalar::GRAD_NORM],
                learning_rate: scalars[scalar::RATE],
                frozen_at: (counters[counter::FROZEN] != 0).then_some(counters[counter::FROZEN_AT]),
            })
        })
    }

    /// Changes the learning rate from the next submit on. A run frozen by a loss that was not finite goes on from its last
    /// good parameters; nothing else is touched.
    ///
    /// # Errors
    /// [`Error::Config`] for `training.learning_rate` if it is no number from 0 to 1; the run goes on as it was.
    pub fn set_learning_rate(&mut self, backend: &mut dyn Backend, learning_rate: f64) -> Result<()> {
        OptimizerConfig::check_learning_rate(learning_rate)?;
        backend.write(self.buffers["scalars"], scalar::BASE_RATE, HostSlice::F32(&[learning_rate as f32]))?;
        backend.write(self.buffers["counters"], counter::FROZEN, HostSlice::U32(&[0]))?;
        self.config.training.learning_rate = learning_rate;
        Ok(())
    }

    /// What finds the fastest variants for the kernels of this run, one step of which takes `seconds`.
    ///
    /// # Errors
    /// [`Error::Config`] for a bad configuration, which no run has.
    pub fn tuner(&self, backend: &dyn Backend, seconds: f64) -> Result<Tuner> {
        Tuner::new(&training_step(&self.config)?, &backend.tuning(), seconds)
    }

    /// Goes on with the variants that the backend's tuning says by now, from the next submit on. The results are the same to the bit.
    ///
    /// # Errors
    /// The device's own; the run then goes on as it was.
    pub async fn retune(&mut self, backend: &mut dyn Backend) -> Result<()> {
        let plan = Plan::compile(&training_step(&self.config)?, &backend.tuning())?;
        if plan.chosen() != self.choices {
            backend.reload(self.program, &plan, &self.buffers).await?;
            self.choices = plan.chosen();
        }
        Ok(())
    }

    /// Copies the whole state to the host; it arrives when the work submitted so far is done.
    pub fn snapshot(&self, backend: &mut dyn Backend) -> LocalFuture<'static, Result<Snapshot>> {
        let len = self.params.arena_len(true);
        let whole = |name: &str, len| Region { buffer: self.buffers[name], offset: 0, len };
        let mut regions = vec![whole("counters", counter::LEN), whole("scalars", scalar::LEN)];
        regions.extend(ARENAS.iter().map(|name| whole(name, len)));
        let reading = backend.read(&regions);
        let config = self.config.clone();
        let tuned = Tuned::of(backend.info(), &self.choices);
        Box::pin(async move {
            let mut parts = reading.await?.into_iter();
            let counters = parts.next().map(HostData::integers).unwrap_or_default();
            let mut next = || parts.next().map(HostData::floats).ok_or_else(|| Error::Gpu("a snapshot came back short".into()));
            Ok(Snapshot { config, counters, scalars: next()?, param: next()?, m: next()?, v: next()?, ema: next()?, tuned })
        })
    }

    /// Times each kernel over `steps` training steps, or as many as the device's clock can hold; they count as steps of the run.
    pub fn profile(&mut self, backend: &mut dyn Backend, steps: usize) -> Result<LocalFuture<'static, Result<Vec<KernelTime>>>> {
        let launches = self.profile_launches(backend, steps)?;
        Ok(Box::pin(async move { Ok(KernelTime::sums(&launches.await?)) }))
    }

    /// As [`Trainer::profile`], but launch by launch.
    pub fn profile_launches(&mut self, backend: &mut dyn Backend, steps: usize) -> Result<LocalFuture<'static, Result<Vec<LaunchTime>>>> {
        let profile = backend.profile(self.program, steps.min(Self::MAX_STEPS))?;
        self.submitted += profile.times as u32;
        Ok(profile.result)
    }

    /// Frees the run's buffers at once.
    pub fn destroy(self, backend: &mut dyn Backend) {
        backend.unload(self.program);
        free(backend, self.buffers, &self.borrowed);
    }
}

fn free(backend: &mut dyn Backend, buffers: BTreeMap<String, BufferId>, borrowed: &[&str]) {
    let own = buffers.into_iter().filter(|(name, _)| !borrowed.contains(&name.as_str()));
    own.for_each(|(_, id)| backend.free(id));
}
