//! Sets that are curves with isotropic Gaussian noise.

use super::Population;
use crate::threefry::Stream;
use std::f64::consts::{FRAC_PI_2, PI};

/// `point` plus isotropic noise of the given deviation.
fn noisy(point: [f64; 2], deviation: f64, random: &mut Stream) -> [f64; 2] {
    [point[0] + deviation * random.normal(), point[1] + deviation * random.normal()]
}

const MOON_NOISE: f64 = 0.06;

/// Upper half circle around (0, 0), and lower half circle around (1, 1/2).
pub fn two_moons(random: &mut Stream) -> ([f64; 2], u32) {
    let moon = random.below(2);
    let (sin, cos) = (PI * random.uniform()).sin_cos();
    let point = if moon == 0 { [cos, sin] } else { [1.0 - cos, 0.5 - sin] };
    (noisy(point, MOON_NOISE, random), moon)
}

/// `E sin = 2/π` on the half circle: `E ‖x‖²` is 1 on the first moon, and `1 + 1 + 1/4 - 2/π` on the second.
pub fn two_moons_population() -> Population {
    Population::new([0.5, 0.25], 0.5 * (1.0 + 2.25 - 2.0 / PI) + 2.0 * MOON_NOISE * MOON_NOISE)
}

const SWISS_NOISE: f64 = 0.5;

/// `(θ cos θ, θ sin θ)`, θ uniform in [3π/2, 9π/2].
pub fn swiss_roll(random: &mut Stream) -> ([f64; 2], u32) {
    let angle = 1.5 * PI * (1.0 + 2.0 * random.uniform());
    (noisy([angle * angle.cos(), angle * angle.sin()], SWISS_NOISE, random), 0)
}

/// `∫ θ cos θ = cos θ + θ sin θ` and `∫ θ sin θ = sin θ - θ cos θ` over an interval of length 3π; `E θ² = 39π²/4`.
pub fn swiss_roll_population() -> Population {
    Population::new([2.0, 2.0 / (3.0 * PI)], 9.75 * PI * PI + 2.0 * SWISS_NOISE * SWISS_NOISE)
}

const SPIRAL_TURNS: f64 = 1.5;
const SPIRAL_NOISE: f64 = 0.25;

/// Radius = angle = 3π √u, so that the density is nearly even along the arm; the second arm is the first, turned by π.
pub fn spirals(random: &mut Stream) -> ([f64; 2], u32) {
    let arm = random.below(2);
    let angle = 2.0 * PI * SPIRAL_TURNS * random.uniform().sqrt();
    let radius = if arm == 0 { angle } else { -angle };
    (noisy([radius * angle.cos(), radius * angle.sin()], SPIRAL_NOISE, random), arm)
}

/// Symmetric about 0; `E r² = (3π)²/2`.
pub fn spirals_population() -> Population {
    let end = 2.0 * PI * SPIRAL_TURNS;
    Population::new([0.0; 2], 0.5 * end * end + 2.0 * SPIRAL_NOISE * SPIRAL_NOISE)
}

const RING_NOISE: f64 = 0.08;

/// Circles of radius 1, 2, 3.
pub fn rings(random: &mut Stream) -> ([f64; 2], u32) {
    let ring = random.below(3);
    let radius = f64::from(ring + 1);
    let (sin, cos) = (2.0 * PI * random.uniform()).sin_cos();
    (noisy([radius * cos, radius * sin], RING_NOISE, random), ring)
}

/// `E r² = (1 + 4 + 9)/3`.
pub fn rings_population() -> Population {
    Population::new([0.0; 2], 14.0 / 3.0 + 2.0 * RING_NOISE * RING_NOISE)
}

const S_NOISE: f64 = 0.06;

/// `(sin θ, sign(θ) (cos θ - 1))`, θ uniform in [-3π/2, 3π/2].
pub fn s_curve(random: &mut Stream) -> ([f64; 2], u32) {
    let angle = 3.0 * PI * (random.uniform() - 0.5);
    (noisy([angle.sin(), angle.signum() * (angle.cos() - 1.0)], S_NOISE, random), 0)
}

/// Odd in θ, so the mean is 0; `sin² + (cos - 1)² = 2 - 2 cos` and `E cos θ = sin(3π/2)/(3π/2) = -2/(3π)`.
pub fn s_curve_population() -> Population {
    Population::new([0.0; 2], 2.0 + 4.0 / (3.0 * PI) + 2.0 * S_NOISE * S_NOISE)
}

const FACE_NOISE: f64 = 0.03;
const EYE: [f64; 2] = [0.35, 0.3];
const EYE_DEVIATION: f64 = 0.07;
const MOUTH_RADIUS: f64 = 0.6;
/// Half the angle that the mouth spans, around straight down: 65°.
const MOUTH_HALF_ANGLE: f64 = 65.0 * PI / 180.0;
/// Shares of the face's outline, the two eyes together, and the mouth.
const SHARES: [f64; 3] = [0.5, 0.2, 0.3];

/// Outline of radius 1, two round eyes, an arc for a mouth.
pub fn smiley(random: &mut Stream) -> ([f64; 2], u32) {
    let part = random.uniform();
    let along = random.uniform();
    let point = if part < SHARES[0] {
        let (sin, cos) = (2.0 * PI * along).sin_cos();
        noisy([cos, sin], FACE_NOISE, random)
    } else if part < SHARES[0] + SHARES[1] {
        let side = if along < 0.5 { -1.0 } else { 1.0 };
        noisy([side * EYE[0], EYE[1]], EYE_DEVIATION, random)
    } else {
        let (sin, cos) = (-FRAC_PI_2 + MOUTH_HALF_ANGLE * (2.0 * along - 1.0)).sin_cos();
        noisy([MOUTH_RADIUS * cos, MOUTH_RADIUS * sin], FACE_NOISE, random)
    };
    (point, 0)
}

/// Symmetric in x. The mean height of the mouth's arc is `-r sin(h)/h` for half angle h.
pub fn smiley_population() -> Population {
    let mouth = -MOUTH_RADIUS * MOUTH_HALF_ANGLE.sin() / MOUTH_HALF_ANGLE;
    let line = 2.0 * FACE_NOISE * FACE_NOISE;
    let square = SHARES[0] * (1.0 + line)
        + SHARES[1] * (EYE[0] * EYE[0] + EYE[1] * EYE[1] + 2.0 * EYE_DEVIATION * EYE_DEVIATION)
        + SHARES[2] * (MOUTH_RADIUS * MOUTH_RADIUS + line);
    Population::new([0.0, SHARES[1] * EYE[1] + SHARES[2] * mouth], square)
}
