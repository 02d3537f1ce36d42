//! The graphs of a run: one training step, the start of a sampling run, one sampling step.

use super::config::Config;
use crate::Result;
use crate::diffusion::{ForwardTable, Schedule};
use crate::graph::ops::optimizer::RunState;
use crate::graph::ops::process::STEP_COLUMNS;
use crate::graph::ops::state::{counter, scalar};
use crate::graph::{Graph, ParamTable, Tensor, TensorType};

/// Coordinates of a point.
pub(super) const DIM: usize = 2;
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
}

/// One training step (DDPM, 2006.11239, algorithm 1): draw, noise, predict, compare, differentiate, update.
///
/// Reads the resource `data [size, 2]`; works on `param`, `grad`, `m`, `v`, `ema`, `counters`, `scalars`, `losses`.
pub(super) fn training_step(config: &Config) -> Result<Graph> {
    let mut g = Graph::new();
    let (batch, size) = (config.training.batch_size, config.data.size);
    let counters = g.resource("counters", TensorType::u32([counter::LEN]))?;
    let data = g.resource("data", TensorType::f32([size, DIM]))?;
    let schedule = Schedule::new(&config.schedule)?;
    let pairs = ForwardTable::new(&schedule).pairs_f32();
    let flat: Vec<f64> = pairs.into_iter().flatten().map(f64::from).collect();
    let steps = config.schedule.num_train_timesteps;
    let table = g.constant([steps, 2], &flat)?;

    let index = g.uniform_int(counters, stream::BATCH, batch, size)?;
    let t = g.uniform_int(counters, stream::TIMESTEP, batch, steps)?;
    let noise = g.normal(counters, stream::NOISE, [batch, DIM])?;
    let x0 = g.gather(data, index)?;
    let xt = g.blend(x0, noise, t, table)?;
    let prediction = config.model.build(&mut g, xt, t)?;
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

/// What a sampling program is made for; another needs another program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SampleShape {
    pub count: usize,
    pub frames: usize,
    /// Fresh noise enters the steps.
    pub noise: bool,
}

struct SampleBuffers {
    counters: Tensor,
    x: Tensor,
    frames: Tensor,
}

fn sample_buffers(g: &mut Graph, shape: SampleShape) -> Result<SampleBuffers> {
    Ok(SampleBuffers {
        counters: g.resource("sample counters", TensorType::u32([counter::LEN]))?,
        x: g.resource("x", TensorType::f32([shape.count, DIM]))?,
        frames: g.resource("frames", TensorType::f32([shape.frames, shape.count, DIM]))?,
    })
}

/// `x_T ~ N(0, I)`, kept as the first frame.
pub(super) fn sampling_start(shape: SampleShape) -> Result<Graph> {
    let mut g = Graph::new();
    let SampleBuffers { counters, x, frames } = sample_buffers(&mut g, shape)?;
    let noise = g.normal(counters, stream::SAMPLE_START, [shape.count, DIM])?;
    g.place(noise, x, 0)?;
    g.place(noise, frames, 0)?;
    Ok(g)
}

/// One reverse step `x ← c_x x + c_ε ε_θ(x, t) + c_z z`, coefficients and `t` from this step's row of the tables.
pub(super) fn sampling_step(config: &Config, params: &ParamTable, shape: SampleShape) -> Result<Graph> {
    let mut g = Graph::with_params(params.clone());
    let SampleBuffers { counters, x, frames } = sample_buffers(&mut g, shape)?;
    let rows = config.schedule.num_train_timesteps;
    let times = g.resource("times", TensorType::u32([rows]))?;
    let coefficients = g.resource("coefficients", TensorType::f32([rows, STEP_COLUMNS]))?;
    let t = g.at_step(times, counters, shape.count)?;
    let prediction = config.model.build(&mut g, x, t)?;
    let z = if shape.noise { Some(g.normal(counters, stream::SAMPLE_STEP, [shape.count, DIM])?) } else { None };
    g.linear_step(x, prediction, z, coefficients, counters, frames)?;
    g.next_step(counters)?;
    Ok(g)
}
