//! What an engine knows of its run between two calls.

use std::collections::VecDeque;
use std::rc::Rc;

use super::pace::Pace;
use super::types::{AdapterInfo, BackendName, ClassifierMetrics, Metrics};
use crate::data::{ImageSet, PointSet};
use crate::graph::ops::state::{counter, scalar};
use crate::plan::{LocalFuture, MemoryUse};
use crate::train::{Config, ImageDataset, Progress, Snapshot};
use crate::{Error, Result};

/// Losses behind the mean that is reported.
const RECENT: usize = 100;
/// Losses kept for a reader who has not asked for them.
const UNREAD: usize = 20_000;
/// Milliseconds between two snapshots: what a lost device may cost.
const SNAPSHOT_EVERY: f64 = 2000.0;
/// Added to the seed for data that the run has never seen.
const FRESH: u32 = 0x5EED;

pub(super) struct State {
    pub info: AdapterInfo,
    pub pace: Pace,
    /// Reports under way, oldest first.
    pub pending: VecDeque<LocalFuture<'static, Result<Progress>>>,
    /// The last state known to be good.
    pub snapshot: Snapshot,
    pub memory: MemoryUse,
    snapshot_at: f64,
    /// Reports asked for, and taken in.
    issued: u64,
    taken: u64,
    /// Reports up to this one were asked for before the run was thawed: that they call it frozen is old news.
    stale: u64,
    last: Progress,
    unread: Vec<f32>,
    unread_from: u32,
    recent: VecDeque<f32>,
    recoveries: u32,
    /// Time of the last call, to notice a pause.
    called_at: f64,
    data: Option<PointSet>,
    fresh: Vec<[f32; 2]>,
    /// The images that the run has been given, for the day the device is lost.
    images: Option<Rc<ImageSet>>,
    /// How far the classifier is, if there is one.
    pub classifier: Option<ClassifierMetrics>,
    parameters: usize,
}

fn nothing_yet(snapshot: &Snapshot) -> Progress {
    Progress {
        step: snapshot.step(),
        losses: Vec::new(),
        first_step: snapshot.step(),
        grad_norm: 0.0,
        learning_rate: snapshot.scalars[scalar::BASE_RATE],
        frozen_at: None,
    }
}

impl State {
    pub fn new(info: AdapterInfo, snapshot: Snapshot, memory: MemoryUse) -> Self {
        State {
            info,
            pace: Pace::default(),
            pending: VecDeque::new(),
            last: nothing_yet(&snapshot),
            unread_from: snapshot.step(),
            parameters: snapshot.parameters(),
            snapshot,
            memory,
            snapshot_at: 0.0,
            issued: 0,
            taken: 0,
            stale: 0,
            unread: Vec::new(),
            recent: VecDeque::new(),
            recoveries: 0,
            called_at: 0.0,
            data: None,
            fresh: Vec::new(),
            images: None,
            classifier: None,
        }
    }

    /// Begins again from `snapshot`, on the same device, with the images that go on being used.
    pub fn restart(&mut self, snapshot: Snapshot, memory: MemoryUse, images: Option<Rc<ImageSet>>) {
        let recoveries = self.recoveries;
        *self = State { recoveries, images, ..State::new(self.info.clone(), snapshot, memory) };
    }

    /// The images of the run.
    pub fn images(&self) -> Option<Rc<ImageSet>> {
        self.images.clone()
    }

    /// The images, if another run of `config` learns the same. A visitor's own may be others by then.
    pub fn images_for(&self, config: &Config) -> Option<Rc<ImageSet>> {
        let (Some(now), Some(then)) = (&self.config().images, &config.images) else { return None };
        let named = then.dataset != ImageDataset::Own;
        let same =
            named && (now.dataset, now.side, now.channels) == (then.dataset, then.side, then.channels) && now.classes <= then.classes;
        self.images.clone().filter(|images| same && images.len() <= then.count)
    }

    /// Images held.
    pub fn image_count(&self) -> usize {
        self.images.as_ref().map_or(0, |images| images.len())
    }

    /// The images with more of them.
    ///
    /// # Errors
    /// That of the set if they do not fit; nothing has changed then.
    pub fn with_more(&mut self, pixels: &[u8], labels: &[u8]) -> Result<Rc<ImageSet>> {
        let Some(config) = &self.snapshot.config.images else {
            return Err(Error::config("images", "this run learns points: start one on images"));
        };
        let images = match &mut self.images {
            Some(images) => images,
            none => none.insert(Rc::new(config.empty_set()?)),
        };
        if images.len() + labels.len() > config.count {
            let message = format!("{} and {} more are more than this run's {}", images.len(), labels.len(), config.count);
            return Err(Error::config("images", message));
        }
        Rc::make_mut(images).push(pixels, labels)?;
        Ok(images.clone())
    }

