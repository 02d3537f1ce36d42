//! What a sampling run begins with, if not with noise alone.

use super::config::Config;
use super::options::SampleOptions;
use super::programs::{samples_shape, stream};
use crate::diffusion::Level;
use crate::threefry::{normal_quantile, threefry2x32};
use crate::{Error, Result};

/// Samples given by the host, each list `[count, …]` as the run has its samples, or empty.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SampleInputs {
    /// Clean samples, noised to where the run begins: with `strength` below 1 they show through (SDEdit, 2108.01073).
    pub image: Vec<f32>,
    /// Where the run begins, as it is: noise of one's own, or clean samples to be inverted.
    pub latent: Vec<f32>,
    /// Clean samples of which a part is known (inpainting) …
    pub known: Vec<f32>,
    /// … where this is 1; elsewhere 0.
    pub mask: Vec<f32>,
}

/// The noise that a run of `seed` begins with: the first `len` numbers, standard normal, to rounding those that the device draws.
pub fn initial_noise(seed: u32, len: usize) -> Vec<f32> {
    let word = |i: usize| threefry2x32([seed, stream::SAMPLE_START], [0, (i / 2) as u32])[i % 2];
    // The device has a sign and 22 further bits for each.
    let normal = |i| normal_quantile((f64::from(word(i) >> 9) + 0.5) / f64::from(1u32 << 23)) as f32;
    (0..len).map(normal).collect()
}

impl SampleInputs {
    /// Whether the run begins with what was given.
    pub fn starts(&self) -> bool {
        !self.image.is_empty() || !self.latent.is_empty()
    }

    /// Whether a part of the samples is known.
    pub fn is_masked(&self) -> bool {
        !self.mask.is_empty()
    }

    /// Checks that lists are as long as the samples, finite, and go with each other and with `options`.
    ///
    /// # Errors
    /// [`Error::Config`] naming the list as `inputs.…`, or `sample.strength`.
    pub(super) fn validate(&self, config: &Config, options: &SampleOptions) -> Result<()> {
        let len = samples_shape(config, options.num_samples).elements();
        for (field, list) in [("image", &self.image), ("latent", &self.latent), ("known", &self.known), ("mask", &self.mask)] {
            let fail = |message: String| Err(Error::config(format!("inputs.{field}"), message));
            if !list.is_empty() && list.len() != len {
                return fail(format!("{} numbers for {} samples: give {len}", list.len(), options.num_samples));
            }
            if list.iter().any(|v| !v.is_finite()) {
                return fail("holds a number that is not finite".into());
            }
        }
        if !self.image.is_empty() && !self.latent.is_empty() {
            return Err(Error::config("inputs.latent", "a run begins with an image or with a latent: give one of them"));
        }
        if self.known.is_empty() != self.mask.is_empty() {
            return Err(Error::config("inputs.mask", "known samples and a mask go together: give both"));
        }
        if let Some(value) = self.mask.iter().find(|v| !(0.0..=1.0).contains(*v)) {
            return Err(Error::config("inputs.mask", format!("{value} is out of range: 1 where the sample is known, 0 elsewhere")));
        }
        if options.strength < 1.0 && !self.starts() {
            return Err(Error::config("sample.strength", "below 1 a run begins with a noised image: give one, or set it to 1"));
        }
        if options.inverse && self.latent.is_empty() {
            return Err(Error::config("sample.inverse", "a run from data to noise begins with data: give them as inputs.latent"));
        }
        Ok(())
    }

    /// What the run begins with, at noise level `at`; nothing if that is noise alone.
    pub(super) fn start(&self, at: Level, seed: u32) -> Option<Vec<f32>> {
        if !self.latent.is_empty() {
            return Some(self.latent.clone());
        }
        if self.image.is_empty() {
            return None;
        }
        let noise = initial_noise(seed, self.image.len());
        let mix = |(clean, noise): (&f32, f32)| (at.signal * f64::from(*clean) + at.noise * f64::from(noise)) as f32;
        Some(self.image.iter().zip(noise).map(mix).collect())
    }
}
