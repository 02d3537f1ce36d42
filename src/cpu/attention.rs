//! Multi-head attention: `y_i = Σ_j softmax_j(q_i · k_j / √HEAD) v_j` within each head.

use super::{Call, Real};
use crate::Result;

/// See `shaders/attention.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let rows = Rows::of(c)?;
    let (scale, q, k, v, y) = (F::of(c.f("scale")?), c.input("q")?, c.input("k")?, c.input("v")?, c.output("y")?);
    let mut lse = if c.flag("LSE") { Some(c.output("lse")?) } else { None };
    for thread in 0..q.len() / rows.head {
        let (first, own) = rows.at(thread);
        let mut scores = vec![F::default(); rows.tokens];
        for j in 0..rows.tokens {
            scores[j] = scale * dot(&q[own..][..rows.head], &k[first + j * rows.stride..]);
        }
        let largest = scores.iter().fold(scores[0], |a, b| if *b > a { *b } else { a });
        let mut total = F::default();
        for score in &mut scores {
            *score = (*score - largest).exp();
            total += *score;
        }
        for e in 0..rows.head {
            let mut sum = F::default();
            for j in 0..rows.tokens {
                sum += scores[j] * v[first + j * rows.stride + e];
            }
            y[own + e] = sum / total;
        }
        if let Some(lse) = &mut lse {
            lse[thread] = largest + total.ln();
        }
    }
    Ok(())
}

/// Where the rows of `[batch, tokens, heads, HEAD]` lie: see `shaders/lib/heads.wgsl`.
pub(super) struct Rows {
    pub(super) tokens: usize,
    pub(super) head: usize,
    /// From a row to that of the next token.
    pub(super) stride: usize,
    heads: usize,
}

impl Rows {
    pub(super) fn of<F>(c: &Call<'_, F>) -> Result<Self> {
        let (tokens, heads, head) = (c.u("tokens")?, c.u("heads")?, c.u("HEAD")?);
        Ok(Rows { tokens, head, stride: heads * head, heads })
    }

    /// The first token's row, and its own, for thread `i` of `[batch, heads, tokens]`.
    pub(super) fn at(&self, i: usize) -> (usize, usize) {
        let pair = i / self.tokens;
        let first = (pair / self.heads) * self.tokens * self.stride + (pair % self.heads) * self.head;
        (first, first + (i % self.tokens) * self.stride)
    }
}

/// Inner product over the length of `a`.
pub(super) fn dot<F: Real>(a: &[F], b: &[F]) -> F {
    a.iter().zip(b).fold(F::default(), |sum, (a, b)| sum + *a * *b)
}
