//! Group normalisation (1803.08494) with the activation behind it, optionally with a scale and shift per image (adaptive group
//! normalisation, 2105.05233), and its derivatives. In between stands a small table: a line per image and channel.

use super::{Activation, WORKGROUP, expected, no_derivative};
use crate::Result;
use crate::graph::{DType, EpilogueStep, Graph, Kernel, Lowering, Op, Shape, Tensor, TensorType};

/// Threads of a workgroup that sums one group of channels of one image.
const THREADS: usize = 256;

/// `[B, C, 4]`: `(a, b, r, m)` with `a x + b` normalised and scaled, `r x + m` normalised only.
/// Inputs `x [B, …, C]`, `gamma [C]`, `beta [C]`, `film [B, 2 C]` if there is one.
#[derive(Debug)]
struct Coefficients {
    groups: usize,
    eps: f64,
}

/// `y = f(a x + b)`; inputs `x`, coefficients, and those of [`Coefficients`] after `x`, which the derivative goes to.
#[derive(Debug)]
struct GroupNorm {
    groups: usize,
    activation: Option<Activation>,
}

/// `[B, C, 4]`: sums that all derivatives share; inputs `dy`, `x`, coefficients.
#[derive(Debug)]
struct Sums {
    groups: usize,
    activation: Option<Activation>,
}

/// Gradient by `x`; inputs `dy`, `x`, coefficients, sums.
#[derive(Debug)]
struct InputGrad {
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
    /// `f(GroupNorm(x) · (1 + scale) + shift)` for `x [B, …, C]`: each of `groups` groups of channels is brought to mean 0 and
    /// variance 1 over its image, then scaled by `gamma [C]` and shifted by `beta [C]`. `film [B, 2 C]` holds each image's
    /// scale, then its shift.
    #[expect(clippy::too_many_arguments, reason = "they are those of torch.nn.GroupNorm, and two fused steps")]
    pub fn group_norm(
        &mut self,
        x: Tensor,
        gamma: Tensor,
        beta: Tensor,
        film: Option<Tensor>,
        groups: usize,
        eps: f64,
        activation: Option<Activation>,
    ) -> Result<Tensor> {
        let inputs: Vec<Tensor> = [x, gamma, beta].into_iter().chain(film).collect();
        let coefficients = self.apply(Coefficients { groups, eps }, &inputs)?;
        let inputs: Vec<Tensor> = [x, coefficients, gamma, beta].into_iter().chain(film).collect();
        self.apply(GroupNorm { groups, activation }, &inputs)
    }
}

/// Batch, pixels and channels of `[B, …, C]`.
fn extents(shape: &Shape) -> (usize, usize, usize) {
    let (batch, channels) = (shape[0], shape[shape.rank() - 1]);
    (batch, shape.elements() / (batch * channels), channels)
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
        let problem = || expected("x [B, …, C], gamma [C], beta [C] and film [B, 2 C] if any", inputs);
        let [x, gamma, beta, film @ ..] = inputs else { return Err(problem()) };
        if x.shape.rank() < 2 || inputs.iter().any(|t| t.dtype != DType::F32) {
            return Err(problem());
        }
        let (batch, _, channels) = extents(&x.shape);
        let fits = *gamma.shape == [channels] && *beta.shape == [channels] && film.iter().all(|f| *f.shape == [batch, 2 * channels]);
        if !fits {
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
        let kernel = grouped(l, "group_norm_coefficients", &l.input_type(0).shape, self.groups).param("eps", self.eps);
        let kernel = kernel.read("x", l.input(0)).read("gamma", l.input(1)).read("beta", l.input(2)).write("y", l.output());
        l.push(kernel.read_if("FILM", "film", l.optional(3)));
    }
}

impl Op for GroupNorm {
    fn name(&self) -> &'static str {
        "group_norm"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        Ok(inputs[0].clone())
    }

    fn grad(&self, g: &mut Graph, inputs: &[Tensor], _y: Tensor, dy: Tensor, needed: &[bool]) -> Result<Vec<Option<Tensor>>> {
        let GroupNorm { groups, activation } = *self;
        let [x, coefficients, gamma, beta, film @ ..] = inputs else {
            return Err(no_derivative(self));
        };
        let sums = g.apply(Sums { groups, activation }, &[dy, *x, *coefficients])?;
        let with_film: Vec<Tensor> = [sums].into_iter().chain(film.iter().copied()).collect();
        let mut grads = vec![None; inputs.len()];
        if needed[2] {
            grads[2] = Some(g.apply(ParamGrad { beta: false }, &with_film)?);
        }
        if needed[3] {
            grads[3] = Some(g.apply(ParamGrad { beta: true }, &with_film)?);
        }
        if needed.get(4) == Some(&true) {
            grads[4] = Some(g.apply(FilmGrad, &[sums, *gamma, *beta])?);
        }
        // Last, so that what is added to it can ride behind it.
        if needed[0] {
            grads[0] = Some(g.apply(InputGrad { activation }, &[dy, *x, *coefficients, sums])?);
        }
        Ok(grads)
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let kernel = elementwise("group_norm", &l.output_type().shape, self.activation);
        l.push(kernel.read("x", l.input(0)).read("coefficients", l.input(1)).write("y", l.output()));
    }
}

impl Op for Sums {
    fn name(&self) -> &'static str {
        "group_norm_sums"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        Ok(inputs[2].clone())
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let kernel = grouped(l, "group_norm_sums", &l.input_type(1).shape, self.groups).constant("KIND", kind(self.activation));
        let kernel = kernel.read("dy", l.input(0)).read("x", l.input(1)).read("coefficients", l.input(2));
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
        let kernel = elementwise("group_norm_grad", &l.output_type().shape, self.activation);
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
