//! Convolution over NHWC as an implicit matrix product, its derivatives by input and weights, and nearest upsampling folded in.

use super::column_sums::{COLUMN_SUMS, ColumnSums};
use super::tiles::{self, choose, launch};
use super::{expected, no_derivative, reduce::sum_parts};
use crate::Result;
use crate::graph::{DType, EpilogueStep, Graph, Kernel, Lowering, Op, Operand, Shape, Tensor, TensorType};

/// How the taps of a convolution lie over its input. `kernel`, `stride` and padding are as in `torch.nn.Conv2d`, the same along
/// both axes, but padding may differ between the two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conv2d {
    /// Taps along each axis.
    pub kernel: usize,
    /// Pixels from one result to the next.
    pub stride: usize,
    /// Zeros before the first row and column.
    pub pad_before: usize,
    /// Zeros after the last row and column.
    pub pad_after: usize,
    /// The input is repeated so many times along both axes before the taps are laid over it (nearest upsampling).
    pub upsample: usize,
}

impl Conv2d {
    /// 3×3, stride 1, padding 1: the extents stay.
    pub const SAME3: Conv2d = Conv2d { kernel: 3, stride: 1, pad_before: 1, pad_after: 1, upsample: 1 };
    /// One weight per pair of channels.
    pub const POINTWISE: Conv2d = Conv2d { kernel: 1, stride: 1, pad_before: 0, pad_after: 0, upsample: 1 };

    /// Extent of the result along an axis of `extent` pixels; `None` if the taps do not fit.
    fn out(&self, extent: usize) -> Option<usize> {
        let padded = extent * self.upsample + self.pad_before + self.pad_after;
        Some(padded.checked_sub(self.kernel)? / self.stride + 1)
    }

    /// Shape of the result for `x [B, H, W, C]` and `w [kernel, kernel, C, N]`; `None` if they do not fit.
    fn shape(&self, x: &Shape, w: &Shape) -> Option<Shape> {
        let fits = x.rank() == 4 && w.rank() == 4 && w[..2] == [self.kernel; 2] && w[2] == x[3];
        if !fits {
            return None;
        }
        Some([x[0], self.out(x[1])?, self.out(x[2])?, w[3]].into())
    }
}

/// Inputs `x [B, H, W, C]`, `w [k, k, C, N]`, `bias [N]` and `shift [B, N]` as the flags say.
#[derive(Debug)]
struct Conv {
    geometry: Conv2d,
    bias: bool,
    shift: bool,
}

/// Gradient by the input; inputs `dy [B, H', W', N]`, `w`.
#[derive(Debug)]
struct ConvInputGrad {
    geometry: Conv2d,
    /// Of the convolution's input.
    shape: Shape,
}

/// Gradient by the weights; inputs `x`, `dy`.
#[derive(Debug)]
struct ConvWeightGrad {
    geometry: Conv2d,
}

/// Fewest pixels that a split of the weights' derivative sums.
const MIN_CHUNK: usize = 128;

impl Graph {
    /// Convolution of `x [B, H, W, C]` with `w [kernel, kernel, C, N]`, plus `bias [N]` and `shift [B, N]` (one vector per
    /// sample, as a time embedding) if given: `[B, H', W', N]`.
    pub fn conv2d(&mut self, x: Tensor, w: Tensor, bias: Option<Tensor>, shift: Option<Tensor>, geometry: Conv2d) -> Result<Tensor> {
        // One tap without gaps is a matrix product.
        if let (Conv2d::POINTWISE, None, Some(bias), [1, 1, c, n]) = (geometry, shift, bias, &self.shape(w)[..]) {
            let matrix = self.reshape(w, [*c, *n])?;
            return self.matmul_bias(x, matrix, bias);
        }
        let inputs: Vec<Tensor> = [x, w].into_iter().chain(bias).chain(shift).collect();
        self.apply(Conv { geometry, bias: bias.is_some(), shift: shift.is_some() }, &inputs)
    }
}

/// Rows, columns and depth of a kernel, with the extents on both sides.
struct Extents<'a> {
    from: &'a Shape,
    to: &'a Shape,
}

