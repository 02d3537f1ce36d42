//! Everything that defines a run, as plain data: the page's state, the file's metadata, the URL's keys.

use serde::{Deserialize, Serialize};

use super::images::ImageConfig;
use super::memory::MAX_BINDING;
use crate::data::DataConfig;
use crate::diffusion::{SamplerConfig, SamplerName, ScheduleConfig, TimestepSpacing, VarianceType};
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
        }
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
}

/// Which parameters to sample with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum WeightsChoice {
    /// Their moving average.
    #[default]
    Ema,
    /// As they are.
    Raw,
}

/// A sampling run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct SampleOptions {
    /// The algorithm.
    pub sampler: SamplerName,
    /// Network evaluations per point.
    pub num_inference_steps: usize,
    /// DDIM's share of fresh noise, 0 to 1; of no effect on DDPM.
    pub eta: f64,
    /// DDPM's variance; of no effect on DDIM.
    pub variance_type: VarianceType,
    /// Points to draw.
    pub num_samples: usize,
    /// Seed of the noise.
    pub seed: u32,
    /// Which parameters to use.
    pub weights: WeightsChoice,
    /// Frames of the trajectory to keep: noise and result always, others evenly between.
    pub max_frames: usize,
    /// The predicted clean sample is kept within [-1, 1] at every step, the range of images; diffusers' `clip_sample`.
    pub clip_sample: bool,
    /// Class of each sample, for a model that is told the class; none if empty.
    pub labels: Vec<u32>,
    /// Classifier-free guidance (2207.12598): how far to go from the prediction without a class to the one with it. 1 is off.
    pub guidance_scale: f64,
}

impl Default for SampleOptions {
    fn default() -> Self {
        SampleOptions {
            sampler: SamplerName::Ddim,
            num_inference_steps: 50,
            eta: 0.0,
            variance_type: VarianceType::FixedSmall,
            num_samples: 1024,
            seed: 1,
            weights: WeightsChoice::Ema,
            max_frames: 51,
            clip_sample: false,
            labels: Vec::new(),
            guidance_scale: 1.0,
        }
    }
}

impl SampleOptions {
    /// Checks every field.
    ///
    /// # Errors
    /// [`Error::Config`] naming the field as `sample.…`.
    pub fn validate(&self, config: &Config) -> Result<()> {
        within("sample.num_samples", self.num_samples as f64, 1.0, 65_536.0)?;
        within("sample.max_frames", self.max_frames as f64, 2.0, 1001.0)?;
        match &config.images {
            Some(images) => self.validate_classes(images)?,
            None => {
                let widest = config.model.width.max(config.model.time_embedding + 2).max(2 * self.max_frames);
                let largest = MAX_BINDING / (4 * widest);
                if self.num_samples > largest {
                    let (given, frames) = (self.num_samples, self.max_frames);
                    let message = format!("{given} points with {frames} frames exceed 128 MiB: choose at most {largest}");
                    return Err(Error::config("sample.num_samples", message));
                }
            }
        }
        let schedule = crate::diffusion::Schedule::new(&config.schedule)?;
        self.sampler_config(config).table(&schedule).map(|_| ())
    }

    fn validate_classes(&self, images: &ImageConfig) -> Result<()> {
        within("sample.guidance_scale", self.guidance_scale, 0.0, 100.0)?;
        let fail = |message: String| Err(Error::config("sample.labels", message));
        if !self.labels.is_empty() && !images.is_conditional() {
            return fail("this model is not told classes: leave them out, or train one that is".into());
        }
        if self.guidance_scale != 1.0 && images.is_conditional() && images.no_class().is_none() {
            let message = "guidance needs a model that was also trained without classes: set label_dropout above 0, or the scale to 1";
            return Err(Error::config("sample.guidance_scale", message));
        }
        if !self.labels.is_empty() && self.labels.len() != self.num_samples {
            return fail(format!("{} classes for {} samples: give one for each, or none", self.labels.len(), self.num_samples));
        }
        if let Some(label) = self.labels.iter().find(|l| **l as usize >= images.classes) {
            return fail(format!("{label} is no class: they go from 0 to {}", images.classes - 1));
        }
        Ok(())
    }

    /// What the sampler's table is made from.
    pub fn sampler_config(&self, config: &Config) -> SamplerConfig {
        // `leading`, diffusers' default, starts well below T - 1, where the data still show through: a model of few
        // dimensions pays for that. Both others start at T - 1; `trailing` also holds for a handful of steps. Images want it: at
        // T - 1 a cosine schedule has next to no signal (√ᾱ = 5e-5), and x̂_0, the error of ε̂ divided by that, is a pattern that
        // later steps take for data, the more so with guidance.
        let spacing = match (self.num_inference_steps, &config.images) {
            (..10, _) => TimestepSpacing::Trailing,
            (_, Some(_)) => TimestepSpacing::Leading,
            (_, None) => TimestepSpacing::Linspace,
        };
        SamplerConfig {
            sampler: self.sampler,
            num_inference_steps: self.num_inference_steps,
            timestep_spacing: spacing,
            eta: self.eta,
            variance_type: self.variance_type,
            clip_sample: self.clip_sample,
            ..SamplerConfig::default()
        }
    }
}
