//! 2D distributions, generated from a seed and normalised with fixed constants of the *distribution*.
//!
//! Each set has zero mean, and the mean of its two axes' variances is 1; the scaling is the same for both axes, so that
//! shapes keep their aspect. The constants come from closed forms, never from the draw: two independent draws
//! agree in distribution, and point `i` depends on (set, seed, `i`) alone, so that a larger draw continues a smaller one.

mod areas;
mod curves;
mod exact;
mod mixtures;
mod modes;

pub use exact::{Component, components};
pub use modes::{mode_shares, modes};

use crate::threefry::Stream;
use serde::{Deserialize, Serialize};

/// A 2D distribution. Sets whose parts are natural classes carry labels ([`DatasetName::num_classes`] > 1).
///
/// The order of the variants is part of the random key: append, never reorder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub enum DatasetName {
    /// Two interleaved half circles (scikit-learn's `make_moons`), noise 0.06 radii. Label: the moon.
    TwoMoons,
    /// A rolled-up sheet seen from its side (scikit-learn's `make_swiss_roll` in the plane), noise 0.5 of radius 4.7 to 14.
    SwissRoll,
    /// Two Archimedean arms of one and a half turns, noise 0.25 of radius 9.4. Label: the arm.
    Spirals,
    /// Three concentric circles of radius 1, 2 and 3, equally likely, noise 0.08. Label: the circle, innermost first.
    Rings,
    /// The eight dark squares of a 4 × 4 board, uniformly filled.
    Checkerboard,
    /// Five swept blades (Johnson et al., arXiv 1603.06277): radial noise 0.3, tangential 0.1, rate 0.25. Label: the blade.
    Pinwheel,
    /// Eight Gaussians on a circle, deviation a tenth of its radius. Label: the mode, counter-clockwise from the right.
    EightGaussians,
    /// 25 Gaussians on a 5 × 5 grid, deviation 0.08 of the spacing. Label: the mode, row by row from the lower left.
    GaussianGrid,
    /// An S seen from its side (scikit-learn's `make_s_curve` in the plane), noise 0.06 radii.
    SCurve,
    /// A uniformly filled heart, `(x² + y² - 1)³ ≤ x² y³`.
    Heart,
    /// A face: circle, two eyes, a smile.
    Smiley,
    /// The labelled set: five Gaussian clusters of different size, shape and direction, equally likely. Label: the cluster.
    Blobs,
}

impl DatasetName {
    /// Every set, in the order in which a menu shows them.
    pub const ALL: [DatasetName; 12] = [
        DatasetName::TwoMoons,
        DatasetName::SwissRoll,
        DatasetName::Spirals,
        DatasetName::Rings,
        DatasetName::Checkerboard,
        DatasetName::Pinwheel,
        DatasetName::EightGaussians,
        DatasetName::GaussianGrid,
        DatasetName::SCurve,
        DatasetName::Heart,
        DatasetName::Smiley,
        DatasetName::Blobs,
    ];

    /// Number of classes that the labels tell apart; 1 for a set without labels (all labels are then 0).
    pub fn num_classes(self) -> usize {
        match self {
            DatasetName::TwoMoons | DatasetName::Spirals => 2,
            DatasetName::Rings => 3,
            DatasetName::Pinwheel | DatasetName::Blobs => 5,
            DatasetName::EightGaussians => 8,
            DatasetName::GaussianGrid => 25,
            DatasetName::SwissRoll | DatasetName::Checkerboard | DatasetName::SCurve | DatasetName::Heart | DatasetName::Smiley => 1,
        }
    }

    /// One point in the set's own units, and its label.
    fn draw(self, random: &mut Stream) -> ([f64; 2], u32) {
        match self {
            DatasetName::TwoMoons => curves::two_moons(random),
            DatasetName::SwissRoll => curves::swiss_roll(random),
            DatasetName::Spirals => curves::spirals(random),
            DatasetName::Rings => curves::rings(random),
            DatasetName::Checkerboard => areas::checkerboard(random),
            DatasetName::Pinwheel => mixtures::pinwheel(random),
            DatasetName::EightGaussians => mixtures::eight_gaussians(random),
            DatasetName::GaussianGrid => mixtures::gaussian_grid(random),
            DatasetName::SCurve => curves::s_curve(random),
            DatasetName::Heart => areas::heart(random),
            DatasetName::Smiley => curves::smiley(random),
            DatasetName::Blobs => mixtures::blobs(random),
        }
    }

    /// Mean and variance of the distribution in its own units.
    fn population(self) -> Population {
        match self {
            DatasetName::TwoMoons => curves::two_moons_population(),
            DatasetName::SwissRoll => curves::swiss_roll_population(),
            DatasetName::Spirals => curves::spirals_population(),
            DatasetName::Rings => curves::rings_population(),
            DatasetName::Checkerboard => areas::checkerboard_population(),
            DatasetName::Pinwheel => mixtures::pinwheel_population(),
            DatasetName::EightGaussians => mixtures::eight_gaussians_population(),
            DatasetName::GaussianGrid => mixtures::gaussian_grid_population(),
            DatasetName::SCurve => curves::s_curve_population(),
            DatasetName::Heart => areas::heart_population(),
            DatasetName::Smiley => curves::smiley_population(),
            DatasetName::Blobs => mixtures::blobs_population(),
        }
    }
}

/// First two moments of a distribution, in closed form.
struct Population {
    mean: [f64; 2],
    /// Mean of the two axes' variances.
    variance: f64,
}

impl Population {
    /// From the mean and `E ‖x‖²`.
    fn new(mean: [f64; 2], square: f64) -> Self {
        Population { mean, variance: 0.5 * (square - mean[0] * mean[0] - mean[1] * mean[1]) }
    }

    /// Maps a point from the set's own units to zero mean and unit variance.
    fn normalise(&self, point: [f64; 2]) -> [f64; 2] {
        let scale = self.variance.sqrt();
        [(point[0] - self.mean[0]) / scale, (point[1] - self.mean[1]) / scale]
    }
}

/// Points of a set, with labels.
#[derive(Debug, Clone, PartialEq)]
pub struct PointSet {
    /// `n` points, zero mean and unit variance in distribution.
    pub points: Vec<[f32; 2]>,
    /// `n` labels in `0..num_classes`; all 0 for a set without labels.
    pub labels: Vec<u32>,
    /// Number of classes; 1 for a set without labels.
    pub num_classes: usize,
}

/// Random stream of the data sets; the set's number is added. Kept apart from the streams of training and sampling.
const DATA_STREAM: u32 = 0xDA7A_0000;

/// Draws `n` points of a set. Point `i` depends on (`name`, `seed`, `i`) alone. `n` may be 0; indices are 32 bits wide.
pub fn generate(name: DatasetName, n: usize, seed: u32) -> PointSet {
    let population = name.population();
    let (points, labels) = (0..n)
        .map(|i| {
            let mut random = Stream::new(seed, DATA_STREAM + name as u32, i as u32);
            let (point, label) = name.draw(&mut random);
            (population.normalise(point).map(|v| v as f32), label)
        })
        .unzip();
    PointSet { points, labels, num_classes: name.num_classes() }
}

#[cfg(test)]
mod tests;
