//! The network, block by block, as diffusers' `UNet2DModel` computes it.

use super::{ClassEmbedType, DownBlockType, ResampleType, TimeScaleShift, UnetConfig, UpBlockType};
use crate::graph::{Activation, Conv2d, Graph, Shape, Tensor};
use crate::nn::{Norm, conv2d, embedding, group_norm, linear, linears, pointwise_of_two};
use crate::{Error, Result};

/// How a residual block changes the resolution between its norm and its first convolution.
#[derive(Clone, Copy, PartialEq)]
enum Resample {
    None,
    Halve,
    Double,
}

/// What every block is told.
struct Builder<'a> {
    config: &'a UnetConfig,
    /// The time embedding behind its activation, `[B, 4 · width]`.
    time: Tensor,
}

impl UnetConfig {
    /// Appends the network: `[B, H, W, out_channels]` for `x [B, H, W, in_channels]` at timesteps `t [B]`, with `labels [B]` if
    /// the configuration has a class embedding.
    ///
    /// # Errors
    /// [`Error::Shape`] if the input does not fit, or labels are missing or too many.
    pub fn build(&self, g: &mut Graph, x: Tensor, t: Tensor, labels: Option<Tensor>) -> Result<Tensor> {
        if labels.is_some() != self.takes_labels() {
            let message = if labels.is_some() { "takes no class labels" } else { "wants class labels" };
            return Err(Error::Shape { op: "unet", label: g.full_name(""), message: message.into() });
        }
        let time = self.time_embedding(g, t, labels)?;
        let builder = Builder { config: self, time };
        let mut x = x;
        if self.center_input_sample {
            let one = g.constant([1], &[-1.0])?;
            let doubled = g.scale(x, 2.0)?;
            x = g.add(doubled, one)?;
        }
        let widths = &self.block_out_channels;
        let levels = widths.len();
        let mut h = conv2d(g, "conv_in", x, widths[0], Conv2d::SAME3, None)?;
        let mut skips = vec![h];
        for level in 0..levels {
            h = g.scoped(&format!("down_blocks.{level}"), |g| builder.down(g, h, level, &mut skips))?;
        }
        h = g.scoped("mid_block", |g| builder.middle(g, h))?;
        for step in 0..levels {
            h = g.scoped(&format!("up_blocks.{step}"), |g| builder.up(g, h, step, &mut skips))?;
        }
        h = group_norm(g, "conv_norm_out", &[h], builder.norm(Some(Activation::Silu)), None)?;
        conv2d(g, "conv_out", h, self.out_channels, Conv2d::SAME3, None)
    }

    /// `linear_2(silu(linear_1(sinusoids)))` of the timestep, plus the label's embedding, behind the blocks' activation.
    fn time_embedding(&self, g: &mut Graph, t: Tensor, labels: Option<Tensor>) -> Result<Tensor> {
        let (width, wide) = (self.block_out_channels[0], 4 * self.block_out_channels[0]);
        let mlp = |g: &mut Graph, name: &str, t: Tensor| {
            let sinusoids = g.timestep_embedding(t, width, self.flip_sin_to_cos, self.freq_shift)?;
            g.scoped(name, |g| {
                let z = linear(g, "linear_1", sinusoids, width, wide)?;
                let h = g.activate(z, Activation::Silu)?;
                linear(g, "linear_2", h, wide, wide)
            })
        };
        let mut time = mlp(g, "time_embedding", t)?;
        let class = match (labels, self.class_embed_type, self.num_class_embeds) {
            (Some(labels), Some(ClassEmbedType::Timestep), _) => Some(mlp(g, "class_embedding", labels)?),
            (Some(labels), None, Some(rows)) => Some(embedding(g, "class_embedding", labels, rows, wide)?),
            _ => None,
        };
        if let Some(class) = class {
            time = g.add(time, class)?;
        }
        g.activate(time, self.act_fn)
    }
}

