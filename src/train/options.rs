//! How to sample: the page's and the command line's choices, and what the sampler's table is made from.

use serde::{Deserialize, Serialize};

use super::config::{Config, Goal, within};
use super::memory::MAX_BINDING;
use crate::diffusion::{
    AlgorithmType, FinalSigmasType, PredictionType, SamplerConfig, SamplerName, Schedule, ScheduleConfig, SolverType, TimestepSpacing,
    VarianceType,
};
use crate::{Error, Result};

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

/// How timesteps are spread, or what suits the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SpacingChoice {
    /// Points: from `T - 1` to 0. Images: diffusers' default, which spares them `T - 1`. A handful of steps: `trailing`.
    #[default]
    Auto,
    /// See [`TimestepSpacing::Leading`].
    Leading,
    /// See [`TimestepSpacing::Trailing`].
    Trailing,
    /// See [`TimestepSpacing::Linspace`].
    Linspace,
}

/// A sampling run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct SampleOptions {
    /// The algorithm.
    pub sampler: SamplerName,
    /// Steps; a step of Heun's takes two evaluations of the network, one of all others.
    pub num_inference_steps: usize,
    /// How they are spread over the timesteps.
    pub timestep_spacing: SpacingChoice,
    /// Added to every timestep of `leading`.
    pub steps_offset: usize,
    /// The timesteps themselves, falling; the number of steps and their spacing are then of no effect.
    pub timesteps: Vec<f64>,
    /// Steps spread evenly in the seventh root of the noise level (2206.00364, equation 5).
    pub use_karras_sigmas: bool,
    /// DDIM's share of fresh noise, 0 to 1.
    pub eta: f64,
    /// DDPM's variance.
    pub variance_type: VarianceType,
    /// DDIM's last step leads to clean data, not to timestep 0.
    pub set_alpha_to_one: bool,
    /// The predicted clean sample is kept within `±clip_sample_range` at every step.
    pub clip_sample: bool,
    /// Half the width of that range.
    pub clip_sample_range: f64,
    /// The predicted clean sample is kept within a range found from its own quantile (Imagen, 2205.11487, section 2.3).
    pub thresholding: bool,
    /// That quantile.
    pub dynamic_thresholding_ratio: f64,
    /// The largest such range.
    pub sample_max_value: f64,
    /// DDIM's noise is worked out anew from a clipped sample.
    pub use_clipped_model_output: bool,
    /// DPM-Solver++'s order, 1 to 3.
    pub solver_order: usize,
    /// Its equation: the ODE, or the SDE.
    pub algorithm_type: AlgorithmType,
    /// Its second-order formula.
    pub solver_type: SolverType,
    /// Its last steps are of lower order when there are few.
    pub lower_order_final: bool,
    /// Its last step is Euler's.
    pub euler_at_final: bool,
    /// Where sigma-space samplers end.
    pub final_sigmas_type: FinalSigmasType,
    /// From clean data to noise.
    pub inverse: bool,
    /// Share of the way that is gone: 1 from pure noise, less from a noised image.
    pub strength: f64,
    /// How often each step is taken, with a step back between (RePaint, 2201.09865); in an inversion by DDIM, to correct
    /// itself: once at least.
    pub num_resamples: usize,
    /// Samples to draw.
    pub num_samples: usize,
    /// Seed of the noise.
    pub seed: u32,
    /// Which parameters to use.
    pub weights: WeightsChoice,
    /// Frames of the trajectory to keep: noise and result always, others evenly between.
    pub max_frames: usize,
    /// Class of each sample, for a model that is told the class; none if empty.
    pub labels: Vec<u32>,
    /// Classifier-free guidance (2207.12598): how far to go from the prediction without a class to the one with it. 1 is off.
    pub guidance_scale: f64,
    /// Guidance acts from this share of the timesteps …
    pub guidance_from: f64,
    /// … to this one (2404.07724): 0 is clean, 1 noise.
    pub guidance_to: f64,
    /// Classifier guidance (2105.05233); 0 is off.
    pub classifier_scale: f64,
    /// Another noise schedule than the one the model was trained with: to see what that does.
    pub schedule: Option<ScheduleConfig>,
}

