//! Sums of squares, `y[g] = Σ x²` over the `g`-th share of `x`.

use super::{Call, Real};
use crate::Result;

/// See `shaders/square_sums.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (n, share) = (c.u("n")?, c.u("share")?);
    let (x, y) = (c.input("x")?, c.output("y")?);
    for g in 0..y.len() {
        let mut sum = F::default();
        for value in &x[(g * share).min(n)..((g + 1) * share).min(n)] {
            sum += *value * *value;
        }
        y[g] = sum;
    }
    Ok(())
}
