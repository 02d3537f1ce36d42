//! The graph of a training step: of a denoiser, or of a classifier of noised samples.

use super::config::{Config, Goal};
use crate::Result;
use crate::diffusion::{PredictionType, Schedule, TimestepSampling, TrainingTables};
use crate::graph::ops::optimizer::RunState;
use crate::graph::ops::state::{counter, scalar};
use crate::graph::{Graph, Shape, Tensor, TensorType};
use crate::nn::image_logits;

/// Coordinates of a point.
const DIM: usize = 2;
/// Losses kept on the device; more steps than this must not go between two reads.
pub(super) const RING: usize = 1024;

/// Streams of random numbers, one per use.
pub(super) mod stream {
    pub const BATCH: u32 = 1;
    pub const TIMESTEP: u32 = 2;
    pub const NOISE: u32 = 3;
    pub const SAMPLE_START: u32 = 4;
    pub const SAMPLE_STEP: u32 = 5;
    pub const INIT: u32 = 6;
    pub const LABEL: u32 = 7;
}

/// One training step (DDPM, 2006.11239, algorithm 1): draw, noise, predict, compare, differentiate, update.
///
/// Reads the resource `data [size, 2]`, or `pixels [count, words]`, and `labels [count]` if it needs them; works on `param`, `grad`, `m`, `v`, `ema`, `counters`, `scalars`, `losses`.
pub(super) fn training_step(config: &Config) -> Result<Graph> {
    let mut g = Graph::new();
    let counters = g.resource("counters", TensorType::u32([counter::LEN]))?;
    let tables = TrainingTables::new(&Schedule::new(&config.schedule)?, &config.objective)?;

    let (x0, labels) = draw(&mut g, config, counters)?;
    let t = draw_timesteps(&mut g, config, counters)?;
    let noise = g.normal(counters, stream::NOISE, g.shape(x0).clone())?;
    let forward = pairs(&mut g, &tables.forward)?;
    let xt = g.blend(x0, noise, t, forward)?;
    let time = network_time(&mut g, config, &tables, t)?;
    let loss = match config.goal {
        Goal::Denoise => {
            let target = match config.schedule.prediction_type {
                PredictionType::Epsilon => noise,
                PredictionType::Sample => x0,
                PredictionType::VPrediction | PredictionType::FlowPrediction => {
                    let mixed = pairs(&mut g, &tables.target)?;
                    g.blend(x0, noise, t, mixed)?
                }
            };
            let prediction = predict(&mut g, config, xt, time, labels)?;
            // Where all weigh alike there is nothing to multiply.
            let weights = if tables.weight.iter().all(|w| *w == 1.0) {
                None
            } else {
                let table = g.constant([tables.weight.len()], &tables.weight)?;
                Some(g.gather(table, t)?)
            };
            g.mse(prediction, target, weights)?
        }
        Goal::Classify => {
            let logits = classify(&mut g, config, xt, time)?;
            let labels = labels.ok_or_else(|| crate::Error::config("goal", "these data have no classes to tell apart"))?;
            g.cross_entropy(logits, labels)?
        }
    };

    let grads = g.grad_into_arena(loss)?;
    let partials = g.square_sums(grads)?;
    let scalars = g.resource("scalars", TensorType::f32([scalar::LEN]))?;
    let losses = g.resource("losses", TensorType::f32([RING]))?;
    let run = RunState { counters, scalars, losses };
    g.finish_step(partials, loss, run)?;
    g.adamw(run)?;
    Ok(g)
}

/// A table of two factors per timestep.
fn pairs(g: &mut Graph, table: &[[f64; 2]]) -> Result<Tensor> {
    let flat: Vec<f64> = table.iter().flatten().copied().collect();
    g.constant([table.len(), 2], &flat)
}

/// Timesteps of a batch: each as likely as the others, or by their place in a list of quantiles.
fn draw_timesteps(g: &mut Graph, config: &Config, counters: Tensor) -> Result<Tensor> {
    let batch = config.training.batch_size;
    match config.objective.timestep_sampling {
        TimestepSampling::Uniform => g.uniform_int(counters, stream::TIMESTEP, batch, config.schedule.num_train_timesteps),
        TimestepSampling::LogitNormal => {
            let quantiles = g.resource("quantiles", TensorType::u32([TrainingTables::QUANTILES]))?;
            let index = g.uniform_int(counters, stream::TIMESTEP, batch, TrainingTables::QUANTILES)?;
            g.gather(quantiles, index)
        }
    }
}

/// What the network is told of the time: the timestep, or what flow matching has in its place.
fn network_time(g: &mut Graph, config: &Config, tables: &TrainingTables, t: Tensor) -> Result<Tensor> {
    if config.schedule.prediction_type != PredictionType::FlowPrediction {
        return Ok(t);
    }
    let times = g.constant([tables.times.len()], &tables.times)?;
    g.gather(times, t)
}

/// A batch of the data, and the labels that the network needs, if it does.
fn draw(g: &mut Graph, config: &Config, counters: Tensor) -> Result<(Tensor, Option<Tensor>)> {
    let batch = config.training.batch_size;
    let (x0, index, count) = match &config.images {
        None => {
            let size = config.data.size;
            let data = g.resource("data", TensorType::f32([size, DIM]))?;
            let index = g.uniform_int(counters, stream::BATCH, batch, size)?;
            (g.gather(data, index)?, index, size)
        }
        Some(images) => {
            let pixels = g.resource("pixels", TensorType::u32([images.count, images.words_per_image()]))?;
            // Of the images that are there: training begins while the rest arrive.
            let index = g.uniform_below(counters, stream::BATCH, batch, counter::DATA_COUNT)?;
            let x0 = g.gather_pixels(pixels, index, [images.side, images.side, images.channels])?;
            let x0 = if images.scale == 1.0 { x0 } else { g.scale(x0, images.scale)? };
            (x0, index, images.count)
        }
    };
    let classes = config.classes();
    if classes.is_none() && config.goal == Goal::Denoise {
        return Ok((x0, None));
    }
    let labels = g.resource("labels", TensorType::u32([count]))?;
    let labels = g.gather(labels, index)?;
    // A classifier is told the truth.
    let labels = match classes.and_then(|c| c.no_class()).filter(|_| config.goal == Goal::Denoise) {
        Some(none) => g.drop_labels(labels, counters, stream::LABEL, config.label_dropout(), none)?,
        None => labels,
    };
    Ok((x0, Some(labels)))
}

/// The network's output for `x` at `t`, told `labels` if it is a model that is.
pub(super) fn predict(g: &mut Graph, config: &Config, x: Tensor, t: Tensor, labels: Option<Tensor>) -> Result<Tensor> {
    match &config.images {
        Some(images) => images.build(g, x, t, labels),
        None => config.model.build(g, x, t, labels.zip(config.classes().map(|c| c.rows))),
    }
}

/// Logits of the classifier that goes with a run, for `x` at `t`.
pub(super) fn classify(g: &mut Graph, config: &Config, x: Tensor, t: Tensor) -> Result<Tensor> {
    match &config.images {
        Some(images) => image_logits(g, x, t, images.classes),
        None => config.model.logits(g, x, t, config.data.dataset.num_classes()),
    }
}

/// Shape of `count` samples.
pub(super) fn samples_shape(config: &Config, count: usize) -> Shape {
    match &config.images {
        Some(images) => [count, images.side, images.side, images.channels].into(),
        None => [count, DIM].into(),
    }
}
