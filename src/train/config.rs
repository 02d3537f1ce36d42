//! Everything that defines a run, as plain data: the page's state, the file's metadata, the URL's keys.

use serde::{Deserialize, Serialize};

use super::images::ImageConfig;
use super::memory::MAX_BINDING;
use crate::data::DataConfig;
use crate::diffusion::{ObjectiveConfig, ScheduleConfig};
use crate::nn::MlpConfig;
use crate::{Error, Result};

/// How the learning rate changes over a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum LrSchedule {
    /// It stays as set.
    #[default]
    Constant,
    /// It falls to 0 on half a cosine over `total_steps`.
    Cosine,
}

/// Optimiser and batch: AdamW (1711.05101), clipping of the global norm, moving average of the parameters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct OptimizerConfig {
    /// Points per step.
    pub batch_size: usize,
    /// Learning rate at the start; may be changed while training.
    pub learning_rate: f64,
    /// How it changes over the run.
    pub lr_schedule: LrSchedule,
    /// Steps of the cosine; of no effect otherwise.
    pub total_steps: usize,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Largest norm of the whole gradient; 0 switches clipping off.
    pub max_grad_norm: f64,
    /// Decay of the moving average, approached as `(1 + step) / (10 + step)`.
    pub ema_decay: f64,
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        OptimizerConfig {
            batch_size: 512,
            learning_rate: 3e-3,
            lr_schedule: LrSchedule::Constant,
            total_steps: 4000,
            weight_decay: 0.0,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            max_grad_norm: 1.0,
            ema_decay: 0.999,
        }
    }
}

/// A run from first to last: two runs of one configuration on one device are the same to the bit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Version of this layout.
    pub version: u32,
    /// Seed of all that is random: data, parameters, batches, noise.
    pub seed: u32,
    /// What to learn.
    pub data: DataConfig,
    /// The denoiser of points.
    pub model: MlpConfig,
    /// If given, the run learns these images instead of points.
    pub images: Option<ImageConfig>,
    /// The noise schedule.
    pub schedule: ScheduleConfig,
    /// Optimiser and batch.
    pub training: OptimizerConfig,
    /// What is predicted, and how its errors are weighed.
    pub objective: ObjectiveConfig,
    /// What is trained.
    pub goal: Goal,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            version: Config::VERSION,
            seed: 1,
            data: DataConfig::default(),
            model: MlpConfig::default(),
            images: None,
            schedule: ScheduleConfig::default(),
            training: OptimizerConfig::default(),
            objective: ObjectiveConfig::default(),
            goal: Goal::Denoise,
        }
    }
}

/// What a run trains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// A denoiser.
    #[default]
    Denoise,
    /// A classifier of noised samples, for classifier guidance (2105.05233).
    Classify,
}

/// The classes of a run's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Classes {
    /// How many there are.
    pub count: usize,
    /// Rows of the model's table: the classes and, if labels are dropped in training, one for "no class".
    pub rows: usize,
}

impl Classes {
    /// The label that stands for "no class", if the model has it.
    pub fn no_class(&self) -> Option<u32> {
        (self.rows > self.count).then_some(self.count as u32)
    }
}

/// A number between two others, both allowed; NaN is not between anything.
pub(super) fn within(field: &str, value: f64, low: f64, high: f64) -> Result<()> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(Error::config(field, format!("{value} is out of range: choose a number from {low} to {high}")))
}

impl OptimizerConfig {
    /// Checks a learning rate on its own, as for a change while training.
    pub fn check_learning_rate(value: f64) -> Result<()> {
        // Above 1 an Adam step moves every parameter by more than its own size: nothing trains, everything overflows.
        within("training.learning_rate", value, 0.0, 1.0)
    }

    fn validate(&self) -> Result<()> {
        Self::check_learning_rate(self.learning_rate)?;
        within("training.batch_size", self.batch_size as f64, 1.0, 65_536.0)?;
        within("training.total_steps", self.total_steps as f64, 1.0, 1e7)?;
        within("training.weight_decay", self.weight_decay, 0.0, 1.0)?;
        within("training.beta1", self.beta1, 0.0, 0.9999)?;
        within("training.beta2", self.beta2, 0.0, 0.99999)?;
        within("training.epsilon", self.epsilon, 1e-12, 1.0)?;
        within("training.max_grad_norm", self.max_grad_norm, 0.0, 1e6)?;
        within("training.ema_decay", self.ema_decay, 0.0, 0.99999)
    }
}

impl Config {
    /// Classes that the data have; 1 if they have none.
    pub fn data_classes(&self) -> usize {
        self.images.as_ref().map_or_else(|| self.data.dataset.num_classes(), |images| images.classes)
    }

    /// The classes that the model is told, if it is.
    pub fn classes(&self) -> Option<Classes> {
        let told = self.images.as_ref().map_or(self.model.class_conditioning, |images| images.is_conditional());
        let count = self.data_classes();
        told.then_some(Classes { count, rows: count + usize::from(self.label_dropout() > 0.0) })
    }

    /// Share of labels that training drops.
    pub(super) fn label_dropout(&self) -> f64 {
        self.images.as_ref().map_or(self.model.label_dropout, |images| images.label_dropout)
    }

    /// The layout's version.
    pub const VERSION: u32 = 1;

    /// Checks every field.
    ///
    /// # Errors
    /// [`Error::Config`] naming the first field that is wrong and the values that work.
    pub fn validate(&self) -> Result<()> {
        if self.version != Self::VERSION {
            let message = format!("{} is unknown: this build reads version {}", self.version, Self::VERSION);
            return Err(Error::config("version", message));
        }
        self.data.validate()?;
        self.model.validate()?;
        self.schedule.validate()?;
        self.training.validate()?;
        self.objective.validate()?;
        self.validate_classes()?;
        if let Some(images) = &self.images {
            images.validate()?;
            return super::memory::check(self);
        }
        // Each is in range by itself; together they must fit the 128 MiB that every WebGPU device binds at once.
        let widest = self.model.width.max(self.model.time_embedding + 2);
        let largest = MAX_BINDING / (4 * widest);
        if self.training.batch_size > largest {
            let message = format!("{} points of a layer {widest} wide exceed 128 MiB: choose at most {largest}", self.training.batch_size);
            return Err(Error::config("training.batch_size", message));
        }
        Ok(())
    }

    /// A run that is told classes, or tells them apart, needs data that have some.
    fn validate_classes(&self) -> Result<()> {
        if self.data_classes() > 1 || self.images.is_some() {
            return Ok(());
        }
        let labelled = "two_moons, spirals, rings, pinwheel, eight_gaussians, gaussian_grid or blobs";
        if self.model.class_conditioning {
            let message = format!("these points have no classes: choose {labelled}, or switch it off");
            return Err(Error::config("model.class_conditioning", message));
        }
        if self.goal == Goal::Classify {
            return Err(Error::config("goal", format!("these points have no classes to tell apart: choose {labelled}")));
        }
        Ok(())
    }
}
