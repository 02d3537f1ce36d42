//! Data to ask the network about: points that the run has never seen, or images of its set.

use super::{SEED, stream};
use crate::data::{ImageSet, toy2d};
use crate::diffusion::{Gaussian2, GaussianMixture2};
use crate::threefry::Stream;
use crate::train::Config;
use crate::{Error, Result};

/// Added to the run's seed: the points drawn here are others than those that it learns.
const FRESH: u32 = 0x0A5C;

/// Clean samples in the units that the network sees.
#[derive(Debug, Clone, PartialEq)]
pub struct Draws {
    /// Numbers per sample.
    pub dim: usize,
    /// `[n, dim]`.
    pub values: Vec<f64>,
    /// What the network is told of each, `[n]`; empty for a network that is told nothing.
    pub labels: Vec<u32>,
    /// Of the noise that is put on them: questions with the same draws have the same noise, so that answers of successive calls
    /// differ by the network alone.
    pub seed: u32,
}

impl Draws {
    /// `count` samples of the run's data: points drawn afresh, or images spread evenly over the set, in its order (fewer if it
    /// has fewer). Each `seed` has others, and other noise.
    ///
    /// # Errors
    /// [`Error::Config`] for `count` if it is 0, for `images` if a run on images has none yet.
    pub fn new(config: &Config, images: Option<&ImageSet>, count: usize, seed: u32) -> Result<Draws> {
        if count == 0 {
            return Err(Error::config("count", "0 samples tell nothing: ask for at least 1"));
        }
        let Some(run) = &config.images else {
            let set = config.data.points(count, config.seed.wrapping_add(FRESH).wrapping_add(seed.wrapping_mul(0x9E37_79B9)));
            let values = set.points.iter().flatten().map(|v| f64::from(*v)).collect();
            let labels = if config.classes().is_some() { set.labels } else { Vec::new() };
            return Ok(Draws { dim: 2, values, labels, seed });
        };
        let Some(set) = images.filter(|set| !set.is_empty()) else {
            return Err(Error::config("images", "there are none yet: give the run some first"));
        };
        let size = set.image_bytes();
        let count = count.min(set.len());
        let chosen: Vec<usize> = (0..count).map(|i| (i * set.len() / count + seed as usize) % set.len()).collect();
        let image = |i: &usize| set.pixels()[i * size..(i + 1) * size].iter();
        let values = chosen.iter().flat_map(image).map(|byte| (f64::from(*byte) * (2.0 / 255.0) - 1.0) * run.scale).collect();
        let labels = if run.is_conditional() { chosen.iter().map(|i| u32::from(set.labels()[*i])).collect() } else { Vec::new() };
        Ok(Draws { dim: size, values, labels, seed })
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.values.len() / self.dim
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Standard normals `[n, dim]`, others for every `block`.
    pub(super) fn noise(&self, block: u32) -> Vec<f64> {
        let seed = SEED.wrapping_add(self.seed);
        (0..self.values.len()).map(|i| Stream::new(seed, stream::NOISE + block, i as u32).normal()).collect()
    }

    /// `times` copies, one after the other.
    pub(super) fn repeated(&self, times: usize) -> Draws {
        Draws { values: self.values.repeat(times), labels: self.labels.repeat(times), ..*self }
    }

    /// Mean squared distance of a coordinate from its mean over the samples: the error of one who always answers with the mean.
    pub fn variance(&self) -> f64 {
        let n = self.len() as f64;
        let mut mean = vec![0.0; self.dim];
        for (i, value) in self.values.iter().enumerate() {
            mean[i % self.dim] += value / n;
        }
        let square: f64 = self.values.iter().enumerate().map(|(i, v)| (v - mean[i % self.dim]).powi(2)).sum();
        square / ((n - 1.0).max(1.0) * self.dim as f64)
    }
}

/// The exact distribution of a run's data, in the units that the network sees, if it is a mixture of Gaussians.
pub fn mixture(config: &Config) -> Option<GaussianMixture2> {
    let components = toy2d::components(config.data.dataset).filter(|_| config.images.is_none())?;
    let (weights, scale) = (components.iter().map(|c| c.weight).collect(), config.data.scale);
    let scaled = |c: &toy2d::Component| Gaussian2::new(c.mean.map(|v| scale * v), c.covariance.map(|row| row.map(|v| scale * scale * v)));
    let gaussians: Result<Vec<Gaussian2>> = components.iter().map(scaled).collect();
    GaussianMixture2::new(weights, gaussians.ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DatasetName;
    use crate::train::{ImageDataset, Preset};

    #[test]
    fn points_are_new_and_have_unit_variance() {
        let config = Config::default();
        let draws = Draws::new(&config, None, 4096, 0).unwrap();
        assert!((draws.variance() - 1.0).abs() < 0.05, "{}", draws.variance());
        let own = config.data.points(1, config.seed).points[0];
        assert_ne!(draws.values[0], f64::from(own[0]));
        assert_eq!(draws, Draws::new(&config, None, 4096, 0).unwrap());
        let other = Draws::new(&config, None, 4096, 1).unwrap();
        assert!(draws.values[0] != other.values[0] && draws.noise(0)[0] != other.noise(0)[0] && draws.noise(0)[0] != draws.noise(1)[0]);
        assert!(draws.labels.is_empty());
        let mut config = config;
        config.data.scale = 3.0;
        config.model.class_conditioning = true;
        let draws = Draws::new(&config, None, 4096, 0).unwrap();
        assert!((draws.variance() - 9.0).abs() < 0.5, "{}", draws.variance());
        assert_eq!(draws.labels.len(), 4096);
    }

    #[test]
    fn images_are_spread_over_the_set() {
        let mut config = Preset::Tiny.config(ImageDataset::Mnist);
        let images = config.images.as_mut().unwrap();
        let mut set = images.empty_set().unwrap();
        assert!(Draws::new(&config, Some(&set), 3, 0).unwrap_err().to_string().starts_with("images: "));
        let size = set.image_bytes();
        for label in 0..10u8 {
            set.push(&vec![25 * label + 30; size], &[label]).unwrap();
        }
        let draws = Draws::new(&config, Some(&set), 5, 0).unwrap();
        assert_eq!((draws.len(), draws.labels.as_slice()), (5, [0, 2, 4, 6, 8].as_slice()));
        assert!((draws.values[0] - (60.0 / 255.0 - 1.0)).abs() < 1e-12);
        assert_eq!(Draws::new(&config, Some(&set), 99, 0).unwrap().len(), 10);
        assert_eq!(Draws::new(&config, Some(&set), 5, 1).unwrap().labels, [1, 3, 5, 7, 9]);
        assert!(Draws::new(&config, Some(&set), 0, 0).is_err());
    }

    #[test]
    fn only_mixtures_are_known_exactly() {
        let mut config = Config::default();
        assert!(mixture(&config).is_none());
        config.data.dataset = DatasetName::Blobs;
        let draws = Draws::new(&config, None, 1000, 0).unwrap();
        let density = |config: &Config| mixture(config).unwrap().log_density([0.3, -0.2].map(|v| config.data.scale * v), 1.0);
        let before = density(&config);
        config.data.scale = 2.0;
        assert!((density(&config) - (before - 4f64.ln())).abs() < 1e-9, "a density in larger units");
        assert!((Draws::new(&config, None, 1000, 0).unwrap().variance() / draws.variance() - 4.0).abs() < 1e-5);
        config.images = Preset::Tiny.config(ImageDataset::Mnist).images;
        assert!(mixture(&config).is_none());
    }
}
