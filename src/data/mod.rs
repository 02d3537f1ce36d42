//! Data sets: 2D distributions generated from a seed, the distance between two clouds of points, and sets of images.

mod distance;
pub mod idx;
mod images;
pub mod shard;
pub mod toy2d;

pub use distance::sliced_wasserstein;
pub use images::ImageSet;
pub use toy2d::{DatasetName, PointSet, generate};

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// Which data to train on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields, default)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub struct DataConfig {
    /// The distribution.
    pub dataset: DatasetName,
    /// Number of points drawn from it and kept on the device, 1 to 1,000,000.
    pub size: usize,
    /// What the points are multiplied by. Noise has a deviation of 1, and so have the sets as they are: another scale shows what
    /// becomes of data that nobody normalised.
    pub scale: f64,
}

impl Default for DataConfig {
    fn default() -> Self {
        DataConfig { dataset: DatasetName::TwoMoons, size: 32_768, scale: 1.0 }
    }
}

impl DataConfig {
    /// Largest accepted [`DataConfig::size`].
    pub const MAX_SIZE: usize = 1_000_000;

    /// Checks every field; the error names the first that is wrong, as `data.…`.
    pub fn validate(&self) -> Result<()> {
        if !(1..=Self::MAX_SIZE).contains(&self.size) {
            let message = format!("{} points; choose a number from 1 to 1,000,000 (32,768 is plenty for a 2D set)", self.size);
            return Err(Error::config("data.size", message));
        }
        if !(0.01..=100.0).contains(&self.scale) {
            let message = format!("{} is out of range: choose a factor from 0.01 to 100; 1 leaves the points as they are", self.scale);
            return Err(Error::config("data.scale", message));
        }
        Ok(())
    }

    /// `n` points drawn with `seed`, scaled.
    pub fn points(&self, n: usize, seed: u32) -> PointSet {
        let mut set = generate(self.dataset, n, seed);
        if self.scale != 1.0 {
            set.points.iter_mut().flatten().for_each(|v| *v *= self.scale as f32);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_bounded() {
        for (size, good) in [(0, false), (1, true), (1_000_000, true), (1_000_001, false), (usize::MAX, false)] {
            let result = DataConfig { size, ..DataConfig::default() }.validate();
            assert_eq!(result.is_ok(), good, "{size}");
            if let Err(error) = result {
                assert!(error.to_string().starts_with("data.size: "), "{error}");
            }
        }
    }

    #[test]
    fn json_is_snake_case_and_strict() {
        let config: DataConfig = serde_json::from_str(r#"{"dataset":"eight_gaussians"}"#).unwrap();
        assert_eq!(config, DataConfig { dataset: DatasetName::EightGaussians, size: 32_768, scale: 1.0 });
        assert!(serde_json::from_str::<DataConfig>(r#"{"sise":3}"#).is_err());
        assert!(serde_json::from_str::<DataConfig>(r#"{"dataset":"moons"}"#).is_err());
        assert!(serde_json::from_str::<DataConfig>(r#"{"size":-1}"#).is_err());
    }
}
