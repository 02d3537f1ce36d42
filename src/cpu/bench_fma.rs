//! Arithmetic alone: eight chains of `a ← m a + b` per number.

use super::{Call, Real};
use crate::Result;

/// Steps of a chain per round.
const STEPS: usize = 8;

/// See `shaders/bench_fma.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (m, b, rounds) = (F::of(c.f("m")?), F::of(c.f("b")?), c.u("rounds")?);
    let (x, y) = (c.input("x")?, c.output("y")?);
    for i in 0..c.u("n")? {
        y[i] = F::default();
        for chain in 0..8 {
            let mut a = x[i] + F::of(f64::from(chain));
            for _ in 0..STEPS * rounds {
                a = m * a + b;
            }
            y[i] += a;
        }
    }
    Ok(())
}
