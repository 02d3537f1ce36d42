//! Attention by matrix products, a head at a time: here the scores of one head are stored, since SIMD works on rows of them.
//!
//! They are kept as `[key, query]`, so that what belongs to each query is added up over rows, side by side.

use unnoise_simd::{exp_columns, exp_shifted, softmax_slope};

use super::gemm::{Gemm, Matrix};
use crate::Result;
use crate::cpu::Call;
use crate::cpu::attention::Rows;

/// Rows of every head, and what is done with them.
#[derive(Clone, Copy)]
struct Heads {
    rows: Rows,
    /// Heads of all batch entries.
    pairs: usize,
    scale: f32,
}

/// Rows of one head: the first number, and from each row to the next.
#[derive(Clone, Copy)]
struct Strided<'a>(&'a [f32], usize);

impl Heads {
    fn of(c: &Call<'_, f32>, results: usize) -> Result<Self> {
        let rows = Rows::of(c)?;
        Ok(Heads { rows, pairs: results / (rows.tokens * rows.head), scale: c.f("scale")? as f32 })
    }

    /// Products of all pairs of rows, and of the rows with weights.
    fn gemms(&self) -> [Gemm; 2] {
        let (t, d) = (self.rows.tokens, self.rows.head);
        [Gemm { m: t, k: d, n: t, alpha: 1.0 }, Gemm { m: t, k: t, n: d, alpha: 1.0 }]
    }

    /// Floats of the rooms that either product wants.
    fn rooms(&self) -> [usize; 2] {
        let [a, b] = self.gemms().map(|gemm| gemm.rooms());
        [a[0].max(b[0]), a[1].max(b[1])]
    }

    /// A head's queries, keys and values.
    fn qkv<'a>(&self, qkv: &'a [f32], pair: usize) -> [Strided<'a>; 3] {
        self.rows.qkv(pair, 0).map(|at| Strided(&qkv[at..], 3 * self.rows.stride()))
    }

    /// A head's rows of a result.
    fn result<'a>(&self, y: &'a [f32], pair: usize) -> Strided<'a> {
        Strided(&y[self.rows.result(pair, 0)..], self.rows.stride())
    }

    /// `products [T, T] ← factor · a bᵀ`.
    fn products(&self, factor: f32, a: Strided<'_>, b: Strided<'_>, products: &mut [f32], rooms: [&mut [f32]; 2]) {
        let gemm = Gemm { alpha: factor, ..self.gemms()[0] };
        gemm.run(Matrix::rows(a.0, a.1), Matrix::columns(b.0, b.1), (products, self.rows.tokens), rooms, |_, _| ());
    }

    /// `y ← factor · weights x`, into rows so far apart.
    fn mix(&self, factor: f32, weights: Matrix<'_>, x: Strided<'_>, y: (&mut [f32], usize), rooms: [&mut [f32]; 2]) {
        let gemm = Gemm { alpha: factor, ..self.gemms()[1] };
        gemm.run(weights, Matrix::rows(x.0, x.1), y, rooms, |_, _| ());
    }
}

/// See `src/cpu/attention.rs`.
pub(super) fn run(c: &mut Call<'_, f32>) -> Result<()> {
    let (qkv, y) = (c.input("qkv")?, c.output("y")?);
    let mut logarithms = if c.flag("LSE") { Some(c.output("lse")?) } else { None };
    let heads = Heads::of(c, y.len())?;
    let (rows, tokens, [left, right]) = (heads.rows, heads.rows.tokens, heads.rooms());
    let [scores, largest, sum, left, right] = c.scratch()?.rooms([tokens * tokens, tokens, tokens, left, right]);
    for pair in 0..heads.pairs {
        let [q, k, v] = heads.qkv(qkv, pair);
        heads.products(heads.scale, k, q, scores, [left, right]);
        exp_columns(scores, largest, sum);
        let out = &mut y[rows.result(pair, 0)..];
        heads.mix(1.0, Matrix::columns(scores, tokens), v, (out, rows.stride()), [left, right]);
        for (i, sum) in sum.iter().enumerate() {
            let factor = 1.0 / sum;
            y[rows.result(pair, i)..][..rows.head].iter_mut().for_each(|y| *y *= factor);
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
    let (qkv, y, dy) = (c.input("qkv")?, c.input("y")?, c.input("dy")?);
    let (logarithms, dqkv) = (c.input("lse")?, c.output("dqkv")?);
    let heads = Heads::of(c, y.len())?;
    let (rows, tokens, [left, right]) = (heads.rows, heads.rows.tokens, heads.rooms());
    let [weights, slopes, mean, left, right] = c.scratch()?.rooms([tokens * tokens, tokens * tokens, tokens, left, right]);
    for pair in 0..heads.pairs {
        for (i, mean) in mean.iter_mut().enumerate() {
            let at = rows.result(pair, i);
            *mean = dy[at..][..rows.head].iter().zip(&y[at..]).map(|(dy, y)| dy * y).sum();
        }
        let ([q, k, v], slope_of_y) = (heads.qkv(qkv, pair), heads.result(dy, pair));
        let (to, stride) = (rows.qkv(pair, 0), 3 * rows.stride());
        heads.products(heads.scale, k, q, weights, [left, right]);
        let logarithms = &logarithms[pair * tokens..][..tokens];
        weights.chunks_exact_mut(tokens).for_each(|row| exp_shifted(row, logarithms));
        heads.mix(1.0, Matrix::rows(weights, tokens), slope_of_y, (&mut dqkv[to[2]..], stride), [left, right]);
        heads.products(1.0, v, slope_of_y, slopes, [left, right]);
        let both = weights.chunks_exact_mut(tokens).zip(slopes.chunks_exact(tokens));
        both.for_each(|(row, slopes)| softmax_slope(row, slopes, mean));
        heads.mix(heads.scale, Matrix::columns(weights, tokens), k, (&mut dqkv[to[0]..], stride), [left, right]);
        heads.mix(heads.scale, Matrix::rows(weights, tokens), q, (&mut dqkv[to[1]..], stride), [left, right]);
    }
    Ok(())
}
