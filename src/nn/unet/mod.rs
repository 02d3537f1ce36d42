//! The denoiser of images: diffusers' `UNet2DModel`, the same network under the same names.

mod build;
mod diffusers;

use serde::{Deserialize, Serialize};

use crate::graph::Activation;
use crate::graph::ops::attention::{MAX_HEAD, MAX_TOKENS};
use crate::{Error, Result};

/// A block on the way down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub enum DownBlockType {
    /// Residual blocks.
    DownBlock2D,
    /// Residual blocks, each followed by self-attention.
    AttnDownBlock2D,
}

/// A block on the way up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub enum UpBlockType {
    /// Residual blocks.
    UpBlock2D,
    /// Residual blocks, each followed by self-attention.
    AttnUpBlock2D,
}

/// How blocks with attention change the resolution; those without do it by convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub enum ResampleType {
    /// A convolution of stride 2, or one behind a nearest upsampling.
    #[default]
    Conv,
    /// A residual block that averages or repeats pixels between its norm and its first convolution (BigGAN).
    Resnet,
}

/// How a residual block takes the time embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub enum TimeScaleShift {
    /// Added between its convolutions.
    #[default]
    Default,
    /// As scale and shift behind its second norm (adaptive group normalisation).
    ScaleShift,
}

/// What the class embedding is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub enum ClassEmbedType {
    /// The label is embedded as a timestep is.
    Timestep,
}

/// Shape of the U-Net: the keys of diffusers' `UNet2DModel` configuration, with its defaults but for the sizes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct UnetConfig {
    /// Pixels per side.
    pub sample_size: usize,
    /// Channels of the input.
    pub in_channels: usize,
    /// Channels of the output.
    pub out_channels: usize,
    /// The input is in `[0, 1]` and brought to `[-1, 1]` first.
    pub center_input_sample: bool,
    /// Subtracted from half the width in the time embedding's frequencies.
    pub freq_shift: f64,
    /// Cosines before sines in the time embedding.
    pub flip_sin_to_cos: bool,
    /// Blocks on the way down, at full resolution first.
    pub down_block_types: Vec<DownBlockType>,
    /// Blocks on the way up, at the lowest resolution first.
    pub up_block_types: Vec<UpBlockType>,
    /// Channels at each resolution.
    pub block_out_channels: Vec<usize>,
    /// Residual blocks per block on the way down; one more on the way up.
    pub layers_per_block: usize,
    /// The middle's residual sums are divided by this.
    pub mid_block_scale_factor: f64,
    /// Padding of the convolutions that halve: 1 on both sides, or 0 for one pixel behind only.
    pub downsample_padding: usize,
    /// How blocks with attention halve.
    pub downsample_type: ResampleType,
    /// How blocks with attention double.
    pub upsample_type: ResampleType,
    /// Non-linearity of the residual blocks.
    pub act_fn: Activation,
    /// Channels per attention head; one head if null.
    pub attention_head_dim: Option<usize>,
    /// Groups of every group normalisation.
    pub norm_num_groups: usize,
    /// Groups of the norm before the middle's attention, if they differ.
    pub attn_norm_num_groups: Option<usize>,
    /// Added to the variance in every norm.
    pub norm_eps: f64,
    /// How residual blocks take the time embedding.
    pub resnet_time_scale_shift: TimeScaleShift,
    /// Self-attention in the middle.
    pub add_attention: bool,
    /// What the class embedding is made of; a table of `num_class_embeds` rows if null.
    pub class_embed_type: Option<ClassEmbedType>,
    /// Rows of the class embedding; the model takes no labels if null.
    pub num_class_embeds: Option<usize>,
}

impl Default for UnetConfig {
    fn default() -> Self {
        UnetConfig {
            sample_size: 28,
            in_channels: 1,
            out_channels: 1,
            center_input_sample: false,
            freq_shift: 0.0,
            flip_sin_to_cos: true,
            down_block_types: vec![DownBlockType::DownBlock2D, DownBlockType::AttnDownBlock2D, DownBlockType::AttnDownBlock2D],
            up_block_types: vec![UpBlockType::AttnUpBlock2D, UpBlockType::AttnUpBlock2D, UpBlockType::UpBlock2D],
            block_out_channels: vec![32, 64, 64],
            layers_per_block: 2,
            mid_block_scale_factor: 1.0,
            downsample_padding: 1,
            downsample_type: ResampleType::Conv,
            upsample_type: ResampleType::Conv,
            act_fn: Activation::Silu,
            attention_head_dim: Some(8),
            norm_num_groups: 32,
            attn_norm_num_groups: None,
            norm_eps: 1e-5,
            resnet_time_scale_shift: TimeScaleShift::Default,
            add_attention: true,
            class_embed_type: None,
            num_class_embeds: None,
        }
    }
}

