//! Sets that are mixtures of Gaussians, as such or bent.

use super::Population;
use crate::threefry::Stream;
use std::f64::consts::PI;

const BLADES: u32 = 5;
const BLADE_RADIAL: f64 = 0.3;
const BLADE_TANGENTIAL: f64 = 0.1;
const BLADE_RATE: f64 = 0.25;

/// A Gaussian at (1, 0), wide along the radius, turned by `rate · exp(its first coordinate)` and to its blade.
pub fn pinwheel(random: &mut Stream) -> ([f64; 2], u32) {
    let blade = random.below(BLADES);
    let along = 1.0 + BLADE_RADIAL * random.normal();
    let across = BLADE_TANGENTIAL * random.normal();
    let angle = 2.0 * PI * f64::from(blade) / f64::from(BLADES) + BLADE_RATE * along.exp();
    let (sin, cos) = angle.sin_cos();
    ([along * cos - across * sin, along * sin + across * cos], blade)
}

/// Turning keeps the length; five-fold symmetry makes the mean 0.
pub fn pinwheel_population() -> Population {
    Population::new([0.0; 2], 1.0 + BLADE_RADIAL * BLADE_RADIAL + BLADE_TANGENTIAL * BLADE_TANGENTIAL)
}

const EIGHT_DEVIATION: f64 = 0.1;

/// Centres of the eight Gaussians: the unit circle at multiples of 45°.
pub fn eight_gaussians_centre(mode: u32) -> [f64; 2] {
    let (sin, cos) = (0.25 * PI * f64::from(mode)).sin_cos();
    [cos, sin]
}

/// Eight round Gaussians on the unit circle.
pub fn eight_gaussians(random: &mut Stream) -> ([f64; 2], u32) {
    let mode = random.below(8);
    (around(eight_gaussians_centre(mode), EIGHT_DEVIATION, random), mode)
}

/// `E ‖x‖² = 1 + 2 σ²`.
pub fn eight_gaussians_population() -> Population {
    Population::new([0.0; 2], 1.0 + 2.0 * EIGHT_DEVIATION * EIGHT_DEVIATION)
}

/// Means and row-major covariances of the eight, in the order of the labels.
pub fn eight_gaussians_components() -> Vec<([f64; 2], [[f64; 2]; 2])> {
    (0..8).map(|mode| (eight_gaussians_centre(mode), round(EIGHT_DEVIATION))).collect()
}

const GRID_DEVIATION: f64 = 0.08;

/// Centres of the 25 Gaussians: {-2, …, 2}², row by row from the lower left.
pub fn gaussian_grid_centre(mode: u32) -> [f64; 2] {
    [f64::from(mode % 5) - 2.0, f64::from(mode / 5) - 2.0]
}

/// 25 round Gaussians on a grid of spacing 1.
pub fn gaussian_grid(random: &mut Stream) -> ([f64; 2], u32) {
    let mode = random.below(25);
    (around(gaussian_grid_centre(mode), GRID_DEVIATION, random), mode)
}

/// Each coordinate's centre has variance (4 + 1 + 0 + 1 + 4)/5 = 2.
pub fn gaussian_grid_population() -> Population {
    Population::new([0.0; 2], 4.0 + 2.0 * GRID_DEVIATION * GRID_DEVIATION)
}

/// Means and row-major covariances of the 25, in the order of the labels.
pub fn gaussian_grid_components() -> Vec<([f64; 2], [[f64; 2]; 2])> {
    (0..25).map(|mode| (gaussian_grid_centre(mode), round(GRID_DEVIATION))).collect()
}

/// The covariance of a round Gaussian.
fn round(deviation: f64) -> [[f64; 2]; 2] {
    [[deviation * deviation, 0.0], [0.0, deviation * deviation]]
}

fn around(centre: [f64; 2], deviation: f64, random: &mut Stream) -> [f64; 2] {
    [centre[0] + deviation * random.normal(), centre[1] + deviation * random.normal()]
}

/// One cluster of [`blobs`].
struct Blob {
    centre: [f64; 2],
    /// Direction of the long axis, in degrees.
    direction: f64,
    /// Deviations along the long and the short axis.
    deviations: [f64; 2],
}

const BLOBS: [Blob; 5] = [
    Blob { centre: [-1.8, 1.2], direction: 35.0, deviations: [0.55, 0.15] },
    Blob { centre: [1.6, 1.5], direction: 0.0, deviations: [0.3, 0.3] },
    Blob { centre: [0.1, -0.2], direction: -60.0, deviations: [0.4, 0.2] },
    Blob { centre: [-1.3, -1.7], direction: 0.0, deviations: [0.2, 0.2] },
    Blob { centre: [1.9, -1.3], direction: 100.0, deviations: [0.6, 0.2] },
];

/// Five clusters, equally likely.
pub fn blobs(random: &mut Stream) -> ([f64; 2], u32) {
    let label = random.below(BLOBS.len() as u32);
    let Blob { centre, direction, deviations } = &BLOBS[label as usize];
    let (sin, cos) = direction.to_radians().sin_cos();
    let (along, across) = (deviations[0] * random.normal(), deviations[1] * random.normal());
    ([centre[0] + along * cos - across * sin, centre[1] + along * sin + across * cos], label)
}

/// Moments of the mixture: means of the centres, and of their squares plus both deviations' squares.
pub fn blobs_population() -> Population {
    let share = 1.0 / BLOBS.len() as f64;
    let mean = [0, 1].map(|axis| BLOBS.iter().map(|b| share * b.centre[axis]).sum());
    let squares = |v: &[f64; 2]| v[0] * v[0] + v[1] * v[1];
    let square = BLOBS.iter().map(|b| share * (squares(&b.centre) + squares(&b.deviations))).sum();
    Population::new(mean, square)
}

/// Means and row-major covariances of the clusters, in the order of the labels: `R diag(deviations²) Rᵀ`.
pub fn blobs_components() -> Vec<([f64; 2], [[f64; 2]; 2])> {
    let component = |b: &Blob| {
        let (sin, cos) = b.direction.to_radians().sin_cos();
        let [along, across] = b.deviations.map(|d| d * d);
        let cross = (along - across) * sin * cos;
        (b.centre, [[along * cos * cos + across * sin * sin, cross], [cross, along * sin * sin + across * cos * cos]])
    };
    BLOBS.iter().map(component).collect()
}
