//! Random words and normals as in `shaders/lib/random.wgsl`.

use super::Real;
use crate::graph::ops::state::counter;
use crate::threefry::threefry2x32;

/// Word of element `i` for this seed, stream and step: a block of Threefry serves two elements.
pub(super) fn word(counters: &[u32], stream: u32, i: usize) -> u32 {
    threefry2x32([counters[counter::SEED], stream], [counters[counter::STEP], (i / 2) as u32])[i % 2]
}

/// Standard normal by Giles' inverse error function, as the shader computes it.
pub(super) fn normal_from_bits<F: Real>(bits: u32) -> F {
    let (one, u) = (F::of(1.0), F::of((f64::from(bits >> 9) + 0.5) / f64::from(1 << 22) - 1.0));
    let w = -((one - u) * (one + u)).ln();
    let horner = |w: F, coefficients: [f64; 9]| coefficients.into_iter().fold(F::default(), |p, c| p * w + F::of(c));
    let p = if w < F::of(5.0) {
        let central = [
            2.81022636e-08,
            3.43273939e-07,
            -3.5233877e-06,
            -4.39150654e-06,
            0.00021858087,
            -0.00125372503,
            -0.00417768164,
            0.246640727,
            1.50140941,
        ];
        horner(w - F::of(2.5), central)
    } else {
        let tail = [
            -0.000200214257,
            0.000100950558,
            0.00134934322,
            -0.00367342844,
            0.00573950773,
            -0.0076224613,
            0.00943887047,
            1.00167406,
            2.83297682,
        ];
        horner(w.sqrt() - F::of(3.0), tail)
    };
    F::of(std::f64::consts::SQRT_2) * p * u
}
