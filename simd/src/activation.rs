//! Activations `f(z)` and slopes `f'(z)` by straight-line arithmetic; kinds as in `shaders/lib/activation.wgsl`.

/// `y ← f(y)`; kind 1 SiLU, 2 GELU, 3 tanh, 4 ReLU, else nothing.
pub fn activate(kind: usize, y: &mut [f32]) {
    match kind {
        1 => y.iter_mut().for_each(|v| *v *= sigmoid(*v)),
        2 => y.iter_mut().for_each(|v| *v *= 0.5 * (1.0 + erf(*v * SQRT_HALF))),
        3 => y.iter_mut().for_each(|v| *v = tanh(*v)),
        4 => y.iter_mut().for_each(|v| *v = if *v < 0.0 { 0.0 } else { *v }),
        _ => {}
    }
}

/// `y ← y · f'(z)`.
pub fn multiply_by_slope(kind: usize, z: &[f32], y: &mut [f32]) {
    let pairs = y.iter_mut().zip(z);
    match kind {
        1 => pairs.for_each(|(v, z)| {
            let s = sigmoid(*z);
            *v *= s * (1.0 + z * (1.0 - s));
        }),
        2 => pairs.for_each(|(v, z)| *v *= 0.5 * (1.0 + erf(z * SQRT_HALF)) + z * 0.398_942_3 * exp(-0.5 * z * z)),
        3 => pairs.for_each(|(v, z)| {
            let t = tanh(*z);
            *v *= 1.0 - t * t;
        }),
        4 => pairs.for_each(|(v, z)| *v = if *z > 0.0 { *v } else { 0.0 }),
        _ => {}
    }
}

const SQRT_HALF: f32 = std::f32::consts::FRAC_1_SQRT_2;

/// `e^x` for |x| ≤ 87: x = n ln 2 + r with |r| ≤ ln 2 / 2, a polynomial in r, and n put into the exponent bits.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // NaN stays NaN: the trainer must see it.
    let x = if x > 87.0 { 87.0 } else { x };
    let x = if x < -87.0 { -87.0 } else { x };
    // Adding and taking away 1.5 · 2²³ rounds to the nearest integer without a branch, and leaves it in the low bits.
    let shifted = x * std::f32::consts::LOG2_E + 12_582_912.0;
    let n = shifted - 12_582_912.0;
    let r = (x - n * 0.693_359_4) + n * 2.121_944_4e-4;
    let p = ((((1.987_569_1e-4 * r + 1.398_199_9e-3) * r + 8.333_452e-3) * r + 4.166_579_6e-2) * r + 1.666_666_5e-1) * r + 0.5;
    let power = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    (p * r * r + r + 1.0) * power
}

#[inline(always)]
fn sigmoid(z: f32) -> f32 {
    1.0 / (1.0 + exp(-z))
}

#[inline(always)]
fn tanh(z: f32) -> f32 {
    // Near 0 the quotient below would cancel: there the odd series is exact to the last bits.
    let z2 = z * z;
    let series = z * (1.0 - z2 * (0.333_333_34 - z2 * (0.133_333_34 - z2 * 0.053_968_254)));
    let quotient = 1.0 - 2.0 / (exp(2.0 * z) + 1.0);
    if z2 < 0.01 { series } else { quotient }
}

/// Abramowitz & Stegun 7.1.26, as in the shader: within 1.5e-7.
#[inline(always)]
fn erf(z: f32) -> f32 {
    let t = 1.0 / (1.0 + 0.327_591_1 * z.abs());
    let p = ((((1.061_405_4 * t - 1.453_152) * t + 1.421_413_8) * t - 0.284_496_72) * t + 0.254_829_6) * t;
    (1.0 - p * exp(-z * z)).copysign(z)
}
