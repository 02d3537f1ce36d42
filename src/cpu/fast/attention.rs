//! Attention by matrix products, a head at a time: here the scores of one head are stored, since SIMD works on rows of them.
//!
//! They are kept as `[other token, own token]`, the own one being that of the row computed: the matrix product that sums over
//! the other tokens then reads its left operand column by column, which `matrixmultiply` packs faster than row by row.

use unnoise_simd::{exp_columns, exp_shifted, softmax_slope};

use super::gemm::{Gemm, Matrix};
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
    /// `products [T, T] ← factor · a bᵀ`.
    fn products(&self, factor: f32, a: &[f32], b: &[f32], products: &mut [f32]) -> Result<()> {
        let (t, d) = (self.tokens, self.head);
        let g = Gemm { m: t, k: d, n: t, alpha: factor };
        let mut s = crate::cpu::scratch::Scratch::default();
        g.run(
            Matrix::rows(&a[self.at..], self.stride),
            Matrix::columns(&b[self.at..], self.stride),
            (products, t),
            s.rooms(g.rooms()),
            |_, _| (),
        );
        Ok(())
    }

    /// `y ← factor · weightsᵀ x`.
    fn mix(&self, factor: f32, weights: &[f32], x: &[f32], y: &mut [f32]) -> Result<()> {
        let (t, d) = (self.tokens, self.head);
        let g = Gemm { m: t, k: t, n: d, alpha: factor };
        let mut s = crate::cpu::scratch::Scratch::default();
        g.run(
            Matrix::columns(weights, t),
            Matrix::rows(&x[self.at..], self.stride),
            (&mut y[self.at..], self.stride),
            s.rooms(g.rooms()),
            |_, _| (),
        );
        Ok(())
    }

    /// The row of token `i`.
    fn range(&self, i: usize) -> std::ops::Range<usize> {
        self.at + i * self.stride..self.at + i * self.stride + self.head
    }
}

/// See `src/cpu/attention.rs`.
pub(super) fn run(c: &mut Call<'_, f32>) -> Result<()> {
    let (q, k, v, y, tokens) = (c.input("q")?, c.input("k")?, c.input("v")?, c.output("y")?, c.u("tokens")?);
    let (mut scores, mut largest, mut sum) = (vec![0.0; tokens * tokens], vec![0.0; tokens], vec![0.0; tokens]);
    for_each_head(c, |h| {
        h.products(h.scale, k, q, &mut scores)?;
        exp_columns(&mut scores, &mut largest, &mut sum);
        h.mix(1.0, &scores, v, y)?;
        for (i, sum) in sum.iter().enumerate() {
            y[h.range(i)].iter_mut().for_each(|y| *y /= sum);
        }
        Ok(())
    })
}

/// See `src/cpu/attention_stats.rs`.
pub(super) fn run_stats(c: &mut Call<'_, f32>) -> Result<()> {
    let (q, k, y, dy, tokens) = (c.input("q")?, c.input("k")?, c.input("y")?, c.input("dy")?, c.u("tokens")?);
    let stats = c.output("stats")?;
    let (mut scores, mut largest, mut sum) = (vec![0.0; tokens * tokens], vec![0.0; tokens], vec![0.0; tokens]);
    for_each_head(c, |h| {
        h.products(h.scale, k, q, &mut scores)?;
        exp_columns(&mut scores, &mut largest, &mut sum);
        for (i, stats) in stats[2 * h.row..][..2 * tokens].chunks_exact_mut(2).enumerate() {
            let products = dy[h.range(i)].iter().zip(&y[h.range(i)]).map(|(dy, y)| dy * y);
            stats.copy_from_slice(&[largest[i] + sum[i].ln(), products.sum()]);
        }
        Ok(())
    })
}

/// See `src/cpu/attention_grad.rs`.
pub(super) fn run_grad(c: &mut Call<'_, f32>) -> Result<()> {
    let (by_query, with_slope, tokens) = (c.flag("BY_QUERY"), c.flag("SLOPE"), c.u("tokens")?);
    let (q, k, v, dy) = (c.input("q")?, c.input("k")?, c.input("v")?, c.input("dy")?);
    let (stats, dx) = (c.input("stats")?, c.output("dx")?);
    let (own_score, own_slope, other_score, other_slope) = if by_query { (q, dy, k, v) } else { (k, v, q, dy) };
    let mut weights = vec![0.0; tokens * tokens];
    let mut slopes = vec![0.0; if with_slope { tokens * tokens } else { 0 }];
    // For a row of the weights: the statistics of every query, or those of the one that it belongs to.
    let (mut log, mut mean) = (vec![0.0; tokens], vec![0.0; tokens]);
    for_each_head(c, |h| {
        let stats = &stats[2 * h.row..][..2 * tokens];
        for (i, stats) in stats.chunks_exact(2).enumerate() {
            (log[i], mean[i]) = (stats[0], stats[1]);
        }
        h.products(h.scale, other_score, own_score, &mut weights)?;
        if with_slope {
            h.products(1.0, other_slope, own_slope, &mut slopes)?;
        }
        for (j, row) in weights.chunks_exact_mut(tokens).enumerate() {
            if !by_query {
                log.fill(stats[2 * j]);
                mean.fill(stats[2 * j + 1]);
            }
            exp_shifted(row, &log);
            if with_slope {
                softmax_slope(row, &slopes[j * tokens..], &mean);
            }
        }
        if with_slope { h.mix(h.scale, &weights, other_score, dx) } else { h.mix(1.0, &weights, other_slope, dx) }
    })
}
