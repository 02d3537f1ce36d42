//! Sinusoidal timestep embedding (Vaswani et al., 1706.03762, §3.5, in diffusers' form with `flip_sin_to_cos` and `freq_shift`).

use super::{WORKGROUP, expected, no_derivative};
use crate::Result;
use crate::graph::{DType, Graph, Kernel, Lowering, Op, Tensor, TensorType};

/// `y[b] = [cos(t_b f), sin(t_b f)]` (or sine first); inputs `t [B]`, `f [dim / 2]`.
#[derive(Debug)]
struct TimestepEmbedding {
    cos_first: bool,
}

impl Graph {
    /// Embeds timesteps `t [B]`, integers or (between two of them) floats, as `[B, dim]`, `dim` even, with frequencies `10000^(-i / (dim/2 - freq_shift))`.
    ///
    /// `flip_sin_to_cos` puts the cosines first, as diffusers' `UNet2DModel` does by default. The frequencies are computed
    /// here in `f64`, so that every device embeds alike.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] if `t` is no list, or `dim` is odd or too small.
    pub fn timestep_embedding(&mut self, t: Tensor, dim: usize, flip_sin_to_cos: bool, freq_shift: f64) -> Result<Tensor> {
        let half = dim / 2;
        if !dim.is_multiple_of(2) || half as f64 <= freq_shift || half == 0 {
            let message = format!("needs an even width of at least 2 with half of it above freq_shift = {freq_shift}, given {dim}");
            return Err(crate::Error::Shape { op: "timestep_embedding", label: self.full_name(""), message });
        }
        let step = -(10_000f64.ln()) / (half as f64 - freq_shift);
        let frequencies: Vec<f64> = (0..half).map(|i| (step * i as f64).exp()).collect();
        let frequencies = self.constant([half], &frequencies)?;
        self.apply(TimestepEmbedding { cos_first: flip_sin_to_cos }, &[t, frequencies])
    }
}

impl Op for TimestepEmbedding {
    fn name(&self) -> &'static str {
        "timestep_embedding"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        match inputs {
            [t, f] if t.shape.rank() == 1 => Ok(TensorType::f32([t.shape[0], 2 * f.shape[0]])),
            _ => Err(expected("timesteps [B] and frequencies", inputs)),
        }
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let half = l.input(1).len;
        let n = l.input(0).len * half;
        let kernel = Kernel::new("timestep_embedding")
            .constant("COS_FIRST", self.cos_first)
            .constant("INTEGER", l.input_type(0).dtype == DType::U32)
            .param("n", n)
            .param("half", half);
        let kernel = kernel.read("t", l.input(0)).read("frequency", l.input(1)).write("y", l.output());
        // A product, then a sine and a cosine by polynomials.
        l.push(kernel.operations(30 * n).threads(n, WORKGROUP));
    }
}
