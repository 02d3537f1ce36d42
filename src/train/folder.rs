//! Models as diffusers keeps them: a folder with `UNet2DModel`'s configuration and weights and a scheduler's configuration, which
//! `UNet2DModel.from_pretrained`, `DDPMScheduler.from_pretrained` and `DDPMPipeline.from_pretrained` load.

use std::collections::{BTreeMap, HashMap};

use serde_json::json;

use super::config::{Config, OptimizerConfig};
use super::images::{ClassConditioning, ImageConfig, ImageDataset};
use super::programs::training_step;
use super::snapshot::Snapshot;
use super::tensors::{self, Stored};
use super::trainer::Trainer;
use crate::diffusion::{SamplerConfig, SamplerName, ScheduleConfig, TimestepSpacing, read_scheduler_config, write_scheduler_config};
use crate::graph::{Graph, ParamTable, TensorType};
use crate::nn::UnetConfig;
use crate::{Error, Result};

/// Names of the files, in the order in which [`Folder::write`] gives them: model, weights, scheduler, index.
pub const FILES: [&str; 4] =
    ["unet/config.json", "unet/diffusion_pytorch_model.safetensors", "scheduler/scheduler_config.json", "model_index.json"];

/// The class table of [`ClassConditioning::Concat`], which lies beside the U-Net's own weights.
const CLASS_TABLE: &str = "class_emb.weight";

/// A U-Net with its weights and the noise schedule it was trained for.
#[derive(Debug, Clone, PartialEq)]
pub struct Folder {
    /// The network.
    pub unet: UnetConfig,
    /// The noise schedule.
    pub schedule: ScheduleConfig,
    /// Every parameter by its name in the state dict, in PyTorch's layout.
    tensors: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
}

/// The parameters that a U-Net has.
fn parameters(unet: &UnetConfig) -> Result<ParamTable> {
    let mut g = Graph::new();
    let x = g.resource("x", TensorType::f32([1, unet.sample_size, unet.sample_size, unet.in_channels]))?;
    let t = g.resource("t", TensorType::u32([1]))?;
    let labels = if unet.takes_labels() { Some(g.resource("labels", TensorType::u32([1]))?) } else { None };
    unet.build(&mut g, x, t, labels)?;
    Ok(g.params().clone())
}

impl Folder {
    /// Reads the three files that make a model; without a scheduler's, the schedule is `DDPMScheduler`'s own.
    ///
    /// # Errors
    /// [`Error::Config`] naming the key that cannot be used, and [`Error::Checkpoint`] naming the first tensor that is missing, of
    /// another shape than the configuration wants, or belongs to no parameter.
    pub fn read(config: &str, weights: &[u8], scheduler: Option<&str>) -> Result<Folder> {
        let unet = UnetConfig::from_diffusers(config)?;
        // How to sample is left to the page.
        let schedule = match scheduler {
            Some(text) => read_scheduler_config(text)?.1,
            None => ScheduleConfig::default(),
        };
        let file = tensors::open(weights)?;
        let mut read = BTreeMap::new();
        for param in parameters(&unet)?.iter() {
            let shape = param.file_shape();
            let values = tensors::floats(&file, &param.name, &shape)?;
            read.insert(param.name.clone(), (shape, values));
        }
        if let Ok(table) = file.tensor(CLASS_TABLE) {
            let shape = table.shape().to_vec();
            let values = tensors::floats(&file, CLASS_TABLE, &shape)?;
            read.insert(CLASS_TABLE.into(), (shape, values));
        }
        if let Some(surplus) = file.names().into_iter().find(|name| !read.contains_key(*name)) {
            let message = "belongs to no parameter of the model in config.json: the two do not go together";
            return Err(Error::checkpoint(surplus, message));
        }
        Ok(Folder { unet, schedule, tensors: read })
    }

