//! Elementwise loops of the CPU backend, in a form that the compiler turns into SIMD.
//!
//! They are a crate of their own because optimisation levels are set per crate: the page's build is optimised for size, at which
//! no loop becomes SIMD by itself. They know slices and numbers only; `src/cpu/fast` gives them their arguments.

mod activation;
mod norm;
mod pack;
mod peak;
mod product;
mod softmax;

pub use activation::{activate, multiply_by_slope};
pub use norm::{Lines, column_squares, column_sums, norm_input_grad};
pub use pack::{OUTSIDE, pack_columns, pack_left_pixels, pack_patches, pack_right_pixels, pack_rows};
pub use peak::chains;
pub use product::{COLUMNS, ROWS, Target, product};
pub use softmax::{exp_columns, exp_shifted, softmax_slope};

/// `y ← y + x`.
pub fn add(y: &mut [f32], x: &[f32]) {
    y.iter_mut().zip(x).for_each(|(y, x)| *y += x);
}

/// Adds `x` to every row of `y`, which are as long.
pub fn add_to_rows(y: &mut [f32], x: &[f32]) {
    y.chunks_exact_mut(x.len()).for_each(|row| row.iter_mut().zip(x).for_each(|(y, x)| *y += x));
}

/// `Σ x`, as eight partial sums.
pub fn sum(x: &[f32]) -> f32 {
    let mut parts = [0.0; 8];
    let blocks = x.chunks_exact(8);
    let rest: f32 = blocks.remainder().iter().sum();
    blocks.for_each(|block| parts.iter_mut().zip(block).for_each(|(part, x)| *part += x));
    parts.iter().sum::<f32>() + rest
}

/// Coefficients of one AdamW step: see `shaders/adamw.wgsl`.
#[derive(Debug, Clone, Copy)]
pub struct AdamW {
    /// Learning rate of this step.
    pub rate: f32,
    /// Factor on the gradient.
    pub clip: f32,
    /// Decay of the first moment.
    pub beta1: f32,
    /// Decay of the second moment.
    pub beta2: f32,
    /// `1 - β₁^s`.
    pub correct1: f32,
    /// `1 - β₂^s`.
    pub correct2: f32,
    /// Added to the root of the second moment.
    pub epsilon: f32,
    /// Decoupled weight decay.
    pub decay: f32,
    /// `1 -` decay of the moving average.
    pub blend: f32,
}

impl AdamW {
    /// Updates parameters, moments and moving average in one pass over slices of one length.
    pub fn step(&self, param: &mut [f32], grad: &[f32], m: &mut [f32], v: &mut [f32], ema: &mut [f32]) {
        for ((((p, g), m), v), e) in param.iter_mut().zip(grad).zip(m).zip(v).zip(ema) {
            let g = self.clip * g;
            *m = self.beta1 * *m + (1.0 - self.beta1) * g;
            *v = self.beta2 * *v + (1.0 - self.beta2) * g * g;
            let direction = (*m / self.correct1) / ((*v / self.correct2).sqrt() + self.epsilon);
            *p -= self.rate * (direction + self.decay * *p);
            *e += self.blend * (*p - *e);
        }
    }
}
