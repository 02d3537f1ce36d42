//! What the derivatives of attention need of each query: `log Σ_j exp(q_i · k_j / √HEAD)` and `dy_i · y_i`.

use super::attention::{Rows, dot};
use super::{Call, Real};
use crate::Result;

/// See `shaders/attention_stats.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let rows = Rows::of(c)?;
    let (scale, q, k) = (F::of(c.f("scale")?), c.input("q")?, c.input("k")?);
    let (y, dy, stats) = (c.input("y")?, c.input("dy")?, c.output("stats")?);
    for thread in 0..c.u("n")? {
        let (first, own) = rows.at(thread);
        let score = |j: usize| scale * dot(&q[own..][..rows.head], &k[first + j * rows.stride..]);
        let largest = (1..rows.tokens).map(score).fold(score(0), |a, b| if b > a { b } else { a });
        let mut total = F::default();
        for j in 0..rows.tokens {
            total += (score(j) - largest).exp();
        }
        stats[2 * thread] = largest + total.ln();
        stats[2 * thread + 1] = dot(&dy[own..][..rows.head], &y[own..]);
    }
    Ok(())
}
