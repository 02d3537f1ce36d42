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
#[derive(Debug)]
pub struct Lines<'a> {
    /// Slope of `z`.
    pub a: &'a mut [f32],
    /// Offset of `z`.
    pub b: &'a mut [f32],
    /// Slope of `x̂`.
    pub r: &'a mut [f32],
    /// Offset of `x̂`.
    pub m: &'a mut [f32],
}

impl Lines<'_> {
    /// Takes `(a, b, r, m)` channel by channel.
    pub fn fill(&mut self, table: &[f32]) {
        for (i, column) in [&mut *self.a, &mut *self.b, &mut *self.r, &mut *self.m].into_iter().enumerate() {
            column.iter_mut().zip(table[i..].iter().step_by(4)).for_each(|(to, from)| *to = *from);
        }
    }

    fn affine(&self, x: &[f32], z: &mut [f32]) {
        for (x, z) in x.chunks_exact(self.a.len()).zip(z.chunks_exact_mut(self.a.len())) {
            let lines = self.a.iter().zip(&*self.b);
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
            let normalised = x.iter().zip(self.r.iter().zip(&*self.m)).map(|(x, (r, m))| r * x + m);
            s2.iter_mut().zip(dz.iter().zip(normalised)).for_each(|(s, (d, n))| *s += d * n);
        }
    }
}

/// `dx = a dz - offset - slope x`, plus `residual` if there is one: rows of as many channels as `a` has, of which `dz` has more,
/// `stride` from row to row.
pub fn norm_input_grad(
    [a, offset, slope]: [&[f32]; 3],
    x: &[f32],
    (dz, stride): (&[f32], usize),
    residual: Option<&[f32]>,
    dx: &mut [f32],
) {
    let channels = a.len();
    for ((x, dx), dz) in x.chunks_exact(channels).zip(dx.chunks_exact_mut(channels)).zip(dz.chunks(stride)) {
        let lines = a.iter().zip(offset.iter().zip(slope));
        let terms = x.iter().zip(dz).zip(lines);
        dx.iter_mut().zip(terms).for_each(|(dx, ((x, dz), (a, (offset, slope))))| *dx = a * dz - offset - slope * x);
    }
    if let Some(residual) = residual {
        crate::add(dx, residual);
    }
}