/// A kernel with the extents and the geometry filled in. `channels` are summed over, `n` come out.
fn kernel(stem: &'static str, geometry: &Conv2d, Extents { from, to }: Extents<'_>, channels: usize, n: usize, m: usize) -> Kernel {
    Kernel::new(stem)
        .constant("KERNEL", geometry.kernel)
        .constant("STRIDE", geometry.stride)
        .constant("UPSAMPLE", geometry.upsample)
        .constant("STRIDED", geometry.stride > 1)
        .constant("UPSAMPLED", geometry.upsample > 1)
        .param("m", m)
        .param("n", n)
        .param("channels", channels)
        .param("in_height", from[1])
        .param("in_width", from[2])
        .param("out_height", to[1])
        .param("out_width", to[2])
        .param("pad", geometry.pad_before)
}

/// What tells the choice of a variant apart from those for other geometries.
fn key(stem: &str, geometry: &Conv2d) -> String {
    format!("{stem} k{} s{} u{}", geometry.kernel, geometry.stride, geometry.upsample)
}

/// Pushes `conv` from `x` to the output, with what is fused behind it.
fn push_conv(l: &mut Lowering<'_>, geometry: &Conv2d, backward: bool, bias: Option<Operand>, shift: Option<Operand>) {
    let (from, to) = (l.input_type(0).shape.clone(), l.output_type().shape.clone());
    let (channels, n) = (from[3], to[3]);
    let m = to[0] * to[1] * to[2];
    let epilogue = l.epilogue();
    let kind = |f: Option<super::Activation>| f.map_or(0, |f| f.kind());
    let terms = geometry.kernel * geometry.kernel * channels;
    let what = key(if backward { "conv back" } else { "conv" }, geometry);
    let variant = choose(l, &what, tiles::Extents { rows: m, columns: n, terms, depth: 1 });
    let kernel = kernel("conv", geometry, Extents { from: &from, to: &to }, channels, n, m)
        .constant("INPUT_GRAD", backward)
        .constant("ACTIVATION", kind(epilogue.activation))
        .constant("GATE_KIND", kind(epilogue.gate.map(|(f, _)| f)))
        .constant("SILU", epilogue.activation == Some(super::Activation::Silu))
        .constant("SILU_GATE", matches!(epilogue.gate, Some((super::Activation::Silu, _))))
        .read("x", l.input(0))
        .read("w", l.input(1))
        .read_if("BIAS", "bias", bias)
        .read_if("SHIFT", "shift", shift)
        .read_if("GATE", "gate", epilogue.gate.map(|(_, z)| z))
        .read_if("RESIDUAL", "residual", epilogue.residual)
        .write_if("KEEP_PRE", "z", epilogue.pre_activation)
        .constant("VEC4_A", channels.is_multiple_of(4))
        .constant("VEC4_B", if backward { channels } else { n }.is_multiple_of(4))
        .constant("VEC4_C", n.is_multiple_of(4))
        .write("c", l.output())
        .operations(2 * m * n * terms);
    l.push(launch(kernel, variant, (m.div_ceil(variant.rows()), n.div_ceil(variant.columns()), 1)));
}

impl Op for Conv {
    fn name(&self) -> &'static str {
        "conv2d"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        let k = self.geometry.kernel;
        let problem = || expected(&format!("x [B, H, W, C], w [{k}, {k}, C, N], then bias [N] and shift [B, N] if any"), inputs);
        let [x, w, rest @ ..] = inputs else { return Err(problem()) };
        let shape = self.geometry.shape(&x.shape, &w.shape).ok_or_else(problem)?;
        let (batch, n) = (shape[0], shape[3]);
        let wanted = [self.bias.then_some(vec![n]), self.shift.then_some(vec![batch, n])];
        let extra: Vec<Vec<usize>> = wanted.into_iter().flatten().collect();
        let fits = rest.len() == extra.len() && rest.iter().zip(&extra).all(|(t, s)| t.shape.to_vec() == *s);
        if !fits || inputs.iter().any(|t| t.dtype != DType::F32) {
            return Err(problem());
        }
        Ok(TensorType::f32(shape))
    }

    fn grad(&self, g: &mut Graph, inputs: &[Tensor], _y: Tensor, dy: Tensor, needed: &[bool]) -> Result<Vec<Option<Tensor>>> {
        let mut grads = vec![None; inputs.len()];
        let geometry = self.geometry;
        if needed[1] {
            grads[1] = Some(g.apply(ConvWeightGrad { geometry }, &[inputs[0], dy])?);
        }
        let wants = |i: usize| needed.get(i) == Some(&true);
        let shift = 2 + usize::from(self.bias);
        let (batch, n) = (g.shape(dy)[0], g.shape(dy)[3]);
        let pixels = g.shape(dy).elements() / (batch * n);
        if self.shift && wants(shift) {
            let by_image = g.reshape(dy, [batch, pixels, n])?;
            let sums = g.sum(by_image, 1)?;
            grads[shift] = Some(g.reshape(sums, [batch, n])?);
        }
        if self.bias && wants(2) {
            grads[2] = Some(match grads[1] {
                // Its kernel sums the columns of `dy` on its way.
                Some(by_weights) => g.further(by_weights, COLUMN_SUMS, TensorType::f32([n]))?,
                None => {
                    let rows = g.reshape(dy, [batch * pixels, n])?;
                    let sum = g.sum(rows, 0)?;
                    g.reshape(sum, [n])?
                }
            });
        }
        // Last, so that what is added to it can ride behind it.
        if needed[0] {
            let shape = g.shape(inputs[0]).clone();
            grads[0] = Some(g.apply(ConvInputGrad { geometry, shape }, &[dy, inputs[1]])?);
        }
        Ok(grads)
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let bias = if self.bias { l.optional(2) } else { None };
        let shift = if self.shift { l.optional(2 + usize::from(self.bias)) } else { None };
        push_conv(l, &self.geometry, false, bias, shift);
    }

    fn absorbs(&self, _step: EpilogueStep) -> bool {
        true
    }
}