    /// The files' contents, in the order of [`FILES`].
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if the weights cannot be written, [`Error::Config`] if the schedule cannot, which no folder made by
    /// this crate leads to.
    pub fn write(&self) -> Result<[Vec<u8>; 4]> {
        let stored = self.tensors.iter().map(|(name, (shape, values))| (name, Stored::floats(shape.clone(), values)));
        // What diffusers wants to see before it loads a file.
        let metadata = HashMap::from([("format".to_string(), "pt".to_string())]);
        let weights = safetensors::serialize(stored, Some(metadata)).map_err(|e| Error::checkpoint("file", e.to_string()))?;
        let class = if self.schedule.is_flow() { "FlowMatchEulerDiscreteScheduler" } else { "DDPMScheduler" };
        let index = json!({
            "_class_name": "DDPMPipeline",
            "scheduler": ["diffusers", class],
            "unet": ["diffusers", "UNet2DModel"],
        });
        let index = format!("{index:#}\n").into_bytes();
        Ok([
            self.unet.to_diffusers().into_bytes(),
            weights,
            write_scheduler_config(&self.schedule, &scheduler(&self.schedule))?.into_bytes(),
            index,
        ])
    }

    /// The model of a run on images: the moving average of its parameters.
    ///
    /// # Errors
    /// [`Error::Config`] if the run learns points.
    pub fn of(snapshot: &Snapshot) -> Result<Folder> {
        let Some(images) = &snapshot.config.images else {
            return Err(Error::config("images", "only models of images can be kept as diffusers does; save this run as a checkpoint"));
        };
        let params = training_step(&snapshot.config)?.params().clone();
        let tensors = params.iter().map(|p| (p.name.clone(), (p.file_shape(), p.read(&snapshot.ema)))).collect();
        Ok(Folder { unet: images.unet.clone(), schedule: snapshot.config.schedule.clone(), tensors })
    }

    /// An arena laid out by `params` with this model's values.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming the first parameter that the folder has not, or not in that shape.
    pub fn arena(&self, params: &ParamTable) -> Result<Vec<f32>> {
        let mut arena = vec![0.0; params.arena_len(true)];
        for param in params.iter() {
            let wanted = param.file_shape();
            match self.tensors.get(&param.name) {
                Some((shape, values)) if *shape == wanted => param.write(values, &mut arena),
                Some((shape, _)) => return Err(Error::checkpoint(&param.name, format!("is {shape:?}, expected {wanted:?}"))),
                None => return Err(Error::checkpoint(&param.name, format!("is missing; expected with shape {wanted:?}"))),
            }
        }
        Ok(arena)
    }

    /// A run on images that goes on from these weights, at step 0.
    ///
    /// A class table of eleven rows is taken as ten classes and "no class", one of another size as classes only. Batch and
    /// optimiser are those of `training`.
    ///
    /// # Errors
    /// [`Error::Config`] if the model is none that runs on images can train: other channels out than in, for example.
    pub fn snapshot(&self, dataset: ImageDataset, training: OptimizerConfig) -> Result<Snapshot> {
        let unet = self.unet.clone();
        let table = self.tensors.get(CLASS_TABLE).map(|(shape, _)| shape[0]);
        let (conditioning, rows) = match (unet.num_class_embeds, table) {
            (Some(rows), _) => (ClassConditioning::Embedding, rows),
            (None, Some(rows)) => (ClassConditioning::Concat, rows),
            (None, None) => (ClassConditioning::None, 11),
        };
        let classes = if rows == 11 { 10 } else { rows };
        let label_dropout = if rows > classes { 0.1 } else { 0.0 };
        let (side, channels) = (unet.sample_size, unet.out_channels);
        let images = ImageConfig { dataset, side, channels, classes, conditioning, label_dropout, unet, ..ImageConfig::default() };
        let config = Config { images: Some(images), schedule: self.schedule.clone(), training, ..Config::default() };
        let mut snapshot = Trainer::initial(&config)?;
        snapshot.param = self.arena(training_step(&config)?.params())?;
        snapshot.ema.clone_from(&snapshot.param);
        Ok(snapshot)
    }
}

/// The scheduler that goes with a model's folder: DDPM's, with predictions kept in the range of images, or flow matching's.
fn scheduler(schedule: &ScheduleConfig) -> SamplerConfig {
    let sampler = SamplerConfig { num_inference_steps: 1, ..SamplerConfig::default() };
    if schedule.is_flow() {
        return SamplerConfig { sampler: SamplerName::Euler, timestep_spacing: TimestepSpacing::Linspace, ..sampler };
    }
    SamplerConfig { sampler: SamplerName::Ddpm, clip_sample: true, ..sampler }
}