impl Default for SampleOptions {
    fn default() -> Self {
        let table = SamplerConfig::default();
        SampleOptions {
            sampler: table.sampler,
            num_inference_steps: table.num_inference_steps,
            timestep_spacing: SpacingChoice::Auto,
            steps_offset: table.steps_offset,
            timesteps: Vec::new(),
            use_karras_sigmas: false,
            eta: table.eta,
            variance_type: table.variance_type,
            set_alpha_to_one: table.set_alpha_to_one,
            clip_sample: false,
            clip_sample_range: table.clip_sample_range,
            thresholding: false,
            dynamic_thresholding_ratio: table.dynamic_thresholding_ratio,
            sample_max_value: table.sample_max_value,
            use_clipped_model_output: table.use_clipped_model_output,
            solver_order: table.solver_order,
            algorithm_type: table.algorithm_type,
            solver_type: table.solver_type,
            lower_order_final: table.lower_order_final,
            euler_at_final: table.euler_at_final,
            final_sigmas_type: table.final_sigmas_type,
            inverse: false,
            strength: 1.0,
            num_resamples: 1,
            num_samples: 1024,
            seed: 1,
            weights: WeightsChoice::Ema,
            max_frames: 51,
            labels: Vec::new(),
            guidance_scale: 1.0,
            guidance_from: 0.0,
            guidance_to: 1.0,
            classifier_scale: 0.0,
            schedule: None,
        }
    }
}

impl SampleOptions {
    /// Most samples of one run.
    pub const MAX_SAMPLES: usize = 65_536;

    /// Checks every field.
    ///
    /// # Errors
    /// [`Error::Config`] naming the field as `sample.…`.
    pub fn validate(&self, config: &Config) -> Result<()> {
        if config.goal != Goal::Denoise {
            return Err(Error::config("goal", "a classifier draws no samples: sample the denoiser that it goes with"));
        }
        within("sample.num_samples", self.num_samples as f64, 1.0, Self::MAX_SAMPLES as f64)?;
        within("sample.max_frames", self.max_frames as f64, 2.0, 8001.0)?;
        self.validate_guidance(config)?;
        if config.images.is_none() {
            let widest = config.model.width.max(config.model.time_embedding + 2).max(2 * self.max_frames);
            let largest = MAX_BINDING / (4 * widest);
            if self.num_samples > largest {
                let (given, frames) = (self.num_samples, self.max_frames);
                let message = format!("{given} points with {frames} frames exceed 128 MiB: choose at most {largest}");
                return Err(Error::config("sample.num_samples", message));
            }
        }
        self.sampler_config(config).table(&self.schedule(config)?).map(|_| ())
    }

    /// The schedule to sample with.
    ///
    /// # Errors
    /// [`Error::Config`] naming the field as `schedule.…`.
    pub fn schedule(&self, config: &Config) -> Result<Schedule> {
        Schedule::new(self.schedule.as_ref().unwrap_or(&config.schedule))
    }

