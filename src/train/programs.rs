//! The graphs of a run: one training step, the start of a sampling run, one sampling step.

use super::config::Config;
use crate::Result;
use crate::diffusion::{ForwardTable, Schedule};
use crate::graph::ops::optimizer::RunState;
use crate::graph::ops::reverse::{GUIDE_COLUMNS, Reverse, column};
use crate::graph::ops::state::{counter, scalar};
use crate::graph::{Graph, ParamTable, Shape, Tensor, TensorType};

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
/// Reads the resource `data [size, 2]`, or `pixels [count, words]` and `labels [count]`; works on `param`, `grad`, `m`, `v`, `ema`, `counters`, `scalars`, `losses`.
pub(super) fn training_step(config: &Config) -> Result<Graph> {
    let mut g = Graph::new();
    let batch = config.training.batch_size;
    let counters = g.resource("counters", TensorType::u32([counter::LEN]))?;
    let schedule = Schedule::new(&config.schedule)?;
    let pairs = ForwardTable::new(&schedule).pairs_f32();
    let flat: Vec<f64> = pairs.into_iter().flatten().map(f64::from).collect();
    let steps = config.schedule.num_train_timesteps;
    let table = g.constant([steps, 2], &flat)?;

    let (x0, labels) = draw(&mut g, config, counters)?;
    let t = g.uniform_int(counters, stream::TIMESTEP, batch, steps)?;
    let noise = g.normal(counters, stream::NOISE, g.shape(x0).clone())?;
    let xt = g.blend(x0, noise, t, table)?;
    let prediction = predict(&mut g, config, xt, t, labels)?;
    let loss = g.mse(prediction, noise, None)?;

    let grads = g.grad_into_arena(loss)?;
    let partials = g.square_sums(grads)?;
    let scalars = g.resource("scalars", TensorType::f32([scalar::LEN]))?;
    let losses = g.resource("losses", TensorType::f32([RING]))?;
    let run = RunState { counters, scalars, losses };
    g.finish_step(partials, loss, run)?;
    g.adamw(run)?;
    Ok(g)
}

/// A batch of the data, and the labels that the model is told, if it is.
fn draw(g: &mut Graph, config: &Config, counters: Tensor) -> Result<(Tensor, Option<Tensor>)> {
    let batch = config.training.batch_size;
    let Some(images) = &config.images else {
        let size = config.data.size;
        let data = g.resource("data", TensorType::f32([size, DIM]))?;
        let index = g.uniform_int(counters, stream::BATCH, batch, size)?;
        return Ok((g.gather(data, index)?, None));
    };
    let pixels = g.resource("pixels", TensorType::u32([images.count, images.words_per_image()]))?;
    // Of the images that are there: training begins while the rest arrive.
    let index = g.uniform_below(counters, stream::BATCH, batch, counter::DATA_COUNT)?;
    let x0 = g.gather_pixels(pixels, index, [images.side, images.side, images.channels])?;
    if !images.is_conditional() {
        return Ok((x0, None));
    }
    let labels = g.resource("labels", TensorType::u32([images.count]))?;
    let labels = g.gather(labels, index)?;
    let labels = match images.no_class() {
        Some(none) => g.drop_labels(labels, counters, stream::LABEL, images.label_dropout, none)?,
        None => labels,
    };
    Ok((x0, Some(labels)))
}

/// The predicted noise.
pub(super) fn predict(g: &mut Graph, config: &Config, x: Tensor, t: Tensor, labels: Option<Tensor>) -> Result<Tensor> {
    match &config.images {
        Some(images) => images.build(g, x, t, labels),
        None => config.model.build(g, x, t),
    }
}

/// Shape of `count` samples.
pub(super) fn samples_shape(config: &Config, count: usize) -> Shape {
    match &config.images {
        Some(images) => [count, images.side, images.side, images.channels].into(),
        None => [count, DIM].into(),
    }
}

/// What a sampling program is made for; another needs another program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SampleShape {
    pub count: usize,
    pub frames: usize,
    /// Fresh noise enters the steps.
    pub noise: bool,
    /// Predicted clean samples stay within [-1, 1].
    pub clip: bool,
    /// Predictions with and without the class are mixed.
    pub guided: bool,
}

struct SampleBuffers {
    counters: Tensor,
    x: Tensor,
    frames: Tensor,
}

fn sample_buffers(g: &mut Graph, config: &Config, shape: SampleShape) -> Result<SampleBuffers> {
    let x = samples_shape(config, shape.count);
    let frames = [shape.frames, x.elements()];
    Ok(SampleBuffers {
        counters: g.resource("sample counters", TensorType::u32([counter::LEN]))?,
        x: g.resource("x", TensorType::f32(x))?,
        frames: g.resource("frames", TensorType::f32(frames))?,
    })
}

/// `x_T ~ N(0, I)`, kept as the first frame.
pub(super) fn sampling_start(config: &Config, shape: SampleShape) -> Result<Graph> {
    let mut g = Graph::new();
    let SampleBuffers { counters, x, frames } = sample_buffers(&mut g, config, shape)?;
    let noise = g.normal(counters, stream::SAMPLE_START, samples_shape(config, shape.count))?;
    g.place(noise, x, 0)?;
    g.place(noise, frames, 0)?;
    Ok(g)
}

/// One reverse step: the predicted noise, and the update by this step's row of the table. Runs on images keep the predicted
/// clean image of every frame as well.
pub(super) fn sampling_step(config: &Config, params: &ParamTable, shape: SampleShape) -> Result<Graph> {
    let mut g = Graph::with_params(params.clone());
    let SampleBuffers { counters, x, frames } = sample_buffers(&mut g, config, shape)?;
    let rows = config.schedule.num_train_timesteps;
    let times = g.resource("times", TensorType::f32([rows]))?;
    let coefficients = g.resource("coefficients", TensorType::f32([rows, column::COUNT]))?;
    let conditional = config.images.as_ref().is_some_and(|images| images.is_conditional());
    let evaluated = if shape.guided { 2 * shape.count } else { shape.count };
    let t = g.at_step(times, counters, evaluated)?;
    let labels = if conditional { Some(g.resource("sample labels", TensorType::u32([evaluated]))?) } else { None };
    let prediction = if shape.guided {
        let twice = g.concat(x, x, 0)?;
        let both = predict(&mut g, config, twice, t, labels)?;
        let table = g.resource("guidance", TensorType::f32([rows, GUIDE_COLUMNS]))?;
        g.guide(both, table, counters, true, None)?
    } else {
        predict(&mut g, config, x, t, labels)?
    };
    let noise = if shape.noise { Some(g.normal(counters, stream::SAMPLE_STEP, samples_shape(config, shape.count))?) } else { None };
    let predicted = match &config.images {
        Some(_) => Some(g.resource("predicted", g.ty(frames).clone())?),
        None => None,
    };
    let with = Reverse { coefficients, counters, frames, predicted, noise, history: None, clean: None, clip: shape.clip };
    g.linear_step(x, prediction, with)?;
    g.next_step(counters)?;
    Ok(g)
}
