//! Group normalisation (1803.08494) with the activation behind it, optionally with a scale and shift per image (adaptive group
//! normalisation, 2105.05233), and its derivatives: one pass each way where a group fits into a workgroup's registers.

use super::{Activation, WORKGROUP, expected, no_derivative};
use crate::Result;
use crate::graph::{DType, EpilogueStep, Graph, Kernel, LateSum, Lowering, Op, Operand, Shape, Tensor, TensorType};

/// Most threads of a workgroup, which goes through some groups of channels of one image.
const THREADS: usize = 256;
/// Most elements that a thread keeps in registers rather than read them again: of the input, and of each of two backwards.
const KEPT: usize = 12;
const KEPT_BACK: usize = 8;
/// Workgroups that a GPU has work for: as long as there are more, they may be wider.
const WANTED: usize = 128;

/// `y = f(a x + b)`, with `a` and `b` such that each group is brought to mean 0 and variance 1, then scaled and shifted. Inputs
/// `x [B, …, C]` (in `parts` tensors, 1 or 2), `gamma [C]`, `beta [C]`, `film [B, 2 C]` if there is one.
/// Its kernel also writes `[B, C, 4]` if wanted: `(a, b, r, m)` with `r x + m` normalised only.
#[derive(Debug)]
struct GroupNorm {
    parts: usize,
    groups: usize,
    eps: f64,
    activation: Option<Activation>,
}

/// Gradient by the first part of `x`; inputs `dy`, those coefficients, `x` in one tensor or two. Its kernel also writes, if wanted,
/// [`SUMS`] and the gradient by the second part.
#[derive(Debug)]
struct InputGrad {
    groups: usize,
    activation: Option<Activation>,
}

/// `[B, 2, C]`: sums over the pixels of the product of `dy` behind the activation with the normalised `x`, and of `dy` itself: an
/// image's gradients by `gamma` and by `beta`.
const SUMS: usize = 0;
const SECOND: usize = 1;

/// Gradient by `gamma`; its kernel also writes that by `beta`. Inputs sums, `film` if there is one.
#[derive(Debug)]
struct ParamGrad;

/// Gradient by `film [B, 2 C]`; inputs sums, `gamma`, `beta`.
#[derive(Debug)]
struct FilmGrad;

impl Graph {
    /// `f(GroupNorm(x) · (1 + scale) + shift)` for `x [B, …, C]`, given as one tensor or as two whose channels lie side by side,
    /// which are then never joined in memory: each of `groups` groups of channels is brought to mean 0 and
    /// variance 1 over its image, then scaled by `gamma [C]` and shifted by `beta [C]`. `film [B, 2 C]` holds each image's
    /// scale, then its shift.
    #[expect(clippy::too_many_arguments, reason = "they are those of torch.nn.GroupNorm, and two fused steps")]
    pub fn group_norm(
        &mut self,
        x: &[Tensor],
        gamma: Tensor,
        beta: Tensor,
        film: Option<Tensor>,
        groups: usize,
        eps: f64,
        activation: Option<Activation>,
    ) -> Result<Tensor> {
        let parts = x.len();
        let inputs: Vec<Tensor> = x.iter().copied().chain([gamma, beta]).chain(film).collect();
        self.apply(GroupNorm { parts, groups, eps, activation }, &inputs)
    }
}

/// Batch, pixels and channels of `[B, …, C]`.
fn extents(shape: &Shape) -> (usize, usize, usize) {
    let (batch, channels) = (shape[0], shape[shape.rank() - 1]);
    (batch, shape.elements() / (batch * channels), channels)
}

/// Shape of tensors whose channels lie side by side; `None` if they do not fit, or are not one or two.
fn joined(parts: &[&TensorType]) -> Option<Shape> {
    let last = |t: &TensorType| t.shape.rank().checked_sub(1);
    match parts {
        [x] if x.shape.rank() >= 2 => Some(x.shape.clone()),
        [a, b] if a.shape.rank() >= 2 && last(a) == last(b) => {
            let axis = a.shape.rank() - 1;
            (a.shape.with(axis, 1) == b.shape.with(axis, 1)).then(|| a.shape.with(axis, a.shape[axis] + b.shape[axis]))
        }
        _ => None,
    }
}

