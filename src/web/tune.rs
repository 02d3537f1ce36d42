//! Tuning beside a run: what is known from earlier visits, what is being measured, and when it is put to use.

use crate::plan::Backend;
use crate::train::{Sampler, Trainer, Tuner, TuningRecords, add_choices};
use crate::{Error, Result};

/// What is tuned now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Training,
    /// The run is tuned, and nothing has been sampled yet.
    Waiting,
    Sampling,
    Done,
}

/// Tuning of one machine's runs.
pub(super) struct Tunings {
    pub records: TuningRecords,
    stage: Stage,
    tuner: Option<Tuner>,
    /// There is something to keep that was not there before.
    news: bool,
}

impl Tunings {
    /// With what is known from before.
    pub fn new(records: TuningRecords) -> Self {
        Tunings { records, stage: Stage::Training, tuner: None, news: false }
    }

    /// Begins again, for another run on the same device.
    pub fn restart(&mut self, backend: &mut dyn Backend) {
        if let Some(mut tuner) = self.tuner.take() {
            tuner.release(backend);
        }
        self.stage = Stage::Training;
    }

    /// Whether a turn would do something.
    pub fn wants(&self, sampler: Option<&Sampler>) -> bool {
        match self.stage {
            Stage::Training => true,
            Stage::Waiting | Stage::Sampling => sampler.is_some(),
            Stage::Done => false,
        }
    }

    /// What is to be kept for the next visit, if that has changed since it was last asked for.
    pub fn news(&mut self) -> Option<String> {
        std::mem::take(&mut self.news).then(|| self.records.to_json())
    }

    /// Measures for a slice. When all has been measured, run and sampler go on with what was found. `seconds`: of a training step.
    ///
    /// # Errors
    /// A lost device. Anything else ends the tuning, and nothing more.
    pub async fn turn(
        &mut self,
        backend: &mut dyn Backend,
        trainer: &mut Trainer,
        sampler: Option<&mut Sampler>,
        seconds: f64,
    ) -> Result<()> {
        match self.measure(backend, trainer, sampler, seconds).await {
            Err(Error::DeviceLost(why)) => Err(Error::DeviceLost(why)),
            Err(_) => {
                self.restart(backend);
                self.stage = Stage::Done;
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    async fn measure(
        &mut self,
        backend: &mut dyn Backend,
        trainer: &mut Trainer,
        sampler: Option<&mut Sampler>,
        seconds: f64,
    ) -> Result<()> {
        let tuner = match &mut self.tuner {
            Some(tuner) => tuner,
            none => none.insert(trainer.tuner(backend, seconds)?),
        };
        if let (Stage::Waiting, Some(sampler)) = (self.stage, &sampler) {
            tuner.add(&sampler.graph(trainer)?, &backend.tuning())?;
            self.stage = Stage::Sampling;
        }
        tuner.turn(backend).await?;
        if !tuner.is_done() {
            return Ok(());
        }
        let name = backend.info().name.clone();
        self.news |= self.records.keep(&name, tuner.choices());
        add_choices(backend, tuner.choices());
        trainer.retune(backend).await?;
        if let Some(sampler) = sampler {
            sampler.retune(backend, trainer).await?;
        }
        self.stage = if self.stage == Stage::Training { Stage::Waiting } else { Stage::Done };
        Ok(())
    }
}