impl Builder<'_> {
    fn norm(&self, activation: Option<Activation>) -> Norm {
        Norm { groups: self.config.norm_num_groups, eps: self.config.norm_eps, activation }
    }

    fn down(&self, g: &mut Graph, x: Tensor, level: usize, skips: &mut Vec<Tensor>) -> Result<Tensor> {
        let config = self.config;
        let (width, last) = (config.block_out_channels[level], level + 1 == config.block_out_channels.len());
        let attends = config.down_block_types[level] == DownBlockType::AttnDownBlock2D;
        let mut h = x;
        for layer in 0..config.layers_per_block {
            h = self.resnet(g, &format!("resnets.{layer}"), &[h], width, Resample::None, 1.0)?;
            if attends {
                h = self.attention(g, &format!("attentions.{layer}"), h, Some(config.norm_num_groups), 1.0)?;
            }
            skips.push(h);
        }
        if !last {
            h = if attends && config.downsample_type == ResampleType::Resnet {
                self.resnet(g, "downsamplers.0", &[h], width, Resample::Halve, 1.0)?
            } else {
                let pad_before = config.downsample_padding;
                conv2d(g, "downsamplers.0.conv", h, width, Conv2d { stride: 2, pad_before, ..Conv2d::SAME3 }, None)?
            };
            skips.push(h);
        }
        Ok(h)
    }

    fn middle(&self, g: &mut Graph, x: Tensor) -> Result<Tensor> {
        let config = self.config;
        let (width, divisor) = (g.shape(x)[3], config.mid_block_scale_factor);
        let mut h = self.resnet(g, "resnets.0", &[x], width, Resample::None, divisor)?;
        if config.add_attention {
            // With adaptive norms, diffusers leaves the middle's attention without one unless it is told its groups.
            let plain = config.resnet_time_scale_shift == TimeScaleShift::Default;
            let groups = config.attn_norm_num_groups.or(plain.then_some(config.norm_num_groups));
            h = self.attention(g, "attentions.0", h, groups, divisor)?;
        }
        self.resnet(g, "resnets.1", &[h], width, Resample::None, divisor)
    }

    fn up(&self, g: &mut Graph, x: Tensor, step: usize, skips: &mut Vec<Tensor>) -> Result<Tensor> {
        let config = self.config;
        let levels = config.block_out_channels.len();
        let width = config.block_out_channels[levels - 1 - step];
        let attends = config.up_block_types[step] == UpBlockType::AttnUpBlock2D;
        let mut h = x;
        for layer in 0..config.layers_per_block + 1 {
            let missing = || Error::Shape { op: "unet", label: g.full_name(""), message: "has no skip left for this block".into() };
            let skip = skips.pop().ok_or_else(missing)?;
            h = self.resnet(g, &format!("resnets.{layer}"), &[h, skip], width, Resample::None, 1.0)?;
            if attends {
                h = self.attention(g, &format!("attentions.{layer}"), h, Some(config.norm_num_groups), 1.0)?;
            }
        }
        if step + 1 == levels {
            return Ok(h);
        }
        if attends && config.upsample_type == ResampleType::Resnet {
            return self.resnet(g, "upsamplers.0", &[h], width, Resample::Double, 1.0);
        }
        conv2d(g, "upsamplers.0.conv", h, width, Conv2d { upsample: 2, ..Conv2d::SAME3 }, None)
    }

    /// `ResnetBlock2D`: norm, activation, convolution, time embedding, norm, activation, convolution, plus the input. `x` is one
    /// tensor, or two whose channels lie side by side: neither its norm nor its shortcut needs them joined.
    fn resnet(&self, g: &mut Graph, name: &str, x: &[Tensor], outputs: usize, resample: Resample, divisor: f64) -> Result<Tensor> {
        let config = self.config;
        g.scoped(name, |g| {
            let (inputs, wide) = (x.iter().map(|x| g.shape(*x)[3]).sum::<usize>(), g.shape(self.time)[1]);
            let adaptive = config.resnet_time_scale_shift == TimeScaleShift::ScaleShift;
            let norm = self.norm(Some(config.act_fn));
            // The shortcut comes first, so that the sum can ride behind the last convolution.
            let shortcut = match (x, resample) {
                (&[a, b], _) if inputs != outputs => pointwise_of_two(g, "conv_shortcut", [a, b], outputs)?,
                (&[a, b], _) => g.concat(a, b, 3)?,
                (_, Resample::None) => x[0],
                (_, Resample::Halve) => g.avg_pool2(x[0])?,
                (_, Resample::Double) => g.upsample2(x[0])?,
            };
            let shortcut = match x {
                [_] if inputs != outputs => conv2d(g, "conv_shortcut", shortcut, outputs, Conv2d::POINTWISE, None)?,
                _ => shortcut,
            };
            let time = linear(g, "time_emb_proj", self.time, wide, if adaptive { 2 * outputs } else { outputs })?;
            let (shift, film) = if adaptive { (None, Some(time)) } else { (Some(time), None) };
            let mut h = group_norm(g, "norm1", x, norm, None)?;
            if resample == Resample::Halve {
                h = g.avg_pool2(h)?;
            }
            let upsample = if resample == Resample::Double { 2 } else { 1 };
            h = conv2d(g, "conv1", h, outputs, Conv2d { upsample, ..Conv2d::SAME3 }, shift)?;
            h = group_norm(g, "norm2", &[h], norm, film)?;
            h = conv2d(g, "conv2", h, outputs, Conv2d::SAME3, None)?;
            let sum = g.add(h, shortcut)?;
            divided(g, sum, divisor)
        })
    }

    /// Self-attention over the pixels, plus the input. `groups` of the norm before it, if there is one.
    fn attention(&self, g: &mut Graph, name: &str, x: Tensor, groups: Option<usize>, divisor: f64) -> Result<Tensor> {
        let config = self.config;
        g.scoped(name, |g| {
            let shape: Shape = g.shape(x).clone();
            let (batch, tokens, channels) = (shape[0], shape[1] * shape[2], shape[3]);
            let heads = channels / config.attention_head_dim.unwrap_or(channels);
            let rows = g.reshape(x, [batch, tokens, channels])?;
            let mut h = rows;
            if let Some(groups) = groups {
                h = group_norm(g, "group_norm", &[h], Norm { groups, eps: config.norm_eps, activation: None }, None)?;
            }
            let qkv = linears(g, &["to_q", "to_k", "to_v"], h, channels, channels)?;
            let y = g.attention(qkv, heads)?;
            let y = linear(g, "to_out.0", y, channels, channels)?;
            let sum = g.add(y, rows)?;
            let sum = divided(g, sum, divisor)?;
            g.reshape(sum, shape)
        })
    }
}

fn divided(g: &mut Graph, x: Tensor, divisor: f64) -> Result<Tensor> {
    if divisor == 1.0 { Ok(x) } else { g.scale(x, 1.0 / divisor) }
}
