//! Layers whose parameters lie in an arena, with the gradients computed where the optimiser reads them: a bias' right behind its
//! weights', in the same kernel. Weights of a multiple of 64 numbers leave no gap between the two, others do.

use unnoise::Result;
use unnoise::graph::{Activation, Conv2d, Graph, Tensor};
use unnoise::nn::{Norm, conv2d, group_norm, linear, linears};

use super::cases::plain;
use super::{Case, floats};

/// A layer over `x`, by name.
type Layer = fn(&mut Graph, Tensor, usize) -> Result<Tensor>;

/// Name, shape of the input, width of the result, layer.
pub const LAYERS: [(&str, &[usize], usize, Layer); 16] = [
    ("linear", &[33, 16], 4, dense),
    ("linear", &[70, 64], 5, dense),
    ("linear", &[3, 5, 12], 16, dense),
    ("linear with a gap behind", &[9, 5], 7, dense),
    ("linear over a long batch", &[2060, 32], 68, dense),
    ("three linears side by side", &[2, 7, 12], 4, three),
    ("three linears side by side", &[67, 64], 32, three),
    ("conv", &[2, 5, 5, 4], 16, conv),
    ("conv", &[1, 3, 4, 64], 5, conv),
    ("conv with a gap behind", &[2, 4, 4, 1], 6, conv),
    ("conv of many pixels", &[3, 23, 21, 8], 8, conv),
    ("conv, stride 2", &[2, 9, 8, 16], 20, |g, x, n| conv2d(g, "layer", x, n, Conv2d { stride: 2, ..Conv2d::SAME3 }, None)),
    ("group norm", &[5, 3, 4, 8], 4, norm),
    ("group norm with a ragged width", &[3, 3, 3, 6], 2, norm),
    ("group norm of a large batch", &[130, 2, 2, 64], 16, norm),
    ("conv of upsampled", &[2, 4, 3, 16], 12, |g, x, n| conv2d(g, "layer", x, n, Conv2d { upsample: 2, ..Conv2d::SAME3 }, None)),
];

fn dense(g: &mut Graph, x: Tensor, n: usize) -> Result<Tensor> {
    let inputs = g.shape(x).last().copied().unwrap_or(1);
    linear(g, "layer", x, inputs, n)
}

fn three(g: &mut Graph, x: Tensor, n: usize) -> Result<Tensor> {
    let inputs = g.shape(x).last().copied().unwrap_or(1);
    linears(g, &["q", "k", "v"], x, inputs, n)
}

fn conv(g: &mut Graph, x: Tensor, n: usize) -> Result<Tensor> {
    conv2d(g, "layer", x, n, Conv2d::SAME3, None)
}

/// `n` groups.
fn norm(g: &mut Graph, x: Tensor, n: usize) -> Result<Tensor> {
    group_norm(g, "layer", &[x], Norm { groups: n, eps: 1e-5, activation: None }, None)
}

/// Enough layers that on a GPU sums of many shapes are left for one launch: two convolutions with long sums, norms, an attention.
fn several(g: &mut Graph) -> Result<Tensor> {
    let x = floats(g, "x", &[3, 20, 21, 4])?;
    let silu = |groups| Norm { groups, eps: 1e-5, activation: Some(Activation::Silu) };
    let h = conv2d(g, "first", x, 8, Conv2d::SAME3, None)?;
    let h = group_norm(g, "norm", &[h], silu(2), None)?;
    let h = conv2d(g, "second", h, 16, Conv2d { stride: 2, ..Conv2d::SAME3 }, None)?;
    let h = group_norm(g, "other", &[h], silu(4), None)?;
    let tokens = g.reshape(h, [3, 110, 16])?;
    let qkv = linears(g, &["q", "k", "v"], tokens, 16, 16)?;
    let y = g.attention(qkv, 2)?;
    let y = linear(g, "out", y, 16, 3)?;
    let y = g.activate(y, Activation::Tanh)?;
    g.mean_all(y)
}

/// `Σ y c`: a loss whose derivative by the layer's result `y` is given.
pub fn loss(g: &mut Graph, shape: &[usize], n: usize, layer: Layer) -> Result<Tensor> {
    let x = floats(g, "x", shape)?;
    let y = layer(g, x, n)?;
    let shape = g.shape(y).to_vec();
    let c = floats(g, "c", &shape)?;
    let product = g.multiply(y, c)?;
    g.sum_all(product)
}

/// All of them.
pub fn layers(all: &mut Vec<Case>) {
    for (name, shape, n, layer) in LAYERS {
        all.push(plain(&format!("{name} in place, {shape:?} to {n}"), move |g| {
            let loss = loss(g, shape, n, layer)?;
            g.output("loss", loss)?;
            g.grad_into_arena(loss).map(|_| ())
        }));
    }
    all.push(plain("several layers in place", |g| {
        let loss = several(g)?;
        g.grad_into_arena(loss).map(|_| ())
    }));
}