    /// The device was made anew from the last snapshot.
    pub fn recovered(&mut self, memory: MemoryUse) {
        self.restart(self.snapshot.clone(), memory, self.images());
        self.recoveries += 1;
        self.classifier = None;
    }

    pub fn config(&self) -> &Config {
        &self.snapshot.config
    }

    /// How often the device was made anew.
    pub fn recoveries(&self) -> u32 {
        self.recoveries
    }

    pub fn on_cpu(&self) -> bool {
        self.info.backend == BackendName::Cpu
    }

    pub fn frozen(&self) -> bool {
        self.last.frozen_at.is_some()
    }

    pub fn data(&mut self) -> &PointSet {
        let config = &self.snapshot.config;
        self.data.get_or_insert_with(|| config.data.points(config.data.size, config.seed))
    }

    /// `n` points of the distribution that the run has not seen.
    pub fn fresh(&mut self, n: usize) -> &[[f32; 2]] {
        if self.fresh.len() != n {
            let config = self.config();
            self.fresh = config.data.points(n, config.seed.wrapping_add(FRESH)).points;
        }
        &self.fresh
    }

    /// Steps for the submit that is due; a long time since the last call is a pause and no measure of speed.
    pub fn begin(&mut self, now: f64) -> usize {
        if now - self.called_at > 1000.0 {
            self.pace.rest();
        }
        self.called_at = now;
        self.pace.steps()
    }

    /// Queues a report that has been asked for.
    pub fn issue(&mut self, report: LocalFuture<'static, Result<Progress>>) {
        self.issued += 1;
        self.pending.push_back(report);
    }

    pub fn take_in(&mut self, mut progress: Progress, now: f64, budget: f64) {
        self.taken += 1;
        if self.taken <= self.stale {
            progress.frozen_at = None;
        }
        self.called_at = now;
        self.pace.report(now, progress.step, budget);
        for loss in &progress.losses {
            if self.recent.len() == RECENT {
                self.recent.pop_front();
            }
            self.recent.push_back(*loss);
        }
        if self.unread.is_empty() {
            self.unread_from = progress.first_step;
        }
        self.unread.extend(&progress.losses);
        if self.unread.len() > UNREAD {
            let surplus = self.unread.len() - UNREAD;
            self.unread.drain(..surplus);
            self.unread_from += surplus as u32;
        }
        self.last = Progress { losses: Vec::new(), ..progress };
    }

    pub fn snapshot_due(&mut self, now: f64) -> bool {
        let due = now - self.snapshot_at > SNAPSHOT_EVERY && !self.frozen();
        if due {
            self.snapshot_at = now;
        }
        due
    }

    pub fn keep(&mut self, copy: Snapshot) {
        if copy.counters[counter::FROZEN] == 0 {
            // The learning rate may have been set after the copy was asked for.
            let learning_rate = self.config().training.learning_rate;
            self.snapshot = copy;
            self.snapshot.config.training.learning_rate = learning_rate;
            self.snapshot.scalars[scalar::BASE_RATE] = learning_rate as f32;
        }
    }

    pub fn set_learning_rate(&mut self, learning_rate: f64) {
        self.snapshot.config.training.learning_rate = learning_rate;
        self.snapshot.scalars[scalar::BASE_RATE] = learning_rate as f32;
        self.last.frozen_at = None;
        self.stale = self.issued;
    }

    pub fn metrics(&mut self) -> Metrics {
        let loss = (!self.recent.is_empty()).then(|| self.recent.iter().sum::<f32>() / self.recent.len() as f32);
        let first_step = if self.unread.is_empty() { self.last.step } else { self.unread_from };
        Metrics {
            step: self.last.step,
            loss,
            losses: std::mem::take(&mut self.unread),
            first_step,
            grad_norm: self.last.grad_norm,
            learning_rate: self.last.learning_rate,
            steps_per_second: self.pace.rate(),
            steps_per_submit: self.pace.steps(),
            frozen_at: self.last.frozen_at,
            recoveries: self.recoveries,
            buffers: self.memory.buffers,
            buffer_bytes: self.memory.bytes,
            parameters: self.parameters,
        }
    }
}
