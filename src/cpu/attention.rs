//! Multi-head attention: `y_i = Σ_j softmax_j(q_i · k_j / √HEAD) v_j` within each head.

use super::{Call, Real};
use crate::Result;

/// See `shaders/attention.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let rows = Rows::of(c)?;
    let (scale, qkv, y) = (F::of(c.f("scale")?), c.input("qkv")?, c.output("y")?);
    let mut lse = if c.flag("LSE") { Some(c.output("lse")?) } else { None };
    for thread in 0..y.len() / rows.head {
        let (pair, token) = (thread / rows.tokens, thread % rows.tokens);
        let [query, ..] = rows.qkv(pair, token);
        let mut scores = vec![F::default(); rows.tokens];
        for j in 0..rows.tokens {
            let [_, key, _] = rows.qkv(pair, j);
            scores[j] = scale * dot(&qkv[query..][..rows.head], &qkv[key..]);
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
                let [.., value] = rows.qkv(pair, j);
                sum += scores[j] * qkv[value + e];
            }
            y[rows.result(pair, token) + e] = sum / total;
        }
        if let Some(lse) = &mut lse {
            lse[thread] = largest + total.ln();
        }
    }
    Ok(())
}

/// Where rows of `HEAD` numbers lie: see `shaders/lib/heads.wgsl`.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    pub(super) tokens: usize,
    pub(super) head: usize,
    heads: usize,
}

impl Rows {
    pub(super) fn of<F>(c: &Call<'_, F>) -> Result<Self> {
        Ok(Rows { tokens: c.u("tokens")?, heads: c.u("heads")?, head: c.u("HEAD")? })
    }

    /// From a row of a result to that of the next token; in `qkv`, from a query to its key, and from that to its value.
    pub(super) fn stride(&self) -> usize {
        self.heads * self.head
    }

    /// A token's row in a result `[batch, tokens, heads, HEAD]`; `pair` counts heads through the batch.
    pub(super) fn result(&self, pair: usize, token: usize) -> usize {
        ((pair / self.heads) * self.tokens + token) * self.stride() + (pair % self.heads) * self.head
    }

    /// A token's query, key and value in `qkv [batch, tokens, 3, heads, HEAD]`.
    pub(super) fn qkv(&self, pair: usize, token: usize) -> [usize; 3] {
        let query = ((pair / self.heads) * self.tokens + token) * 3 * self.stride() + (pair % self.heads) * self.head;
        [query, query + self.stride(), query + 2 * self.stride()]
    }
}

/// Inner product over the length of `a`.
pub(super) fn dot<F: Real>(a: &[F], b: &[F]) -> F {
    a.iter().zip(b).fold(F::default(), |sum, (a, b)| sum + *a * *b)
}
