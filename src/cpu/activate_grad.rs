//! Backward pass of an activation: `dz = dy · f'(z)`, elementwise.

use super::{Call, Real, activate::sigmoid};
use crate::Result;

/// See `shaders/activate_grad.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (kind, dy, z, dz) = (c.u("KIND")?, c.input("dy")?, c.input("z")?, c.output("dz")?);
    for i in 0..c.u("n")? {
        dz[i] = dy[i] * slope(kind, z[i]);
    }
    Ok(())
}

/// `f'(z)` for the shader's kinds.
pub(super) fn slope<F: Real>(kind: usize, z: F) -> F {
    let one = F::of(1.0);
    match kind {
        1 => {
            let s = sigmoid(z);
            s * (one + z * (one - s))
        }
        2 => {
            let density = F::of(0.398_942_280_401_432_7) * (F::of(-0.5) * z * z).exp();
            F::of(0.5) * (one + (z * F::of(std::f64::consts::FRAC_1_SQRT_2)).erf()) + z * density
        }
        3 => {
            let y = z.tanh();
            one - y * y
        }
        4 if z > F::default() => one,
        4 => F::default(),
        _ => one,
    }
}
