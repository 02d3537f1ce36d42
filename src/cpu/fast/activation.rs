//! Activations by the loops of `unnoise-simd`: within 4e-7 of the twins.

use crate::Result;
use crate::cpu::Call;

/// See `src/cpu/activate.rs`.
pub(super) fn run(c: &mut Call<'_, f32>) -> Result<()> {
    let (kind, z, y) = (c.u("KIND")?, c.input("z")?, c.output("y")?);
    y.copy_from_slice(&z[..y.len()]);
    unnoise_simd::activate(kind, y);
    Ok(())
}

/// See `src/cpu/activate_grad.rs`.
pub(super) fn run_grad(c: &mut Call<'_, f32>) -> Result<()> {
    let (kind, dy, z, dz) = (c.u("KIND")?, c.input("dy")?, c.input("z")?, c.output("dz")?);
    dz.copy_from_slice(&dy[..dz.len()]);
    unnoise_simd::multiply_by_slope(kind, z, dz);
    Ok(())
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
            unnoise_simd::activate(kind, &mut y);
            let mut slopes = vec![1.0; z.len()];
            unnoise_simd::multiply_by_slope(kind, &z, &mut slopes);
            for ((z, y), slope) in z.iter().zip(y).zip(slopes) {
                let (want, want_slope): (f64, f64) = (twin(kind, f64::from(*z)), twin_slope(kind, f64::from(*z)));
                assert!((f64::from(y) - want).abs() <= 4e-7 * (1.0 + want.abs()), "kind {kind}, f({z}) = {y}, want {want}");
                assert!((f64::from(slope) - want_slope).abs() <= 1e-6, "kind {kind}, f'({z}) = {slope}, want {want_slope}");
            }
        }
    }

    #[test]
    fn nan_stays_nan() {
        for kind in 1..=4 {
            let mut y = [f32::NAN; 5];
            unnoise_simd::activate(kind, &mut y);
            assert!(y.iter().all(|v| v.is_nan()), "kind {kind}");
        }
    }
}
