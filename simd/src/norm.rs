//! Group normalisation on rows of channels: every pixel is a row, and each channel has its own line.

use crate::{activate, multiply_by_slope};

/// `sums[c] = Σ x[·, c]` over rows of `sums.len()` channels.
pub fn column_sums(x: &[f32], sums: &mut [f32]) {
    sums.fill(0.0);
    for row in x.chunks_exact(sums.len()) {
        sums.iter_mut().zip(row).for_each(|(s, x)| *s += x);
    }
}

/// `squares[c] = Σ (x[·, c] - mean[c])²`.
pub fn column_squares(x: &[f32], mean: &[f32], squares: &mut [f32]) {
    squares.fill(0.0);
    for row in x.chunks_exact(mean.len()) {
        squares.iter_mut().zip(row.iter().zip(mean)).for_each(|(s, (x, mean))| *s += (x - mean) * (x - mean));
    }
}

/// A line per channel: `z = a x + b`, and `x̂ = r x + m`, normalised only.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    /// Slope of `z`.
    pub a: Vec<f32>,
    /// Offset of `z`.
    pub b: Vec<f32>,
    /// Slope of `x̂`.
    pub r: Vec<f32>,
    /// Offset of `x̂`.
    pub m: Vec<f32>,
}

impl Lines {
    /// From `(a, b, r, m)` channel by channel.
    pub fn new(table: &[f32]) -> Self {
        let column = |i: usize| table.iter().skip(i).step_by(4).copied().collect();
        Lines { a: column(0), b: column(1), r: column(2), m: column(3) }
    }

    fn affine(&self, x: &[f32], z: &mut [f32]) {
        for (x, z) in x.chunks_exact(self.a.len()).zip(z.chunks_exact_mut(self.a.len())) {
            let lines = self.a.iter().zip(&self.b);
            z.iter_mut().zip(x).zip(lines).for_each(|((z, x), (a, b))| *z = a * x + b);
        }
    }

    /// `y = f(a x + b)`.
    pub fn normalise(&self, kind: usize, x: &[f32], y: &mut [f32]) {
        self.affine(x, y);
        activate(kind, y);
    }

    /// `dz = dy · f'(a x + b)`; `z` is room for as many values.
    pub fn gate(&self, kind: usize, x: &[f32], dy: &[f32], z: &mut [f32], dz: &mut [f32]) {
        dz.copy_from_slice(dy);
        if kind != 0 {
            self.affine(x, z);
            multiply_by_slope(kind, z, dz);
        }
    }

    /// `s1 += Σ dz`, `s2 += Σ dz x̂`.
    pub fn sums(&self, x: &[f32], dz: &[f32], s1: &mut [f32], s2: &mut [f32]) {
        let channels = self.a.len();
        for (x, dz) in x.chunks_exact(channels).zip(dz.chunks_exact(channels)) {
            s1.iter_mut().zip(dz).for_each(|(s, d)| *s += d);
            let normalised = x.iter().zip(self.r.iter().zip(&self.m)).map(|(x, (r, m))| r * x + m);
            s2.iter_mut().zip(dz.iter().zip(normalised)).for_each(|(s, (d, n))| *s += d * n);
        }
    }

    /// `dz ← a dz - t1 - x̂ t2`, with `t1` and `t2` per channel.
    pub fn input_grad(&self, x: &[f32], t1: &[f32], t2: &[f32], dz: &mut [f32]) {
        let channels = self.a.len();
        // In one line of x: a dz - (t1 + m t2) - (r t2) x.
        let offset: Vec<f32> = t1.iter().zip(t2).zip(&self.m).map(|((t1, t2), m)| t1 + m * t2).collect();
        let slope: Vec<f32> = t2.iter().zip(&self.r).map(|(t2, r)| r * t2).collect();
        for (x, dz) in x.chunks_exact(channels).zip(dz.chunks_exact_mut(channels)) {
            let lines = self.a.iter().zip(offset.iter().zip(&slope));
            dz.iter_mut().zip(x).zip(lines).for_each(|((d, x), (a, (offset, slope)))| *d = a * *d - offset - slope * x);
        }
    }
}