/// A kernel that goes through images of `shape` in groups of channels, with `x` read from the operation's inputs `first` on, which
/// are `parts` tensors. `kept`: elements of each that a thread may keep.
fn grouped(l: &Lowering<'_>, stem: &'static str, (first, parts): (usize, usize), groups: usize, kept: usize) -> Kernel {
    let split = l.input_type(first).shape.last().copied().unwrap_or(1);
    let rest = if parts > 1 { l.input_type(first + 1).shape.last().copied().unwrap_or(1) } else { 0 };
    let (batch, pixels, channels) = extents(&l.input_type(first).shape.with_channels(split + rest));
    let per_group = channels / groups;
    let width = if channels.is_multiple_of(4) && split.is_multiple_of(4) { 4 } else { 1 };
    // Whole groups and whole elements.
    let mut span = (1..=width).map(|n| n * per_group).find(|span| span.is_multiple_of(width)).unwrap_or(per_group);
    let shares = l.tuning().shares_sums();
    let each = |span: usize| pixels.div_ceil((THREADS / (span / width)).max(1));
    // Where threads are loops on a few cores, meeting at barriers costs more than it saves.
    let (mut lanes, mut held) = ((16 / (span / width)).clamp(1, pixels), 0);
    if shares {
        // Wider pieces of rows are read faster, if enough workgroups remain.
        let fits = |span: usize| channels.is_multiple_of(span) && span <= THREADS * width && each(span) <= kept;
        while batch * channels / (2 * span) >= WANTED && fits(2 * span) {
            span *= 2;
        }
        lanes = pixels.div_ceil(each(span));
        held = if each(span) <= kept { each(span) } else { 0 };
    }
    let kernel = Kernel::new(stem)
        .constant("PER_GROUP", per_group)
        .constant("SPAN", span)
        .constant("LANES", lanes)
        .constant("THREADS", span / width * lanes)
        .constant("KEPT", held)
        .constant("VEC4", width == 4)
        .param("pixels", pixels)
        .param("channels", channels)
        .param("split", split)
        .param("spans", batch * channels / span)
        .groups(batch * channels / span)
        .read("x", l.input(first))
        .read_if("SECOND", "x2", (parts > 1).then(|| l.input(first + 1)));
    let again = if held == 0 { 2 } else { 1 };
    kernel.passes("x", again).passes("x2", again)
}

/// Operations per element: statistics, line and activation; and all that again, with slopes and sums, backwards.
const FORWARD: usize = 12;
const BACKWARD: usize = 24;

fn kind(activation: Option<Activation>) -> usize {
    activation.map_or(0, Activation::kind)
}

impl Op for GroupNorm {
    fn name(&self) -> &'static str {
        "group_norm"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        let problem = || expected("x [B, …, C] in one tensor or two, gamma [C], beta [C] and film [B, 2 C] if any", inputs);
        let (x, rest) = inputs.split_at_checked(self.parts).ok_or_else(problem)?;
        let ([gamma, beta, film @ ..], Some(shape)) = (rest, joined(x)) else { return Err(problem()) };
        let (batch, _, channels) = extents(&shape);
        let fits = *gamma.shape == [channels] && *beta.shape == [channels] && film.iter().all(|f| *f.shape == [batch, 2 * channels]);
        if !fits || inputs.iter().any(|t| t.dtype != DType::F32) {
            return Err(problem());
        }
        if self.groups == 0 || !channels.is_multiple_of(self.groups) || channels / self.groups > THREADS {
            let groups = self.groups;
            return Err(format!("{channels} channels cannot be split into {groups} equal groups of at most {THREADS} channels"));
        }
        Ok(TensorType::f32(shape))
    }

    fn grad(&self, g: &mut Graph, inputs: &[Tensor], y: Tensor, dy: Tensor, needed: &[bool]) -> Result<Vec<Option<Tensor>>> {
        let GroupNorm { parts, groups, activation, .. } = *self;
        let (x, [gamma, beta, film @ ..]) = inputs.split_at(parts) else {
            return Err(no_derivative(self));
        };
        let (batch, _, channels) = extents(g.shape(y));
        let coefficients = g.further(y, 0, TensorType::f32([batch, channels, 4]))?;
        let from: Vec<Tensor> = [dy, coefficients].into_iter().chain(x.iter().copied()).collect();
        let dx = g.apply(InputGrad { groups, activation }, &from)?;
        let mut grads = vec![None; inputs.len()];
        grads[0] = Some(dx);
        if parts > 1 && needed[1] {
            let ty = g.ty(x[1]).clone();
            grads[1] = Some(g.further(dx, SECOND, ty)?);
        }
        let of_params = needed[parts..].contains(&true);
        if of_params {
            let sums = g.further(dx, SUMS, TensorType::f32([batch, 2, channels]))?;
            let with_film: Vec<Tensor> = [sums].into_iter().chain(film.iter().copied()).collect();
            let by_gamma = g.apply(ParamGrad, &with_film)?;
            grads[parts] = Some(by_gamma);
            grads[parts + 1] = Some(g.further(by_gamma, 0, TensorType::f32([channels]))?);
            if needed.get(parts + 2) == Some(&true) {
                grads[parts + 2] = Some(g.apply(FilmGrad, &[sums, *gamma, *beta])?);
            }
        }
        Ok(grads)
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let n = self.parts;
        let kernel = grouped(l, "group_norm", (0, n), self.groups, KEPT).constant("KIND", kind(self.activation));
        let kernel = kernel.param("eps", self.eps).read("gamma", l.input(n)).read("beta", l.input(n + 1)).write("y", l.output());
        let kernel = kernel.read_if("FILM", "film", l.optional(n + 2)).write_if("KEEP", "coefficients", l.further(0));
        l.push(kernel.operations(FORWARD * l.output().len));
    }
}

