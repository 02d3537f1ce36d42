//! The networks in Burn's operations, as its own modules call them; images are `[B, C, H, W]`.

use std::collections::BTreeMap;

use burn::tensor::activation::silu;
use burn::tensor::module::{attention, conv2d, interpolate, linear};
use burn::tensor::ops::{AttentionModuleOptions, ConvOptions, InterpolateMode, InterpolateOptions};
use burn::tensor::{Int, Tensor};
use unnoise::nn::{DownBlockType, UnetConfig, UpBlockType};
use unnoise::train::Config;

/// A parameter. Weights of linear layers are `[in, out]` here, as Burn has them.
#[derive(Clone)]
pub enum Param {
    One(Tensor<1>),
    Two(Tensor<2>),
    Four(Tensor<4>),
}

/// Parameters by their names in PyTorch.
pub struct Params(pub BTreeMap<String, Param>);

/// What a pass is given.
pub struct Inputs {
    /// `[B, 1, side, side]`; points `[B, 2]` lie in the first and third axis.
    pub x: Tensor<4>,
    /// Cosines and sines of the timesteps.
    pub waves: Tensor<2>,
    pub labels: Tensor<1, Int>,
    /// Shaped like `x`.
    pub noise: Tensor<4>,
}

impl Params {
    fn one(&self, name: &str) -> Tensor<1> {
        match &self.0[name] {
            Param::One(t) => t.clone(),
            _ => panic!("{name} is no vector"),
        }
    }

    fn two(&self, name: &str) -> Tensor<2> {
        match &self.0[name] {
            Param::Two(t) => t.clone(),
            _ => panic!("{name} is no matrix"),
        }
    }

    fn four(&self, name: &str) -> Tensor<4> {
        match &self.0[name] {
            Param::Four(t) => t.clone(),
            _ => panic!("{name} is no weight of a convolution"),
        }
    }

    fn linear<const D: usize>(&self, name: &str, x: Tensor<D>) -> Tensor<D> {
        linear(x, self.two(&format!("{name}.weight")), Some(self.one(&format!("{name}.bias"))))
    }

    fn conv(&self, name: &str, x: Tensor<4>, stride: usize) -> Tensor<4> {
        let weight = self.four(&format!("{name}.weight"));
        let pad = (weight.dims()[2] - 1) / 2;
        let options = ConvOptions::new([stride; 2], [pad; 2], [1, 1], 1);
        conv2d(x, weight, Some(self.one(&format!("{name}.bias"))), options)
    }

    /// As `burn::nn::GroupNorm`.
    fn norm(&self, name: &str, x: Tensor<4>, config: &UnetConfig) -> Tensor<4> {
        let [batch, channels, height, width] = x.dims();
        let groups = config.norm_num_groups;
        let grouped = x.reshape([batch, groups, channels / groups * height * width]);
        let centred = grouped.clone().sub(grouped.mean_dim(2));
        let variance = centred.clone().square().mean_dim(2);
        let normal = centred.div(variance.add_scalar(config.norm_eps).sqrt()).reshape([batch, channels, height, width]);
        let per_channel = |what: &str| self.one(&format!("{name}.{what}")).reshape([1, channels, 1, 1]);
        normal.mul(per_channel("weight")).add(per_channel("bias"))
    }
}

/// Predicted noise.
pub fn network(p: &Params, config: &Config, inputs: &Inputs) -> Tensor<4> {
    match &config.images {
        Some(images) => unet(p, &images.unet, inputs),
        None => {
            let [batch, _, dim, _] = inputs.x.dims();
            let mut h = Tensor::cat(vec![inputs.waves.clone(), inputs.x.clone().reshape([batch, dim])], 1);
            for layer in 0..config.model.hidden_layers {
                h = silu(p.linear(&format!("net.{}", 2 * layer), h));
            }
            p.linear(&format!("net.{}", 2 * config.model.hidden_layers), h).reshape([batch, 1, dim, 1])
        }
    }
}

fn unet(p: &Params, c: &UnetConfig, inputs: &Inputs) -> Tensor<4> {
    let h = silu(p.linear("time_embedding.linear_1", inputs.waves.clone()));
    let class = p.two("class_embedding.weight").select(0, inputs.labels.clone());
    let time = silu(p.linear("time_embedding.linear_2", h) + class);

    let resnet = |name: String, x: Tensor<4>| {
        let shortcut = format!("{name}.conv_shortcut");
        let straight = if p.0.contains_key(&format!("{shortcut}.weight")) { p.conv(&shortcut, x.clone(), 1) } else { x.clone() };
        let [batch, _, _, _] = x.dims();
        let rows = p.linear(&format!("{name}.time_emb_proj"), time.clone());
        let width = rows.dims()[1];
        let h = p.conv(&format!("{name}.conv1"), silu(p.norm(&format!("{name}.norm1"), x, c)), 1);
        let h = h + rows.reshape([batch, width, 1, 1]);
        p.conv(&format!("{name}.conv2"), silu(p.norm(&format!("{name}.norm2"), h, c)), 1) + straight
    };
    let attend = |name: String, x: Tensor<4>| {
        let [batch, channels, height, width] = x.dims();
        let heads = channels / c.attention_head_dim.unwrap_or(channels);
        let tokens = p.norm(&format!("{name}.group_norm"), x.clone(), c).reshape([batch, channels, height * width]).swap_dims(1, 2);
        let split = |layer: &str| {
            let y = p.linear(&format!("{name}.{layer}"), tokens.clone());
            y.reshape([batch, height * width, heads, channels / heads]).swap_dims(1, 2)
        };
        let y = attention(split("to_q"), split("to_k"), split("to_v"), None, None, AttentionModuleOptions::default());
        let y = p.linear(&format!("{name}.to_out.0"), y.swap_dims(1, 2).reshape([batch, height * width, channels]));
        y.swap_dims(1, 2).reshape([batch, channels, height, width]) + x
    };

    let levels = c.block_out_channels.len();
    let mut h = p.conv("conv_in", inputs.x.clone(), 1);
    let mut skips = vec![h.clone()];
    for level in 0..levels {
        let block = format!("down_blocks.{level}");
        for layer in 0..c.layers_per_block {
            h = resnet(format!("{block}.resnets.{layer}"), h);
            if c.down_block_types[level] == DownBlockType::AttnDownBlock2D {
                h = attend(format!("{block}.attentions.{layer}"), h);
            }
            skips.push(h.clone());
        }
        if level + 1 < levels {
            h = p.conv(&format!("{block}.downsamplers.0.conv"), h, 2);
            skips.push(h.clone());
        }
    }
    h = resnet("mid_block.resnets.0".into(), h);
    h = attend("mid_block.attentions.0".into(), h);
    h = resnet("mid_block.resnets.1".into(), h);
    for step in 0..levels {
        let block = format!("up_blocks.{step}");
        for layer in 0..=c.layers_per_block {
            let skip = skips.pop().expect("as many skips as were pushed");
            h = resnet(format!("{block}.resnets.{layer}"), Tensor::cat(vec![h, skip], 1));
            if c.up_block_types[step] == UpBlockType::AttnUpBlock2D {
                h = attend(format!("{block}.attentions.{layer}"), h);
            }
        }
        if step + 1 < levels {
            let double = InterpolateOptions::new(InterpolateMode::Nearest).with_scale_factor([2.0, 2.0]);
            h = p.conv(&format!("{block}.upsamplers.0.conv"), interpolate(h, double), 1);
        }
    }
    p.conv("conv_out", silu(p.norm("conv_norm_out", h, c)), 1)
}
