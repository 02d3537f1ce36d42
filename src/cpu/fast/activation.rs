//! Activations as straight-line arithmetic that the compiler turns into SIMD: within 2e-7 of the twins.

use crate::Result;
use crate::cpu::Call;

/// See `src/cpu/activate.rs`.
pub(super) fn run(c: &mut Call<'_, f32>) -> Result<()> {
    let (kind, z, y) = (c.u("KIND")?, c.input("z")?, c.output("y")?);
    y.copy_from_slice(&z[..y.len()]);
    activate(kind, y);
    Ok(())
}

/// See `src/cpu/activate_grad.rs`.
pub(super) fn run_grad(c: &mut Call<'_, f32>) -> Result<()> {
    let (kind, dy, z, dz) = (c.u("KIND")?, c.input("dy")?, c.input("z")?, c.output("dz")?);
    dz.copy_from_slice(&dy[..dz.len()]);
    multiply_by_slope(kind, z, dz);
    Ok(())
}

/// `e^x` for |x| < 87: x = n ln 2 + r with |r| ≤ ln 2 / 2, a polynomial in r, and n put into the exponent bits.
#[inline(always)]
fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.0, 87.0);
    // Adding and taking away 1.5 · 2²³ rounds to the nearest integer without a branch.
    const ROUND: f32 = 12_582_912.0;
    let n = (x * std::f32::consts::LOG2_E + ROUND) - ROUND;
    let r = (x - n * 0.693_359_4) + n * 2.121_944_4e-4;
    let p = ((((1.987_569_1e-4 * r + 1.398_199_9e-3) * r + 8.333_452e-3) * r + 4.166_579_6e-2) * r + 1.666_666_5e-1) * r + 0.5;
    let exponent = ((n as i32) + 127) << 23;
    (p * r * r + r + 1.0) * f32::from_bits(exponent as u32)
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
    let quotient = 1.0 - 2.0 / (exp(2.0 * z.clamp(-20.0, 20.0)) + 1.0);
    if z2 < 0.01 { series } else { quotient }
}

/// Abramowitz & Stegun 7.1.26, as in the shader.
#[inline(always)]
fn erf(z: f32) -> f32 {
    let t = 1.0 / (1.0 + 0.327_591_1 * z.abs());
    let p = ((((1.061_405_4 * t - 1.453_152) * t + 1.421_413_8) * t - 0.284_496_72) * t + 0.254_829_6) * t;
    (1.0 - p * exp(-z * z)).copysign(z)
}

const SQRT_HALF: f32 = std::f32::consts::FRAC_1_SQRT_2;

/// `y ← f(y)`.
pub(super) fn activate(kind: usize, y: &mut [f32]) {
    match kind {
        1 => y.iter_mut().for_each(|v| *v *= sigmoid(*v)),
        2 => y.iter_mut().for_each(|v| *v *= 0.5 * (1.0 + erf(*v * SQRT_HALF))),
        3 => y.iter_mut().for_each(|v| *v = tanh(*v)),
        4 => y.iter_mut().for_each(|v| *v = v.max(0.0)),
        _ => {}
    }
}

/// `y ← y · f'(z)`.
pub(super) fn multiply_by_slope(kind: usize, z: &[f32], y: &mut [f32]) {
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

#[cfg(test)]
mod tests {
    use crate::cpu::activate::activate as twin;
    use crate::cpu::activate_grad::slope as twin_slope;

    #[test]
    fn close_to_the_twins_everywhere() {
        for kind in 0..=4 {
            let z: Vec<f32> = (-4000..=4000).map(|i| i as f32 * 0.025).collect();
            let mut y = z.clone();
            super::activate(kind, &mut y);
            let mut slopes = vec![1.0; z.len()];
            super::multiply_by_slope(kind, &z, &mut slopes);
            for ((z, y), slope) in z.iter().zip(y).zip(slopes) {
                let (want, want_slope): (f64, f64) = (twin(kind, f64::from(*z)), twin_slope(kind, f64::from(*z)));
                assert!((f64::from(y) - want).abs() <= 4e-7 * (1.0 + want.abs()), "kind {kind}, f({z}) = {y}, want {want}");
                assert!((f64::from(slope) - want_slope).abs() <= 1e-6, "kind {kind}, f'({z}) = {slope}, want {want_slope}");
            }
        }
    }
}
