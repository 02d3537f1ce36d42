//! A classifier of noised images, for classifier guidance (Dhariwal and Nichol, 2105.05233, section 4): the downward half of a U-Net.

use super::{Norm, conv2d, group_norm, linear};
use crate::Result;
use crate::graph::{Activation, Conv2d, Graph, Tensor};

/// Channels after each halving of the image.
const WIDTHS: [usize; 3] = [16, 32, 64];
/// Width of the time embedding.
const TIME: usize = 32;

/// Appends the network: logits `[B, classes]` for noised images `x [B, H, W, C]` at timesteps `t [B]`. Three convolutions of stride
/// 2, each told the time as a shift per channel and followed by group norm and SiLU, the mean over all pixels, and a layer.
pub fn image_logits(g: &mut Graph, x: Tensor, t: Tensor, classes: usize) -> Result<Tensor> {
    let sinusoids = g.timestep_embedding(t, TIME, true, 0.0)?;
    let time = linear(g, "time_embedding", sinusoids, TIME, TIME)?;
    let time = g.activate(time, Activation::Silu)?;
    let mut h = x;
    for (level, width) in WIDTHS.into_iter().enumerate() {
        h = g.scoped(&format!("blocks.{level}"), |g| {
            let shift = linear(g, "time", time, TIME, width)?;
            let z = conv2d(g, "conv", h, width, Conv2d { stride: 2, ..Conv2d::SAME3 }, Some(shift))?;
            group_norm(g, "norm", &[z], Norm { groups: 4, eps: 1e-5, activation: Some(Activation::Silu) }, None)
        })?;
    }
    let [batch, height, width] = [0, 1, 2].map(|axis| g.shape(h)[axis]);
    let pixels = g.reshape(h, [batch, height * width, WIDTHS[2]])?;
    let mean = g.mean(pixels, 1)?;
    let mean = g.reshape(mean, [batch, WIDTHS[2]])?;
    linear(g, "out", mean, WIDTHS[2], classes)
}
