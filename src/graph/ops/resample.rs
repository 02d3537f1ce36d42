//! Images at half and at twice their size, `[B, H, W, C]`.

use super::{elementwise, expected, width};
use crate::Result;
use crate::graph::{DType, Graph, Kernel, Lowering, Op, Tensor, TensorType};

/// `factor` times the sum over squares of 2×2 pixels: `[B, ⌊H/2⌋, ⌊W/2⌋, C]`.
#[derive(Debug)]
struct Gathered {
    factor: f64,
}

/// `factor` times each pixel on a square of 2×2: `[B, height, width, C]`, 0 where there is no pixel for it.
#[derive(Debug)]
struct Spread {
    height: usize,
    width: usize,
    factor: f64,
}

impl Graph {
    /// Means over squares of 2×2 pixels: `[B, H, W, C]` to `[B, ⌊H/2⌋, ⌊W/2⌋, C]`; a last odd row or column is left out, as
    /// by PyTorch's `avg_pool2d(2)`.
    pub fn avg_pool2(&mut self, x: Tensor) -> Result<Tensor> {
        self.apply(Gathered { factor: 0.25 }, &[x])
    }

    /// Each pixel repeated on a square of 2×2: `[B, H, W, C]` to `[B, 2H, 2W, C]` (nearest neighbour).
    pub fn upsample2(&mut self, x: Tensor) -> Result<Tensor> {
        let (height, width) = match &self.shape(x)[..] {
            [_, h, w, _] => (2 * h, 2 * w),
            _ => (0, 0),
        };
        self.apply(Spread { height, width, factor: 1.0 }, &[x])
    }
}

fn check(inputs: &[&TensorType]) -> std::result::Result<(), String> {
    match inputs {
        [x] if x.dtype == DType::F32 && x.shape.rank() == 4 => Ok(()),
        _ => Err(expected("images of floats [B, H, W, C]", inputs)),
    }
}

fn push(l: &mut Lowering<'_>, down: bool, factor: f64) {
    let (from, to, n) = (&l.input_type(0).shape, &l.output_type().shape, l.output().len);
    let kernel = Kernel::new("resample")
        .constant("DOWN", down)
        .param("height", to[1])
        .param("width", to[2])
        .param("from_height", from[1])
        .param("from_width", from[2])
        .param("channels", to[3])
        .param("factor", factor);
    let (channels, kernel) = (to[3], kernel.operations(if down { 4 * n } else { n }));
    l.push(elementwise(kernel.read("x", l.input(0)).write("y", l.output()), n, width(&[channels])));
}

impl Op for Gathered {
    fn name(&self) -> &'static str {
        "avg_pool2"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        check(inputs)?;
        let shape = &inputs[0].shape;
        if shape[1] < 2 || shape[2] < 2 {
            return Err(format!("needs images of 2×2 pixels or more to halve, given {}×{}", shape[1], shape[2]));
        }
        Ok(TensorType::f32([shape[0], shape[1] / 2, shape[2] / 2, shape[3]]))
    }

    fn grad(&self, g: &mut Graph, inputs: &[Tensor], _y: Tensor, dy: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        let (height, width) = (g.shape(inputs[0])[1], g.shape(inputs[0])[2]);
        Ok(vec![Some(g.apply(Spread { height, width, factor: self.factor }, &[dy])?)])
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        push(l, true, self.factor);
    }
}

impl Op for Spread {
    fn name(&self) -> &'static str {
        "upsample2"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        check(inputs)?;
        let shape = &inputs[0].shape;
        Ok(TensorType::f32([shape[0], self.height, self.width, shape[3]]))
    }

    fn grad(&self, g: &mut Graph, _: &[Tensor], _y: Tensor, dy: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Ok(vec![Some(g.apply(Gathered { factor: self.factor }, &[dy])?)])
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        push(l, false, self.factor);
    }
}
