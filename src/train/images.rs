//! Runs on images: the data set, how classes come in, and the U-Net; and the presets of the page.

use serde::{Deserialize, Serialize};

use super::config::{Config, OptimizerConfig, within};
use super::memory::MAX_BINDING;
use crate::data::ImageSet;
use crate::diffusion::{BetaSchedule, ScheduleConfig};
use crate::graph::ops::pixels::image_words;
use crate::graph::{Graph, Tensor};
use crate::nn::{DownBlockType, UnetConfig, UpBlockType, embedding};
use crate::{Error, Result};

/// Where the images come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ImageDataset {
    /// Handwritten digits (LeCun, Cortes and Burges).
    #[default]
    Mnist,
    /// Pieces of clothing (1708.07747).
    FashionMnist,
    /// The user's own.
    Own,
}

/// How the model learns of an image's class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ClassConditioning {
    /// Not at all.
    None,
    /// A row of a table is added to the time embedding; the row after the last class stands for "no class".
    #[default]
    Embedding,
    /// A row of four numbers is laid over the image as further channels, as in the Hugging Face diffusion course, unit 2.
    Concat,
}

/// Channels of the class in [`ClassConditioning::Concat`].
const CLASS_CHANNELS: usize = 4;
/// A run on images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct ImageConfig {
    /// Where the images come from.
    pub dataset: ImageDataset,
    /// Images in the set: room for so many is kept on the device.
    pub count: usize,
    /// Pixels per side.
    pub side: usize,
    /// 1 for grey, 3 for colour.
    pub channels: usize,
    /// Classes of the labels; 1 for a set without.
    pub classes: usize,
    /// How the model learns of them.
    pub conditioning: ClassConditioning,
    /// Share of labels that training replaces by "no class", so that sampling can be guided (2207.12598).
    pub label_dropout: f64,
    /// Pixels lie in [-scale, scale]. Noise has a deviation of 1: another scale than 1 shows what becomes of data that nobody
    /// normalised.
    pub scale: f64,
    /// The denoiser.
    pub unet: UnetConfig,
}

impl Default for ImageConfig {
    fn default() -> Self {
        Preset::Small.images(ImageDataset::Mnist)
    }
}

/// The models offered by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// 14×14 pixels: for tests and for machines without a GPU.
    Tiny,
    /// 28×28 at about 0.1 GFLOP per image and training step: the page's own.
    Small,
    /// The U-Net of the Hugging Face diffusion course, unit 2.
    Course,
}

impl Preset {
    /// All of them.
    pub const ALL: [Preset; 3] = [Preset::Tiny, Preset::Small, Preset::Course];

    fn unet(self) -> UnetConfig {
        use {DownBlockType as D, UpBlockType as U};
        let common = UnetConfig { norm_num_groups: 4, ..UnetConfig::default() };
        match self {
            Preset::Tiny => UnetConfig {
                sample_size: 14,
                down_block_types: vec![D::DownBlock2D, D::AttnDownBlock2D],
                up_block_types: vec![U::AttnUpBlock2D, U::UpBlock2D],
                block_out_channels: vec![8, 16],
                layers_per_block: 1,
                ..common
            },
            Preset::Small => UnetConfig {
                down_block_types: vec![D::DownBlock2D, D::DownBlock2D, D::AttnDownBlock2D],
                up_block_types: vec![U::AttnUpBlock2D, U::UpBlock2D, U::UpBlock2D],
                block_out_channels: vec![8, 16, 32],
                layers_per_block: 1,
                ..common
            },
            Preset::Course => UnetConfig::default(),
        }
    }

    fn images(self, dataset: ImageDataset) -> ImageConfig {
        let mut unet = self.unet();
        let conditioning = ClassConditioning::default();
        unet.num_class_embeds = Some(11);
        let side = unet.sample_size;
        ImageConfig { dataset, count: 60_000, side, channels: 1, classes: 10, conditioning, label_dropout: 0.1, scale: 1.0, unet }
    }

    /// A whole run.
    pub fn config(self, dataset: ImageDataset) -> Config {
        let (batch_size, learning_rate) = match self {
            Preset::Tiny => (64, 3e-3),
            Preset::Small => (64, 2e-3),
            Preset::Course => (128, 1e-3),
        };
        Config {
            images: Some(self.images(dataset)),
            schedule: ScheduleConfig { beta_schedule: BetaSchedule::SquaredcosCapV2, ..ScheduleConfig::default() },
            training: OptimizerConfig { batch_size, learning_rate, ..OptimizerConfig::default() },
            ..Config::default()
        }
    }
}

