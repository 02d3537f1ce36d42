//! Group normalisation (1803.08494) with the activation behind it, optionally with a scale and shift per image (adaptive group
//! normalisation, 2105.05233), and its derivatives. In between stands a small table: a line per image and channel.

use super::{Activation, WORKGROUP, expected, no_derivative};
use crate::Result;
use crate::graph::{DType, EpilogueStep, Graph, Kernel, Lowering, Op, Shape, Tensor, TensorType};

/// Threads of a workgroup that sums one group of channels of one image.
const THREADS: usize = 256;

/// `[B, C, 4]`: `(a, b, r, m)` with `a x + b` normalised and scaled, `r x + m` normalised only.
/// Inputs `x [B, …, C]` (in `parts` tensors, 1 or 2), `gamma [C]`, `beta [C]`, `film [B, 2 C]` if there is one.
#[derive(Debug)]
struct Coefficients {
    parts: usize,
    groups: usize,
    eps: f64,
}

/// `y = f(a x + b)`; inputs `x` (in `parts` tensors), coefficients, and those of [`Coefficients`] after `x`, which the
/// derivative goes to.
#[derive(Debug)]
struct GroupNorm {
    parts: usize,
    groups: usize,
    activation: Option<Activation>,
}

/// `[B, C, 4]`: sums that all derivatives share; inputs `dy`, coefficients, `x` in one tensor or two.
#[derive(Debug)]
struct Sums {
    groups: usize,
    activation: Option<Activation>,
}

/// Gradient by a part of `x` that begins at channel `first`; inputs `dy`, the part, coefficients, sums.
#[derive(Debug)]
struct InputGrad {
    first: usize,
    activation: Option<Activation>,
}

/// Gradient by `gamma`, or by `beta`; inputs sums, `film` if there is one.
#[derive(Debug)]
struct ParamGrad {
    beta: bool,
}

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
        let coefficients = self.apply(Coefficients { parts, groups, eps }, &inputs)?;
        let inputs: Vec<Tensor> = x.iter().copied().chain([coefficients, gamma, beta]).chain(film).collect();
        self.apply(GroupNorm { parts, groups, activation }, &inputs)
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

/// The kernel with `x`, and with `x2` if there is a second part; `first` is the operation's input that `x` is.
fn read_parts(kernel: Kernel, l: &Lowering<'_>, first: usize, parts: usize) -> Kernel {
    let shape = &l.input_type(first).shape;
    let kernel = kernel.param("split", shape[shape.rank() - 1]).read("x", l.input(first));
    kernel.read_if("SECOND", "x2", (parts > 1).then(|| l.input(first + 1)))
}

fn kind(activation: Option<Activation>) -> usize {
    activation.map_or(0, Activation::kind)
}

/// A kernel with one workgroup per image and group.
fn grouped(l: &Lowering<'_>, stem: &'static str, shape: &Shape, groups: usize) -> Kernel {
    let (batch, pixels, channels) = extents(shape);
    let per_group = channels / groups;
    // Where threads are loops on a few cores, meeting at barriers costs more than it saves.
    let threads = if l.tuning().shares_sums() { THREADS } else { 16 };
    let lanes = (threads / per_group).clamp(1, pixels);
    Kernel::new(stem)
        .constant("PER_GROUP", per_group)
        .constant("LANES", lanes)
        .constant("THREADS", per_group * lanes)
        .param("pixels", pixels)
        .param("channels", channels)
        .param("groups", batch * groups)
        .groups(batch * groups)
}

/// A kernel with one thread per element.
fn elementwise(stem: &'static str, shape: &Shape, activation: Option<Activation>) -> Kernel {
    let (_, pixels, channels) = extents(shape);
    Kernel::new(stem)
        .constant("KIND", kind(activation))
        .param("n", shape.elements())
        .param("pixels", pixels)
        .param("channels", channels)
        .threads(shape.elements(), WORKGROUP)
}

impl Op for Coefficients {
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
        Ok(TensorType::f32([batch, channels, 4]))
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let (n, shape) = (self.parts, l.input_type(0).shape.with_channels(l.output_type().shape[1]));
        let kernel = grouped(l, "group_norm_coefficients", &shape, self.groups).param("eps", self.eps);
        let kernel = read_parts(kernel, l, 0, n).read("gamma", l.input(n)).read("beta", l.input(n + 1)).write("y", l.output());
        l.push(kernel.read_if("FILM", "film", l.optional(n + 2)));
    }
}

