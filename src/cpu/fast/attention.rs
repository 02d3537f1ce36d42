//! Attention by matrix products, a head at a time: here the scores of one head are stored, since SIMD works on rows of them.
//!
//! They are kept as `[key, query]`, so that what belongs to each query is added up over rows, side by side.

use unnoise_simd::{exp_columns, exp_shifted, softmax_slope};

use super::gemm::{Gemm, Matrix};
use crate::Result;
use crate::cpu::Call;

/// Extents of every head in `[batch, tokens, heads, HEAD]`.
#[derive(Clone, Copy)]
struct Heads {
    tokens: usize,
    head: usize,
    /// From a row to that of the next token.
    stride: usize,
    /// Heads of all batch entries.
    pairs: usize,
    scale: f32,
}

impl Heads {
    fn of(c: &Call<'_, f32>, elements: usize) -> Result<Self> {
        let (tokens, heads, head, scale) = (c.u("tokens")?, c.u("heads")?, c.u("HEAD")?, c.f("scale")? as f32);
        Ok(Heads { tokens, head, stride: heads * head, pairs: elements / (tokens * head), scale })
    }

    /// First element of a head.
    fn start(&self, pair: usize) -> usize {
        let heads = self.stride / self.head;
        (pair / heads) * self.tokens * self.stride + (pair % heads) * self.head
    }

    /// Products of all pairs of rows, and of the rows with weights.
    fn gemms(&self) -> [Gemm; 2] {
        let (t, d) = (self.tokens, self.head);
        [Gemm { m: t, k: d, n: t, alpha: 1.0 }, Gemm { m: t, k: t, n: d, alpha: 1.0 }]
    }

    /// Floats of the rooms that either product wants.
    fn rooms(&self) -> [usize; 2] {
        let [a, b] = self.gemms().map(|gemm| gemm.rooms());
        [a[0].max(b[0]), a[1].max(b[1])]
    }

    /// `products [T, T] ← factor · a bᵀ`, of rows that begin at `a` and `b`.
    fn products(&self, factor: f32, a: &[f32], b: &[f32], products: &mut [f32], rooms: [&mut [f32]; 2]) {
        let gemm = Gemm { alpha: factor, ..self.gemms()[0] };
        gemm.run(Matrix::rows(a, self.stride), Matrix::columns(b, self.stride), (products, self.tokens), rooms, |_, _| ());
    }

    /// `y ← factor · weights x`.
    fn mix(&self, factor: f32, weights: Matrix<'_>, x: &[f32], y: &mut [f32], rooms: [&mut [f32]; 2]) {
        let gemm = Gemm { alpha: factor, ..self.gemms()[1] };
        gemm.run(weights, Matrix::rows(x, self.stride), (y, self.stride), rooms, |_, _| ());
    }

    /// The row of token `i` of a head that begins at `start`.
    fn row(&self, start: usize, i: usize) -> std::ops::Range<usize> {
        start + i * self.stride..start + i * self.stride + self.head
    }
}

/// See `src/cpu/attention.rs`.
pub(super) fn run(c: &mut Call<'_, f32>) -> Result<()> {
    let (q, k, v, y) = (c.input("q")?, c.input("k")?, c.input("v")?, c.output("y")?);
    let mut logarithms = if c.flag("LSE") { Some(c.output("lse")?) } else { None };
    let heads = Heads::of(c, q.len())?;
    let (tokens, [left, right]) = (heads.tokens, heads.rooms());
    let [scores, largest, sum, left, right] = c.scratch()?.rooms([tokens * tokens, tokens, tokens, left, right]);
    for pair in 0..heads.pairs {
        let start = heads.start(pair);
        heads.products(heads.scale, &k[start..], &q[start..], scores, [left, right]);
        exp_columns(scores, largest, sum);
        heads.mix(1.0, Matrix::columns(scores, tokens), &v[start..], &mut y[start..], [left, right]);
        for (i, sum) in sum.iter().enumerate() {
            let factor = 1.0 / sum;
            y[heads.row(start, i)].iter_mut().for_each(|y| *y *= factor);
        }
        if let Some(logarithms) = &mut logarithms {
            let row = logarithms[pair * tokens..][..tokens].iter_mut();
            row.zip(largest.iter().zip(sum.iter())).for_each(|(to, (largest, sum))| *to = largest + sum.ln());
        }
    }
    Ok(())
}

/// See `src/cpu/attention_grad.rs`.
pub(super) fn run_grad(c: &mut Call<'_, f32>) -> Result<()> {
    let (q, k, v, y, dy) = (c.input("q")?, c.input("k")?, c.input("v")?, c.input("y")?, c.input("dy")?);
    let (logarithms, part, gradients) = (c.input("lse")?, c.u("part")?, c.output("dqkv")?);
    let (dq, rest) = gradients.split_at_mut(part);
    let (dk, dv) = rest.split_at_mut(part);
    let heads = Heads::of(c, q.len())?;
    let (tokens, [left, right]) = (heads.tokens, heads.rooms());
    let [weights, slopes, mean, left, right] = c.scratch()?.rooms([tokens * tokens, tokens * tokens, tokens, left, right]);
    for pair in 0..heads.pairs {
        let start = heads.start(pair);
        for (i, mean) in mean.iter_mut().enumerate() {
            let row = heads.row(start, i);
            *mean = dy[row.clone()].iter().zip(&y[row]).map(|(dy, y)| dy * y).sum();
        }
        heads.products(heads.scale, &k[start..], &q[start..], weights, [left, right]);
        let logarithms = &logarithms[pair * tokens..][..tokens];
        weights.chunks_exact_mut(tokens).for_each(|row| exp_shifted(row, logarithms));
        heads.mix(1.0, Matrix::rows(weights, tokens), &dy[start..], &mut dv[start..], [left, right]);
        heads.products(1.0, &v[start..], &dy[start..], slopes, [left, right]);
        let rows = weights.chunks_exact_mut(tokens).zip(slopes.chunks_exact(tokens));
        rows.for_each(|(row, slopes)| softmax_slope(row, slopes, mean));
        heads.mix(heads.scale, Matrix::columns(weights, tokens), &k[start..], &mut dq[start..], [left, right]);
        heads.mix(heads.scale, Matrix::rows(weights, tokens), &q[start..], &mut dk[start..], [left, right]);
    }
    Ok(())
}
