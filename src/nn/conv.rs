//! Convolution, normalisation and embedding layers, named and initialised as those of `torch.nn`.

use crate::Result;
use crate::graph::{Activation, Conv2d, Graph, Init, Tensor};

/// `torch.nn.Conv2d` on `x [B, H, W, C]`: parameters `<name>.weight` and `<name>.bias`, uniform in `±1/√fan_in`, PyTorch's default.
/// `shift [B, outputs]` is added to every pixel of its sample.
pub fn conv2d(g: &mut Graph, name: &str, x: Tensor, outputs: usize, geometry: Conv2d, shift: Option<Tensor>) -> Result<Tensor> {
    let inputs = g.shape(x).last().copied().unwrap_or(1);
    let taps = geometry.kernel * geometry.kernel;
    let bound = Init::Uniform(1.0 / ((inputs * taps) as f64).sqrt());
    g.scoped(name, |g| {
        let weight = g.conv_weight("weight", geometry.kernel, inputs, outputs, bound)?;
        let bias = g.param("bias", [outputs], bound)?;
        g.conv2d(x, weight, Some(bias), shift, geometry)
    })
}

/// A 1×1 convolution of two tensors whose channels lie side by side, without joining them: the sum of two products. Parameters as
/// those of [`conv2d`].
pub fn pointwise_of_two(g: &mut Graph, name: &str, x: [Tensor; 2], outputs: usize) -> Result<Tensor> {
    let channels = x.map(|x| g.shape(x).last().copied().unwrap_or(1));
    let inputs = channels[0] + channels[1];
    let bound = Init::Uniform(1.0 / (inputs as f64).sqrt());
    g.scoped(name, |g| {
        let weight = g.conv_weight("weight", 1, inputs, outputs, bound)?;
        let bias = g.param("bias", [outputs], bound)?;
        let weight = g.reshape(weight, [inputs, outputs])?;
        let [first, second] = [g.slice(weight, 0, 0, channels[0])?, g.slice(weight, 0, channels[0], channels[1])?];
        let y = g.matmul(x[0], first, false, false)?;
        // The bias lies behind the second part, and so do their gradients: one kernel computes both.
        let rest = g.matmul_bias(x[1], second, bias)?;
        g.add(rest, y)
    })
}

/// What a group normalisation is told beside its input: see [`Graph::group_norm`].
#[derive(Debug, Clone, Copy)]
pub struct Norm {
    /// Groups of channels.
    pub groups: usize,
    /// Added to the variance.
    pub eps: f64,
    /// The activation behind it.
    pub activation: Option<Activation>,
}

/// `torch.nn.GroupNorm` on `x [B, …, C]`, given as one tensor or as two whose channels lie side by side: parameters `<name>.weight` (ones) and `<name>.bias` (zeros).
/// `film [B, 2 C]` scales and shifts each sample's result before the activation.
pub fn group_norm(g: &mut Graph, name: &str, x: &[Tensor], norm: Norm, film: Option<Tensor>) -> Result<Tensor> {
    let channels = x.iter().map(|x| g.shape(*x).last().copied().unwrap_or(1)).sum::<usize>();
    g.scoped(name, |g| {
        let gamma = g.param("weight", [channels], Init::Ones)?;
        let beta = g.param("bias", [channels], Init::Zeros)?;
        g.group_norm(x, gamma, beta, film, norm.groups, norm.eps, norm.activation)
    })
}

/// `torch.nn.Embedding`: rows of `<name>.weight [rows, width]`, standard normal at the start, named by integers `index [B]`.
pub fn embedding(g: &mut Graph, name: &str, index: Tensor, rows: usize, width: usize) -> Result<Tensor> {
    let table = g.scoped(name, |g| g.param("weight", [rows, width], Init::Normal(1.0)))?;
    g.gather(table, index)
}
