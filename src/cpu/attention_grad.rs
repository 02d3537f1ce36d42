//! Derivative of attention by `q`, `k` or `v`, from the statistics of each query.

use super::attention::{Rows, dot};
use super::{Call, Real};
use crate::Result;

/// See `shaders/attention_grad.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (rows, by_query, with_slope) = (Rows::of(c)?, c.flag("BY_QUERY"), c.flag("SLOPE"));
    let (scale, stats, dx) = (F::of(c.f("scale")?), c.input("stats")?, c.output("dx")?);
    let (q, k, v, dy) = (c.input("q")?, c.input("k")?, c.input("v")?, c.input("dy")?);
    // A side has a row in the scores' product, and one in the slopes'.
    let (own_score, own_slope, other_score, other_slope) = if by_query { (q, dy, k, v) } else { (k, v, q, dy) };
    for thread in 0..c.u("n")? {
        let (first, own) = rows.at(thread);
        let dx = &mut dx[own..][..rows.head];
        dx.fill(F::default());
        for j in 0..rows.tokens {
            let other = first + j * rows.stride;
            let score = scale * dot(&own_score[own..][..rows.head], &other_score[other..]);
            let of_query = if by_query { thread } else { thread - thread % rows.tokens + j };
            let mut weight = (score - stats[2 * of_query]).exp();
            if with_slope {
                let slope = dot(&own_slope[own..][..rows.head], &other_slope[other..]);
                weight *= scale * (slope - stats[2 * of_query + 1]);
            }
            let row = if with_slope { other_score } else { other_slope };
            for e in 0..rows.head {
                dx[e] += weight * row[other + e];
            }
        }
    }
    Ok(())
}
