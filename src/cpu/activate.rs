//! Activation `y = f(z)`, elementwise.

use super::{Call, Real};
use crate::Result;

/// See `shaders/activate.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (kind, z, y) = (c.u("KIND")?, c.input("z")?, c.output("y")?);
    for i in 0..c.u("n")? {
        y[i] = activate(kind, z[i]);
    }
    Ok(())
}

/// `f(z)` for the shader's kinds.
pub(super) fn activate<F: Real>(kind: usize, z: F) -> F {
    match kind {
        1 => z * sigmoid(z),
        2 => F::of(0.5) * z * (F::of(1.0) + (z * F::of(std::f64::consts::FRAC_1_SQRT_2)).erf()),
        3 => z.tanh(),
        4 if z < F::default() => F::default(),
        _ => z,
    }
}

pub(super) fn sigmoid<F: Real>(z: F) -> F {
    F::of(1.0) / (F::of(1.0) + (-z).exp())
}
