//! What the calls of one engine share, and what they do: each takes the machine for as long as it needs it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use web_time::Instant;

use super::machine::Machine;
use super::slot::Slot;
use super::state::State;
use super::types::ClassifierMetrics;
use crate::data::ImageSet;
use crate::plan::LocalFuture;
use crate::train::{NoisedBatch, SampleInputs, SampleOptions, SampleRun, Sampler, Snapshot};
use crate::{Error, Result};

/// What the calls of one engine share.
pub struct Shared {
    pub machine: Slot<Machine>,
    pub state: RefCell<State>,
    clock: Instant,
    /// Milliseconds that were spent on tuning: they say nothing of the run's speed.
    tuned: Cell<f64>,
}

impl Shared {
    /// Of a machine whose run is at `state`.
    pub fn new(machine: Machine, state: State) -> Self {
        Shared { machine: Slot::new(machine), state: RefCell::new(state), clock: Instant::now(), tuned: Cell::new(0.0) }
    }

    fn now(&self) -> f64 {
        self.clock.elapsed().as_secs_f64() * 1e3 - self.tuned.get()
    }

    /// Runs `work`; if the device is lost on the way, makes it anew from the last snapshot and runs `work` once more.
    pub async fn recovering<T, F: Future<Output = Result<T>>>(&self, work: impl Fn() -> F) -> Result<T> {
        let before = self.state.borrow().recoveries();
        match work().await {
            Err(Error::DeviceLost(_)) => {
                // Boxed: what is rare is not to be part of the code of every call.
                let recovery: LocalFuture<'_, Result<()>> = Box::pin(self.recover(before));
                recovery.await?;
                work().await
            }
            other => other,
        }
    }

