//! Which settings work, and which an algorithm cannot honour.

use super::super::{PredictionType, Schedule};
use super::{FinalSigmasType, SamplerConfig, SamplerName};
use crate::error::{Error, Result};

fn fail(field: &str, message: impl Into<String>) -> Result<()> {
    Err(Error::config(format!("sample.{field}"), message))
}

/// A number in a range; NaN is in none.
fn within(field: &str, value: f64, low: f64, high: f64, why: &str) -> Result<()> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    fail(field, format!("{value} is out of range: choose a number from {low} to {high}{why}"))
}

impl SamplerConfig {
    /// Most repetitions of a step.
    pub const MAX_RESAMPLES: usize = 100;
    /// Most `num_resamples` of an inversion: a step and three corrections of it, which is how far rows look back.
    pub const MAX_CORRECTIONS: usize = 4;

    /// Everything that can be said without the list of timesteps.
    pub(super) fn check(&self, schedule: &Schedule) -> Result<()> {
        if !(self.eta.is_finite() && self.eta >= 0.0) {
            return fail("eta", format!("{} is not a number from 0 (deterministic) up; 1 gives as much noise as DDPM", self.eta));
        }
        if !(self.strength > 0.0 && self.strength <= 1.0) {
            return fail("strength", format!("{} is not above 0 and at most 1; 1 starts from pure noise", self.strength));
        }
        within("clip_sample_range", self.clip_sample_range, 1e-3, 1e3, ", the largest value of the data")?;
        within("dynamic_thresholding_ratio", self.dynamic_thresholding_ratio, 0.0, 1.0, ", the share that is left alone")?;
        within("sample_max_value", self.sample_max_value, 1.0, 1e3, "; 1 clips to [-1, 1]")?;
        if !(1..=3).contains(&self.solver_order) {
            return fail("solver_order", format!("{} is no order of DPM-Solver++: choose 1, 2 or 3", self.solver_order));
        }
        if !(1..=Self::MAX_RESAMPLES).contains(&self.num_resamples) {
            let message = format!("{} is out of range: choose 1 (off) to {}", self.num_resamples, Self::MAX_RESAMPLES);
            return fail("num_resamples", message);
        }
        self.check_algorithm(schedule)?;
        self.check_timesteps(schedule)
    }

    fn check_algorithm(&self, schedule: &Schedule) -> Result<()> {
        use SamplerName::{Ddim, Ddpm, Dpmpp, Euler, EulerAncestral, Heun, Lms};
        let (sampler, name, flow) = (self.sampler, self.sampler.label(), schedule.is_flow());
        if flow && matches!(sampler, Ddpm | EulerAncestral | Lms) {
            return fail("sampler", format!("{name} is not made for flow matching: choose Euler, Heun, DDIM or DPM-Solver++"));
        }
        if self.clip_sample && !matches!(sampler, Ddim | Ddpm | Heun) {
            return fail("clip_sample", format!("true cannot be honoured by {name}: set it to false, or choose DDIM, DDPM or Heun"));
        }
        if self.thresholding && !matches!(sampler, Ddim | Ddpm | Dpmpp) {
            let message = format!("true cannot be honoured by {name}: set it to false, or choose DDIM, DDPM or DPM-Solver++");
            return fail("thresholding", message);
        }
        if self.use_karras_sigmas {
            if !matches!(sampler, Euler | Heun | Dpmpp | Lms) || (flow && sampler == Dpmpp) {
                let of = if flow { " of flow matching" } else { "" };
                let message = format!("true cannot be honoured by {name}{of}: set it to false, or choose Euler or Heun");
                return fail("use_karras_sigmas", message);
            }
            if !self.timesteps.is_empty() {
                return fail(
                    "use_karras_sigmas",
                    "true and timesteps picked by hand exclude each other: set it to false, or empty the list",
                );
            }
        }
        if !self.set_alpha_to_one && sampler != Ddim {
            return fail("set_alpha_to_one", format!("false cannot be honoured by {name}: set it to true, or choose DDIM"));
        }
        if self.final_sigmas_type == FinalSigmasType::SigmaMin && (flow || !matches!(sampler, Euler | Dpmpp)) {
            let of = if flow { " of flow matching" } else { "" };
            let message =
                format!("sigma_min cannot be honoured by {name}{of}: choose zero, or Euler or DPM-Solver++ with another prediction_type");
            return fail("final_sigmas_type", message);
        }
        if self.num_resamples > 1 && !matches!(sampler, Ddim | Ddpm) {
            return fail(
                "num_resamples",
                format!("{} cannot be honoured by {name}: set it to 1, or choose DDIM or DDPM", self.num_resamples),
            );
        }
        if self.inverse {
            self.check_inverse(schedule, name)?;
        }
        Ok(())
    }

    fn check_inverse(&self, schedule: &Schedule, name: &str) -> Result<()> {
        use SamplerName::{Ddim, Euler, Heun};
        if !matches!(self.sampler, Ddim | Euler | Heun) {
            return fail("inverse", format!("true cannot be honoured by {name}: choose DDIM, Euler or Heun"));
        }
        if self.sampler == Ddim && self.eta != 0.0 {
            return fail("eta", format!("{} makes steps random, which cannot be taken backwards: set it to 0 for inversion", self.eta));
        }
        if self.num_resamples > Self::MAX_CORRECTIONS {
            let message = format!("{} is too many for inversion: choose 1 (as it is) to {}", self.num_resamples, Self::MAX_CORRECTIONS);
            return fail("num_resamples", message);
        }
        // Where little noise is left, an error in the predicted data is an error of the step several times as large.
        if self.num_resamples > 1 && schedule.prediction_type() == PredictionType::Sample {
            let message = "a step's corrections do not settle where the network predicts the data: set it to 1, or choose Heun";
            return fail("num_resamples", message);
        }
        Ok(())
    }

    fn check_timesteps(&self, schedule: &Schedule) -> Result<()> {
        let last = schedule.num_train_timesteps() - 1;
        if self.timesteps.len() > last + 1 {
            return fail(
                "timesteps",
                format!("{} timesteps; give at most {}, the model's number of timesteps", self.timesteps.len(), last + 1),
            );
        }
        if let Some(t) = self.timesteps.iter().find(|t| !(0.0..=last as f64).contains(*t)) {
            return fail("timesteps", format!("{t} is no timestep: they go from {last} down to 0"));
        }
        if let Some(pair) = self.timesteps.windows(2).find(|w| w[1] >= w[0]) {
            return fail("timesteps", format!("{} is followed by {}: each must be below the one before it", pair[0], pair[1]));
        }
        let whole = matches!(self.sampler, SamplerName::Ddim | SamplerName::Ddpm | SamplerName::Dpmpp);
        if let Some(t) = self.timesteps.iter().find(|t| whole && t.fract() != 0.0) {
            let message = format!("{t} lies between two timesteps, which {} cannot use: give whole numbers", self.sampler.label());
            return fail("timesteps", message);
        }
        Ok(())
    }
}

impl SamplerName {
    /// Its name in a sentence.
    pub fn label(self) -> &'static str {
        match self {
            SamplerName::Ddim => "DDIM",
            SamplerName::Ddpm => "DDPM",
            SamplerName::Euler => "Euler",
            SamplerName::EulerAncestral => "Euler ancestral",
            SamplerName::Heun => "Heun",
            SamplerName::Dpmpp => "DPM-Solver++",
            SamplerName::Lms => "LMS",
        }
    }
}