    fn validate_guidance(&self, config: &Config) -> Result<()> {
        within("sample.guidance_scale", self.guidance_scale, 0.0, 100.0)?;
        within("sample.classifier_scale", self.classifier_scale, 0.0, 1000.0)?;
        within("sample.guidance_from", self.guidance_from, 0.0, 1.0)?;
        within("sample.guidance_to", self.guidance_to, self.guidance_from, 1.0)?;
        let fail = |message: String| Err(Error::config("sample.labels", message));
        let classes = config.classes();
        let known = config.data_classes();
        if !self.labels.is_empty() && classes.is_none() && self.classifier_scale == 0.0 {
            return fail("this model is not told classes: leave them out, or train one that is".into());
        }
        if self.guidance_scale != 1.0 && classes.is_some_and(|c| c.no_class().is_none()) {
            let message = "guidance needs a model that was also trained without classes: set label_dropout above 0, or the scale to 1";
            return Err(Error::config("sample.guidance_scale", message));
        }
        if self.classifier_scale != 0.0 && self.labels.is_empty() {
            let message = "a classifier guides towards classes: say which, in sample.labels, or set the scale to 0";
            return Err(Error::config("sample.classifier_scale", message));
        }
        if !self.labels.is_empty() && self.labels.len() != self.num_samples {
            return fail(format!("{} classes for {} samples: give one for each, or none", self.labels.len(), self.num_samples));
        }
        if let Some(label) = self.labels.iter().find(|l| **l as usize >= known) {
            return fail(format!("{label} is no class: they go from 0 to {}", known - 1));
        }
        Ok(())
    }

    /// What the sampler's table is made from.
    pub fn sampler_config(&self, config: &Config) -> SamplerConfig {
        SamplerConfig {
            sampler: self.sampler,
            num_inference_steps: self.num_inference_steps,
            timestep_spacing: self.spacing(config),
            steps_offset: self.steps_offset,
            timesteps: self.timesteps.clone(),
            use_karras_sigmas: self.use_karras_sigmas,
            eta: self.eta,
            variance_type: self.variance_type,
            set_alpha_to_one: self.set_alpha_to_one,
            clip_sample: self.clip_sample,
            clip_sample_range: self.clip_sample_range,
            thresholding: self.thresholding,
            dynamic_thresholding_ratio: self.dynamic_thresholding_ratio,
            sample_max_value: self.sample_max_value,
            use_clipped_model_output: self.use_clipped_model_output,
            solver_order: self.solver_order,
            algorithm_type: self.algorithm_type,
            solver_type: self.solver_type,
            lower_order_final: self.lower_order_final,
            euler_at_final: self.euler_at_final,
            final_sigmas_type: self.final_sigmas_type,
            inverse: self.inverse,
            strength: self.strength,
            num_resamples: self.resamples(config),
        }
    }

    /// DDIM's step upwards, taken once, is only nearly the inverse of its step down: an image comes back 0.034 away instead of 0.005.
    /// Who inverts wants it back, so each step corrects itself at least once; a network that predicts the data cannot be asked to.
    fn resamples(&self, config: &Config) -> usize {
        let schedule = self.schedule.as_ref().unwrap_or(&config.schedule);
        let corrected = self.inverse && self.sampler == SamplerName::Ddim && schedule.prediction_type != PredictionType::Sample;
        if corrected { self.num_resamples.max(2) } else { self.num_resamples }
    }

    fn spacing(&self, config: &Config) -> TimestepSpacing {
        // `leading`, diffusers' default, starts well below T - 1, where the data still show through: a model of few
        // dimensions pays for that. Both others start at T - 1; `trailing` also holds for a handful of steps. Images want it: at
        // T - 1 a cosine schedule has next to no signal (√ᾱ = 5e-5), and x̂_0, the error of ε̂ divided by that, is a pattern that
        // later steps take for data, the more so with guidance.
        match (self.timestep_spacing, self.num_inference_steps, &config.images) {
            (SpacingChoice::Leading, ..) => TimestepSpacing::Leading,
            (SpacingChoice::Trailing, ..) => TimestepSpacing::Trailing,
            (SpacingChoice::Linspace, ..) => TimestepSpacing::Linspace,
            (SpacingChoice::Auto, ..10, _) => TimestepSpacing::Trailing,
            (SpacingChoice::Auto, _, Some(_)) => TimestepSpacing::Leading,
            (SpacingChoice::Auto, _, None) => TimestepSpacing::Linspace,
        }
    }
}