    /// Makes the machine anew, unless that was done since it had been done `before` times.
    async fn recover(&self, before: u32) -> Result<()> {
        let mut machine = self.machine.take().await;
        let snapshot = self.state.borrow().snapshot.clone();
        // Another call may have recovered the machine while this one waited for it. The device itself cannot be
        // asked: a read may fail before the browser says that the device is lost.
        let mine = self.state.borrow().recoveries() == before;
        let images = self.state.borrow().images();
        let result = if mine { Some(machine.recover(&snapshot, images.as_deref()).await) } else { None };
        let memory = machine.backend.memory();
        self.machine.put(machine);
        if let Some(result) = result {
            result?;
            self.state.borrow_mut().recovered(memory);
        }
        Ok(())
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

    pub async fn advance(&self, budget: f64) -> Result<()> {
        if self.state.borrow().frozen() {
            return Ok(());
        }
        let steps = self.state.borrow_mut().begin(self.now());
        self.submit(steps).await?;
        // Two submits in flight keep a GPU busy; the CPU backend has done its work already.
        let left = usize::from(!self.state.borrow().on_cpu());
        self.settle(left, budget).await?;
        self.keep_snapshot().await?;
        self.tune(budget).await
    }

    /// Tunes for a slice of time, if there is something to tune and the speed of the run is known.
    async fn tune(&self, budget: f64) -> Result<()> {
        let usual = self.state.borrow().pace.usual();
        let wanted = self.machine.get_mut().is_some_and(|machine| machine.wants_tuning());
        let Some(milliseconds) = usual.filter(|_| wanted) else { return Ok(()) };
        self.settle(0, budget).await?;
        let mut machine = self.machine.take().await;
        let start = Instant::now();
        let result = machine.tune(milliseconds * 1e-3).await;
        self.tuned.set(self.tuned.get() + start.elapsed().as_secs_f64() * 1e3);
        self.state.borrow_mut().memory = machine.backend.memory();
        self.machine.put(machine);
        result
    }

    pub async fn step(&self, steps: u32) -> Result<()> {
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

    pub fn set_learning_rate(&self, learning_rate: f64) -> Result<()> {
        let busy = || Error::Gpu("another call has the device; try again when it is done".into());
        let mut machine = self.machine.get_mut().ok_or_else(busy)?;
        let Machine { backend, trainer, .. } = &mut *machine;
        trainer.set_learning_rate(backend.as_mut(), learning_rate)?;
        self.state.borrow_mut().set_learning_rate(learning_rate);
        Ok(())
    }

    pub async fn replace(self: Rc<Self>, snapshot: Snapshot) -> Result<()> {
        // Reports of the old run must not count for the new one; if they fail, the device is lost and made anew below.
        let _ = self.settle(0, f64::MAX).await;
        let mut machine = self.machine.take().await;
        let images = self.state.borrow().images_for(&snapshot.config);
        let result = match machine.backend.health() {
            Ok(()) => machine.replace(&snapshot, images.as_deref()).await,
            Err(_) => machine.recover(&snapshot, images.as_deref()).await,
        };
        let memory = machine.backend.memory();
        self.machine.put(machine);
        result?;
        self.state.borrow_mut().restart(snapshot, memory, images);
        Ok(())
    }

    pub async fn profile(&self, steps: usize) -> Result<Vec<crate::plan::KernelTime>> {
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

    pub async fn sample(&self, options: &SampleOptions, inputs: &SampleInputs) -> Result<SampleRun> {
        let mut machine = self.machine.take().await;
        let Machine { backend, trainer, sampler, classifier, .. } = &mut machine;
        let reading = Sampler::run_from(sampler, backend.as_mut(), trainer, options, inputs, classifier.as_ref()).await;
        self.state.borrow_mut().memory = backend.memory();
        self.machine.put(machine);
        reading?.await
    }

    /// Trains the classifier on the run's data for `steps` steps, made first if there is none, and tries it on noised samples.
    pub async fn train_classifier(&self, steps: usize) -> Result<ClassifierMetrics> {
        let mut machine = self.machine.take().await;
        let images = self.state.borrow().images();
        let trained = Self::trained_classifier(&mut machine, steps, images.as_deref()).await;
        let mut state = self.state.borrow_mut();
        state.memory = machine.backend.memory();
        drop(state);
        self.machine.put(machine);
        let metrics = trained?;
        self.state.borrow_mut().classifier = Some(metrics);
        Ok(metrics)
    }

    async fn trained_classifier(machine: &mut Machine, steps: usize, images: Option<&ImageSet>) -> Result<ClassifierMetrics> {
        let progress = machine.train_classifier(steps, images).await?.await?;
        let config = machine.trainer.config().clone();
        // Other samples each time, so that the figure does not hang on a few.
        let batch = NoisedBatch::draw(&config, images, 256, progress.step)?;
        let named = machine.judge(&batch.x, &batch.times).await?;
        let right = named.iter().zip(&batch.labels).filter(|(named, label)| named == label).count();
        let mean = progress.losses.iter().sum::<f32>() / progress.losses.len().max(1) as f32;
        Ok(ClassifierMetrics { step: progress.step, loss: mean, accuracy: right as f32 / named.len().max(1) as f32 })
    }

    /// The class that the classifier names for each of these samples, taken as clean.
    pub async fn classify(&self, samples: &[f32]) -> Result<Vec<u32>> {
        let mut machine = self.machine.take().await;
        let dim = machine.trainer.sample_len();
        let named = if samples.len().is_multiple_of(dim) {
            machine.judge(samples, &vec![0.0; samples.len() / dim]).await
        } else {
            Err(Error::config("samples", format!("{} numbers are no whole samples of {dim}", samples.len())))
        };
        self.machine.put(machine);
        named
    }

    pub async fn drop_classifier(&self) {
        let mut machine = self.machine.take().await;
        machine.drop_helpers();
        self.machine.put(machine);
        self.state.borrow_mut().classifier = None;
    }

    pub async fn add_images(self: Rc<Self>, pixels: &[u8], labels: &[u8]) -> Result<usize> {
        let mut machine = self.machine.take().await;
        let set = self.state.borrow_mut().with_more(pixels, labels);
        let Machine { backend, trainer, .. } = &mut machine;
        let added = set.and_then(|set| trainer.add_images(backend.as_mut(), &set).map(|()| set.len()));
        self.machine.put(machine);
        match added {
            // They are kept on the host: the device that comes after has them.
            Err(Error::DeviceLost(_)) => Ok(self.state.borrow().image_count()),
            other => other,
        }
    }

    /// The state of the run now.
    pub async fn copy(self: Rc<Self>) -> Result<Snapshot> {
        self.recovering(|| async {
            self.settle(0, f64::MAX).await?;
            let mut machine = self.machine.take().await;
            let Machine { backend, trainer, .. } = &mut machine;
            let copy = trainer.snapshot(backend.as_mut());
            self.machine.put(machine);
            copy.await
        })
        .await
    }
}
