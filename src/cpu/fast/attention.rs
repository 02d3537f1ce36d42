//! Attention by matrix products, a head at a time: here the scores of one head are stored, since SIMD works on rows of them.

use unnoise_simd::{dot, exp_shifted, log_sum_exp, softmax, softmax_slope};

use super::gemm::gemm;
use crate::Result;
use crate::cpu::Call;

/// Extents of one head, and where it starts in `[batch, tokens, heads, HEAD]`.
struct Head {
    tokens: usize,
    head: usize,
    /// From a row to that of the next token.
    stride: usize,
    scale: f32,
    /// First element.
    at: usize,
    /// First row in `[batch, heads, tokens]`.
    row: usize,
}

/// Calls `work` for every head of every batch entry.
fn for_each_head(c: &Call<'_, f32>, mut work: impl FnMut(&Head) -> Result<()>) -> Result<()> {
    let (tokens, heads, head, scale) = (c.u("tokens")?, c.u("heads")?, c.u("HEAD")?, c.f("scale")? as f32);
    let stride = heads * head;
    for pair in 0..c.u("n")? / tokens {
        let at = (pair / heads) * tokens * stride + (pair % heads) * head;
        work(&Head { tokens, head, stride, scale, at, row: pair * tokens })?;
    }
    Ok(())
}

impl Head {
    /// `scores [T, T] ← factor · a bᵀ`.
    fn products(&self, factor: f32, a: &[f32], b: &[f32], scores: &mut [f32]) -> Result<()> {
        let (t, d) = (self.tokens, self.head);
        gemm(t, d, t, factor, &a[self.at..], (self.stride, 1), &b[self.at..], (1, self.stride), 0.0, scores, (t, 1))
    }

    /// `y ← factor · weights · x`, the weights `[T, T]` read by these strides.
    fn mix(&self, factor: f32, weights: &[f32], strides: (usize, usize), x: &[f32], y: &mut [f32]) -> Result<()> {
        let (t, d) = (self.tokens, self.head);
        gemm(t, t, d, factor, weights, strides, &x[self.at..], (self.stride, 1), 0.0, &mut y[self.at..], (self.stride, 1))
    }
}

/// See `src/cpu/attention.rs`.
pub(super) fn run(c: &mut Call<'_, f32>) -> Result<()> {
    let (q, k, v, y, tokens) = (c.input("q")?, c.input("k")?, c.input("v")?, c.output("y")?, c.u("tokens")?);
    let mut scores = vec![0.0; tokens * tokens];
    for_each_head(c, |h| {
        h.products(h.scale, q, k, &mut scores)?;
        scores.chunks_exact_mut(tokens).for_each(softmax);
        h.mix(1.0, &scores, (tokens, 1), v, y)
    })
}

/// See `src/cpu/attention_stats.rs`.
pub(super) fn run_stats(c: &mut Call<'_, f32>) -> Result<()> {
    let (q, k, y, dy, tokens) = (c.input("q")?, c.input("k")?, c.input("y")?, c.input("dy")?, c.u("tokens")?);
    let stats = c.output("stats")?;
    let mut scores = vec![0.0; tokens * tokens];
    for_each_head(c, |h| {
        h.products(h.scale, q, k, &mut scores)?;
        let stats = stats[2 * h.row..].chunks_exact_mut(2);
        for (i, (row, stats)) in scores.chunks_exact_mut(tokens).zip(stats).enumerate() {
            let own = h.at + i * h.stride..h.at + i * h.stride + h.head;
            stats.copy_from_slice(&[log_sum_exp(row), dot(&dy[own.clone()], &y[own])]);
        }
        Ok(())
    })
}

/// See `src/cpu/attention_grad.rs`.
pub(super) fn run_grad(c: &mut Call<'_, f32>) -> Result<()> {
    let (by_query, with_slope, tokens) = (c.flag("BY_QUERY"), c.flag("SLOPE"), c.u("tokens")?);
    let (q, k, v, dy) = (c.input("q")?, c.input("k")?, c.input("v")?, c.input("dy")?);
    let (stats, dx) = (c.input("stats")?, c.output("dx")?);
    let mut weights = vec![0.0; tokens * tokens];
    let mut slopes = if with_slope { vec![0.0; tokens * tokens] } else { Vec::new() };
    for_each_head(c, |h| {
        let stats = stats[2 * h.row..].chunks_exact(2);
        h.products(h.scale, q, k, &mut weights)?;
        if with_slope {
            h.products(1.0, dy, v, &mut slopes)?;
        }
        for (i, (row, stats)) in weights.chunks_exact_mut(tokens).zip(stats).enumerate() {
            exp_shifted(row, stats[0]);
            if with_slope {
                softmax_slope(row, &slopes[i * tokens..], stats[1]);
            }
        }
        // Rows of the weights are queries, their columns keys.
        match (by_query, with_slope) {
            (true, _) => h.mix(h.scale, &weights, (tokens, 1), k, dx),
            (false, true) => h.mix(h.scale, &weights, (1, tokens), q, dx),
            (false, false) => h.mix(1.0, &weights, (1, tokens), dy, dx),
        }
    })
}