impl UnetConfig {
    /// Whether the model takes class labels.
    pub fn takes_labels(&self) -> bool {
        self.num_class_embeds.is_some() || self.class_embed_type.is_some()
    }

    /// Checks every field and how they go together.
    ///
    /// # Errors
    /// [`Error::Config`] naming the key (below `prefix`), its value and what works.
    pub fn validate(&self, prefix: &str) -> Result<()> {
        let fail = |key: &str, message: String| Err(Error::config(format!("{prefix}{key}"), message));
        let range = |key: &str, value: usize, low: usize, high: usize| {
            if (low..=high).contains(&value) {
                return Ok(());
            }
            fail(key, format!("{value} is out of range: choose {low} to {high}"))
        };
        let levels = self.block_out_channels.len();
        range("sample_size", self.sample_size, 1, 256)?;
        range("in_channels", self.in_channels, 1, 64)?;
        range("out_channels", self.out_channels, 1, 64)?;
        range("layers_per_block", self.layers_per_block, 1, 8)?;
        range("downsample_padding", self.downsample_padding, 0, 1)?;
        if !(1..=6).contains(&levels) {
            return fail("block_out_channels", format!("has {levels} entries: choose 1 to 6, one per resolution"));
        }
        for (key, len) in [("down_block_types", self.down_block_types.len()), ("up_block_types", self.up_block_types.len())] {
            if len != levels {
                return fail(key, format!("has {len} entries, block_out_channels has {levels}: they must be as many"));
            }
        }
        let halvings = 1 << (levels - 1);
        if !self.sample_size.is_multiple_of(halvings) {
            let message =
                format!("{} cannot be halved {} times without a rest: choose a multiple of {halvings}", self.sample_size, levels - 1);
            return fail("sample_size", message);
        }
        range("norm_num_groups", self.norm_num_groups, 1, 512)?;
        for &channels in &self.block_out_channels {
            range("block_out_channels", channels, 2, 1024)?;
            if !channels.is_multiple_of(self.norm_num_groups) {
                let message =
                    format!("{} does not divide {channels} channels: choose a common divisor of all widths", self.norm_num_groups);
                return fail("norm_num_groups", message);
            }
        }
        let first = self.block_out_channels[0];
        if !first.is_multiple_of(2) || (first / 2) as f64 <= self.freq_shift || !(0.0..=16.0).contains(&self.freq_shift) {
            let message = format!("{} leaves no frequencies for a time embedding of width {first}", self.freq_shift);
            return fail("freq_shift", message);
        }
        if !(self.norm_eps > 0.0 && self.norm_eps <= 1.0) {
            return fail("norm_eps", format!("{} is out of range: choose a number above 0, at most 1", self.norm_eps));
        }
        if !(self.mid_block_scale_factor.is_finite() && self.mid_block_scale_factor.abs() >= 1e-3) {
            return fail("mid_block_scale_factor", format!("{} is no divisor", self.mid_block_scale_factor));
        }
        if let Some(rows) = self.num_class_embeds {
            range("num_class_embeds", rows, 1, 1000)?;
        }
        let middle = self.block_out_channels[levels - 1];
        if let Some(groups) = self.attn_norm_num_groups.filter(|_| self.add_attention)
            && (groups == 0 || !middle.is_multiple_of(groups))
        {
            return fail("attn_norm_num_groups", format!("{groups} does not divide the middle's {middle} channels"));
        }
        self.validate_attention(&fail)
    }

    /// Every level with attention must have few enough tokens and heads of a width that fits.
    fn validate_attention(&self, fail: &impl Fn(&str, String) -> Result<()>) -> Result<()> {
        let levels = self.block_out_channels.len();
        for level in 0..levels {
            let (down, up) = (self.down_block_types[level], self.up_block_types[levels - 1 - level]);
            let key = match (down, up) {
                (DownBlockType::AttnDownBlock2D, _) => "down_block_types",
                (_, UpBlockType::AttnUpBlock2D) => "up_block_types",
                _ if level + 1 == levels && self.add_attention => "add_attention",
                _ => continue,
            };
            let (side, channels) = (self.sample_size >> level, self.block_out_channels[level]);
            if side * side > MAX_TOKENS {
                let message = format!("attention at {side}×{side} pixels is too much: at most 16×16, so use a block without it there");
                return fail(key, message);
            }
            let dim = self.attention_head_dim.unwrap_or(channels);
            if dim == 0 || !channels.is_multiple_of(dim) || dim > MAX_HEAD {
                let message = format!("{dim} does not split {channels} channels into heads of 1 to {MAX_HEAD}: choose a divisor");
                return fail("attention_head_dim", message);
            }
        }
        Ok(())
    }
}