impl ImageConfig {
    /// Rows of the class table: the classes and, if labels are dropped, one for "no class".
    pub fn class_rows(&self) -> usize {
        self.classes + usize::from(self.label_dropout > 0.0)
    }

    /// The label that stands for "no class", if the model has it.
    pub fn no_class(&self) -> Option<u32> {
        (self.is_conditional() && self.label_dropout > 0.0).then_some(self.classes as u32)
    }

    /// Whether the model is told the class.
    pub fn is_conditional(&self) -> bool {
        self.conditioning != ClassConditioning::None
    }

    /// An empty set for this run's images.
    ///
    /// # Errors
    /// [`Error::Data`] if an extent is out of range, which [`ImageConfig::validate`] would have said.
    pub fn empty_set(&self) -> Result<ImageSet> {
        ImageSet::new(self.side, self.channels, self.classes)
    }

    /// Words of four bytes that an image takes on the device: each begins with a word of its own.
    pub(super) fn words_per_image(&self) -> usize {
        image_words([self.side, self.side, self.channels])
    }

    /// Sets how the class comes in, and what the U-Net must have for it.
    pub fn set_conditioning(&mut self, conditioning: ClassConditioning) {
        self.conditioning = conditioning;
        self.unet.num_class_embeds = (conditioning == ClassConditioning::Embedding).then(|| self.class_rows());
        self.unet.in_channels = self.channels + if conditioning == ClassConditioning::Concat { CLASS_CHANNELS } else { 0 };
    }

    /// Checks every field.
    ///
    /// # Errors
    /// [`Error::Config`] naming the field as `images.…`.
    pub fn validate(&self) -> Result<()> {
        within("images.count", self.count as f64, 1.0, 1e7)?;
        within("images.side", self.side as f64, 1.0, 256.0)?;
        within("images.classes", self.classes as f64, 1.0, 256.0)?;
        within("images.label_dropout", self.label_dropout, 0.0, 1.0)?;
        within("images.scale", self.scale, 0.01, 100.0)?;
        if ![1, 3].contains(&self.channels) {
            return Err(Error::config("images.channels", format!("{} channels: choose 1 (grey) or 3 (colour)", self.channels)));
        }
        let bytes = 4 * self.words_per_image();
        if self.count > MAX_BINDING / bytes {
            let message = format!("{} images of {bytes} bytes exceed 128 MiB: choose at most {}", self.count, MAX_BINDING / bytes);
            return Err(Error::config("images.count", message));
        }
        self.unet.validate("images.unet.")?;
        let same = |key: &str, value: usize, wanted: usize, why: &str| {
            if value == wanted {
                return Ok(());
            }
            Err(Error::config(format!("images.unet.{key}"), format!("{value} does not go with {why}: it must be {wanted}")))
        };
        let mut fitting = self.clone();
        fitting.set_conditioning(self.conditioning);
        same("sample_size", self.unet.sample_size, self.side, "images.side")?;
        same("out_channels", self.unet.out_channels, self.channels, "images.channels")?;
        same("in_channels", self.unet.in_channels, fitting.unet.in_channels, "images.channels and images.conditioning")?;
        let rows = |unet: &UnetConfig| unet.num_class_embeds.unwrap_or(0);
        same("num_class_embeds", rows(&self.unet), rows(&fitting.unet), "images.classes and images.conditioning")?;
        if self.unet.class_embed_type.is_some() {
            let message = "embeds labels as numbers: for classes leave it null and use num_class_embeds";
            return Err(Error::config("images.unet.class_embed_type", message));
        }
        Ok(())
    }

    /// Appends the model: predicted noise `[B, side, side, channels]` for `x` of that shape at `t [B]`, with `labels [B]` if the
    /// model is told the class.
    pub(super) fn build(&self, g: &mut Graph, x: Tensor, t: Tensor, labels: Option<Tensor>) -> Result<Tensor> {
        match (self.conditioning, labels) {
            (ClassConditioning::Concat, Some(labels)) => {
                let batch = g.shape(x)[0];
                let class = embedding(g, "class_emb", labels, self.class_rows(), CLASS_CHANNELS)?;
                let class = g.reshape(class, [batch, 1, 1, CLASS_CHANNELS])?;
                let class = g.broadcast_to(class, [batch, self.side, self.side, CLASS_CHANNELS])?;
                let x = g.concat(x, class, 3)?;
                self.unet.build(g, x, t, None)
            }
            (_, labels) => self.unet.build(g, x, t, labels),
        }
    }
}