impl Op for GroupNorm {
    fn name(&self) -> &'static str {
        "group_norm"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        Ok(TensorType::f32(inputs[0].shape.with_channels(inputs[self.parts].shape[1])))
    }

    fn grad(&self, g: &mut Graph, inputs: &[Tensor], _y: Tensor, dy: Tensor, needed: &[bool]) -> Result<Vec<Option<Tensor>>> {
        let GroupNorm { parts, groups, activation } = *self;
        let (x, [coefficients, gamma, beta, film @ ..]) = inputs.split_at(parts) else {
            return Err(no_derivative(self));
        };
        let for_sums: Vec<Tensor> = [dy, *coefficients].into_iter().chain(x.iter().copied()).collect();
        let sums = g.apply(Sums { groups, activation }, &for_sums)?;
        let with_film: Vec<Tensor> = [sums].into_iter().chain(film.iter().copied()).collect();
        let mut grads = vec![None; inputs.len()];
        if needed[parts + 1] {
            grads[parts + 1] = Some(g.apply(ParamGrad { beta: false }, &with_film)?);
        }
        if needed[parts + 2] {
            grads[parts + 2] = Some(g.apply(ParamGrad { beta: true }, &with_film)?);
        }
        if needed.get(parts + 3) == Some(&true) {
            grads[parts + 3] = Some(g.apply(FilmGrad, &[sums, *gamma, *beta])?);
        }
        // Last, so that what is added to it can ride behind it.
        let mut first = 0;
        for (i, part) in x.iter().enumerate() {
            if needed[i] {
                grads[i] = Some(g.apply(InputGrad { first, activation }, &[dy, *part, *coefficients, sums])?);
            }
            first += g.shape(*part)[g.shape(*part).rank() - 1];
        }
        Ok(grads)
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let kernel = read_parts(elementwise("group_norm", &l.output_type().shape, self.activation), l, 0, self.parts);
        l.push(kernel.read("coefficients", l.input(self.parts)).write("y", l.output()));
    }
}

impl Op for Sums {
    fn name(&self) -> &'static str {
        "group_norm_sums"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        Ok(inputs[1].clone())
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let kernel = grouped(l, "group_norm_sums", &l.input_type(0).shape, self.groups).constant("KIND", kind(self.activation));
        let parts = if l.optional(3).is_some() { 2 } else { 1 };
        let kernel = read_parts(kernel, l, 2, parts).read("dy", l.input(0)).read("coefficients", l.input(1));
        l.push(kernel.write("y", l.output()));
    }
}

impl Op for InputGrad {
    fn name(&self) -> &'static str {
        "group_norm_grad"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        Ok(inputs[1].clone())
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let (_, pixels, width) = extents(&l.output_type().shape);
        let kernel = Kernel::new("group_norm_grad")
            .constant("KIND", kind(self.activation))
            .param("n", l.output().len)
            .param("pixels", pixels)
            .param("channels", l.input_type(2).shape[1])
            .param("first", self.first)
            .param("width", width)
            .threads(l.output().len, WORKGROUP);
        let kernel = kernel.read("dy", l.input(0)).read("x", l.input(1)).read("coefficients", l.input(2)).read("sums", l.input(3));
        l.push(kernel.read_if("RESIDUAL", "residual", l.epilogue().residual).write("dx", l.output()));
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
        Ok(TensorType::f32([inputs[0].shape[1]]))
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let (batch, channels) = (l.input_type(0).shape[0], l.input_type(0).shape[1]);
        let kernel = Kernel::new("group_norm_param_grad").constant("BETA", self.beta).param("batch", batch).param("channels", channels);
        let kernel = kernel.read("sums", l.input(0)).write("y", l.output()).read_if("FILM", "film", l.optional(1));
        l.push(kernel.threads(channels, WORKGROUP));
    }
}

impl Op for FilmGrad {
    fn name(&self) -> &'static str {
        "group_norm_film_grad"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        Ok(TensorType::f32([inputs[0].shape[0], 2 * inputs[0].shape[1]]))
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let n = l.output().len / 2;
        let kernel = Kernel::new("group_norm_film_grad").param("n", n).param("channels", l.input_type(0).shape[1]);
        let kernel = kernel.read("sums", l.input(0)).read("gamma", l.input(1)).read("beta", l.input(2)).write("y", l.output());
        l.push(kernel.threads(n, WORKGROUP));
    }
}