impl Op for InputGrad {
    fn name(&self) -> &'static str {
        "group_norm_grad"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        Ok(inputs[2].clone())
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let parts = if l.optional(3).is_some() { 2 } else { 1 };
        let kernel = grouped(l, "group_norm_grad", (2, parts), self.groups, KEPT_BACK).constant("KIND", kind(self.activation));
        let again = kernel.args.first().map_or(1, |x| x.passes);
        let kernel = kernel.read("dy", l.input(0)).passes("dy", again).read("coefficients", l.input(1)).write("dx", l.output());
        let kernel = kernel.read_if("RESIDUAL", "residual", l.epilogue().residual).write_if("SUMS", "sums", l.further(SUMS));
        l.push(kernel.write_if("GRAD2", "dx2", l.further(SECOND)).operations(BACKWARD * l.input(0).len));
    }

    fn absorbs(&self, step: EpilogueStep) -> bool {
        step == EpilogueStep::Residual
    }
}

impl Op for ParamGrad {
    fn name(&self) -> &'static str {
        "group_norm_param_grad"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        Ok(TensorType::f32([inputs[0].shape[2]]))
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let (batch, channels) = (l.input_type(0).shape[0], l.input_type(0).shape[2]);
        let (gamma, beta) = (l.output(), l.further(0).unwrap_or_else(|| l.scratch(channels, DType::F32)));
        // Without a scale for each image they are sums of rows.
        let of_images = |at, target| LateSum { source: l.input(0).from(at), rows: batch, stride: 2 * channels, target };
        let sums = [of_images(0, gamma), of_images(channels, beta)];
        if l.optional(1).is_none() && l.sum_late(&sums) {
            return;
        }
        let kernel = Kernel::new("group_norm_param_grad").param("batch", batch).param("channels", channels).threads(channels, WORKGROUP);
        let kernel = kernel.operations(2 * batch * channels).read("sums", l.input(0)).read_if("FILM", "film", l.optional(1));
        // One buffer can be written through one binding only: it spans both.
        let (apart, at) = (gamma.place != beta.place || beta.offset < gamma.offset, beta.offset.wrapping_sub(gamma.offset));
        let (y, at) = if apart { (gamma, 0) } else { (Operand { len: at + beta.len, ..gamma }, at) };
        l.push(kernel.param("beta_at", at).write("y", y).write_if("APART", "dbeta", apart.then_some(beta)));
    }
}

impl Op for FilmGrad {
    fn name(&self) -> &'static str {
        "group_norm_film_grad"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        Ok(TensorType::f32([inputs[0].shape[0], 2 * inputs[0].shape[2]]))
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let n = l.output().len / 2;
        let kernel = Kernel::new("group_norm_film_grad").param("n", n).param("channels", l.input_type(0).shape[2]);
        let kernel = kernel.read("sums", l.input(0)).read("gamma", l.input(1)).read("beta", l.input(2)).write("y", l.output());
        l.push(kernel.threads(n, WORKGROUP));
    }
}