impl Op for ConvInputGrad {
    fn name(&self) -> &'static str {
        "conv2d_input_grad"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        match inputs {
            [dy, w] if self.geometry.shape(&self.shape, &w.shape).as_ref() == Some(&dy.shape) => Ok(TensorType::f32(self.shape.clone())),
            _ => Err(expected("dy [B, H', W', N] and w [k, k, C, N]", inputs)),
        }
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        push_conv(l, &self.geometry, true, None, None);
    }

    fn absorbs(&self, _step: EpilogueStep) -> bool {
        true
    }
}

impl Op for ConvWeightGrad {
    fn name(&self) -> &'static str {
        "conv2d_weight_grad"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        let k = self.geometry.kernel;
        match inputs {
            [x, dy] if x.shape.rank() == 4 && dy.shape.rank() == 4 => {
                let w: Shape = [k, k, x.shape[3], dy.shape[3]].into();
                if self.geometry.shape(&x.shape, &w).as_ref() == Some(&dy.shape) {
                    return Ok(TensorType::f32(w));
                }
                Err(expected("x [B, H, W, C] and dy of the result's shape", inputs))
            }
            _ => Err(expected("x [B, H, W, C] and dy [B, H', W', N]", inputs)),
        }
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let (x, dy) = (l.input_type(0).shape.clone(), l.input_type(1).shape.clone());
        let (channels, n, m) = (x[3], dy[3], dy[0] * dy[1] * dy[2]);
        let taps = self.geometry.kernel * self.geometry.kernel;
        let splits = l.tuning().splits(taps * channels, n, m, MIN_CHUNK);
        let weights = taps * channels * n;
        let sums = ColumnSums::of(l, true);
        sums.push_apart(l, l.input(1), m);
        let output = sums.joined(l.output());
        let target = if splits == 1 { output } else { l.scratch(splits * output.len, DType::F32) };
        let chunk = m.div_ceil(splits);
        // Rows of a shared tile run over taps, four channels at a time.
        let rows = if channels.is_multiple_of(4) { taps * channels } else { 1 };
        let variant = choose(l, &key("conv_weight_grad", &self.geometry), tiles::Extents { rows, columns: n, terms: chunk, depth: splits });
        let kernel = kernel("conv_weight_grad", &self.geometry, Extents { from: &x, to: &dy }, channels, n, m)
            .param("chunk", chunk)
            .constant("INPUT_GRAD", false)
            .constant("VEC4_A", channels.is_multiple_of(4))
            .constant("VEC4_B", n.is_multiple_of(4))
            .read("x", l.input(0))
            .read("dy", l.input(1))
            .constant("SUMS", sums.ride())
            .write("part", target)
            .operations(2 * m * weights + sums.operations(m * n));
        let side = variant.rows();
        let down = if variant.is_shared() { (taps * channels).div_ceil(side) } else { taps * channels.div_ceil(side) };
        l.push(launch(kernel, variant, (down, n.div_ceil(variant.columns()), splits)));
        if splits > 1 {
            sum_parts(l, target, output, splits);
        }
    }
}
