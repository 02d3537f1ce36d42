//! Activations four at a time: within 2e-7 of the twins.
//!
//! The vectors are explicit (crate `wide`), because a build for size turns no loop into SIMD by itself.

use wide::f32x4;

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

/// `y ← f(y)`.
pub(super) fn activate(kind: usize, y: &mut [f32]) {
    match kind {
        1 => each(y, |v| v * sigmoid(v)),
        2 => each(y, |v| v * 0.5 * (erf(v * SQRT_HALF) + 1.0)),
        3 => each(y, tanh),
        4 => each(y, |v| v.max(f32x4::ZERO)),
        _ => {}
    }
}

/// `y ← y · f'(z)`.
pub(super) fn multiply_by_slope(kind: usize, z: &[f32], y: &mut [f32]) {
    match kind {
        1 => each_with(y, z, |v, z| {
            let s = sigmoid(z);
            v * s * (z * (f32x4::ONE - s) + 1.0)
        }),
        2 => each_with(y, z, |v, z| v * ((erf(z * SQRT_HALF) + 1.0) * 0.5 + z * exp(z * z * -0.5) * 0.398_942_3)),
        3 => each_with(y, z, |v, z| {
            let t = tanh(z);
            v * (f32x4::ONE - t * t)
        }),
        4 => each_with(y, z, |v, z| f32x4::ZERO.simd_lt(z).select(v, f32x4::ZERO)),
        _ => {}
    }
}

const SQRT_HALF: f32 = std::f32::consts::FRAC_1_SQRT_2;

/// Applies `f` to four values at a time; the last few are filled up with zeros.
#[inline(always)]
fn each(y: &mut [f32], f: impl Fn(f32x4) -> f32x4) {
    let (quads, rest) = y.as_chunks_mut::<4>();
    for quad in quads {
        *quad = f(f32x4::new(*quad)).to_array();
    }
    let mut last = [0.0; 4];
    last[..rest.len()].copy_from_slice(rest);
    rest.copy_from_slice(&f(f32x4::new(last)).to_array()[..rest.len()]);
}

/// As [`each`], with the values of `z` beside those of `y`.
#[inline(always)]
fn each_with(y: &mut [f32], z: &[f32], f: impl Fn(f32x4, f32x4) -> f32x4) {
    let (quads, rest) = y.as_chunks_mut::<4>();
    let (z_quads, z_rest) = z.as_chunks::<4>();
    for (quad, z) in quads.iter_mut().zip(z_quads) {
        *quad = f(f32x4::new(*quad), f32x4::new(*z)).to_array();
    }
    let (mut last, mut z_last) = ([0.0; 4], [0.0; 4]);
    last[..rest.len()].copy_from_slice(rest);
    z_last[..rest.len()].copy_from_slice(&z_rest[..rest.len()]);
    rest.copy_from_slice(&f(f32x4::new(last), f32x4::new(z_last)).to_array()[..rest.len()]);
}

/// `e^x` for |x| ≤ 87: x = n ln 2 + r with |r| ≤ ln 2 / 2, a polynomial in r, and n put into the exponent bits.
#[inline(always)]
fn exp(x: f32x4) -> f32x4 {
    let x = x.max(f32x4::splat(-87.0)).min(f32x4::splat(87.0));
    // Adding and taking away 1.5 · 2²³ rounds to the nearest integer, and leaves that integer in the low bits.
    let shifted = x * std::f32::consts::LOG2_E + 12_582_912.0;
    let n = shifted - 12_582_912.0;
    let r = (x - n * 0.693_359_4) + n * 2.121_944_4e-4;
    let p = ((((r * 1.987_569_1e-4 + 1.398_199_9e-3) * r + 8.333_452e-3) * r + 4.166_579_6e-2) * r + 1.666_666_5e-1) * r + 0.5;
    let bits: wide::i32x4 = bytemuck::cast(shifted);
    let power: f32x4 = bytemuck::cast((bits + wide::i32x4::splat(127)) << 23);
    (p * r * r + r + 1.0) * power
}

#[inline(always)]
fn sigmoid(z: f32x4) -> f32x4 {
    f32x4::ONE / (exp(-z) + 1.0)
}

#[inline(always)]
fn tanh(z: f32x4) -> f32x4 {
    // Near 0 the quotient below would cancel: there the odd series is exact to the last bits.
    let z2 = z * z;
    let series = z * (f32x4::ONE - z2 * (f32x4::splat(0.333_333_34) - z2 * (f32x4::splat(0.133_333_34) - z2 * 0.053_968_254)));
    let quotient = f32x4::ONE - f32x4::splat(2.0) / (exp(z.max(f32x4::splat(-20.0)).min(f32x4::splat(20.0)) * 2.0) + 1.0);
    z2.simd_lt(f32x4::splat(0.01)).select(series, quotient)
}

/// Abramowitz & Stegun 7.1.26, as in the shader.
#[inline(always)]
fn erf(z: f32x4) -> f32x4 {
    let t = f32x4::ONE / (z.abs() * 0.327_591_1 + 1.0);
    let p = ((((t * 1.061_405_4 - 1.453_152) * t + 1.421_413_8) * t - 0.284_496_72) * t + 0.254_829_6) * t;
    (f32x4::ONE - p * exp(-(z * z))).copysign(z)
}

#[cfg(test)]
mod tests {
    use crate::cpu::activate::activate as twin;
    use crate::cpu::activate_grad::slope as twin_slope;

    #[test]
    fn close_to_the_twins_everywhere() {
        for kind in 0..=4 {
            let z: Vec<f32> = (-4000..=4001).map(|i| i as f32 * 0.025).collect();
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
