//! Memory of a run, planned before anything is allocated.

use serde::Serialize;

use super::config::Config;
use super::options::SampleOptions;
use super::programs::training_step;
use super::reverse::{sampling_start, sampling_step};
use super::sampler::Sampler;
use crate::graph::{Graph, Tuning};
use crate::plan::Plan;
use crate::{Error, Result};

/// `maxStorageBufferBindingSize` of every WebGPU device: what a kernel can be given at once.
pub(super) const MAX_BINDING: usize = 128 << 20;

/// Bytes on the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub struct MemoryPlan {
    /// Of a training run, the data set included.
    #[cfg_attr(all(test, not(target_arch = "wasm32")), ts(type = "number"))]
    pub training_bytes: u64,
    /// Of that, the data set.
    #[cfg_attr(all(test, not(target_arch = "wasm32")), ts(type = "number"))]
    pub data_bytes: u64,
    /// What sampling takes beside it.
    #[cfg_attr(all(test, not(target_arch = "wasm32")), ts(type = "number"))]
    pub sampling_bytes: u64,
    /// Largest batch whose buffers every WebGPU device can bind.
    pub largest_batch: usize,
    /// Parameters of the model.
    pub parameters: usize,
}

/// Bytes of a program's buffers without those that others share; `shared` names the latter.
fn bytes(plan: &Plan, shared: &[&str]) -> u64 {
    let resources = plan.resources.iter().filter(|r| !shared.contains(&r.name.as_str()));
    plan.own_bytes() + resources.map(|r| 4 * r.len as u64).sum::<u64>()
}

/// Largest buffer that a kernel of a training step is given.
fn training_binding(config: &Config) -> Result<usize> {
    match training_step(config) {
        Ok(graph) => largest_binding(&graph, &Tuning::GPU),
        // A batch too large for any shape: buffers grow with the batch, so half of it tells half of the bytes.
        Err(Error::Shape { .. }) if config.training.batch_size > 1 => {
            Ok(2 * training_binding(&with_batch(config, config.training.batch_size / 2))?)
        }
        Err(error) => Err(error),
    }
}

/// Largest buffer that a kernel of the program is given.
fn largest_binding(graph: &Graph, tuning: &Tuning) -> Result<usize> {
    let plan = Plan::compile(graph, tuning)?;
    Ok(plan.dispatches.iter().flat_map(|d| &d.bindings).map(|b| 4 * b.len).max().unwrap_or(0))
}

fn with_batch(config: &Config, batch_size: usize) -> Config {
    let mut config = config.clone();
    config.training.batch_size = batch_size;
    config
}

/// Largest batch that fits.
fn largest_batch(config: &Config) -> Result<usize> {
    let taken = |batch| activation_binding(&with_batch(config, batch));
    // Activations grow with the batch: two sizes tell how fast the largest of them does.
    let (small, large) = (taken(16)?, taken(32)?);
    let per_image = large.saturating_sub(small).div_ceil(16).max(1);
    let mut batch = (16 + MAX_BINDING.saturating_sub(small) / per_image).clamp(1, 65_536);
    while batch > 1 && training_binding(&with_batch(config, batch))? > MAX_BINDING {
        batch -= batch.div_ceil(64);
    }
    Ok(batch)
}

/// Largest of a training step's own buffers that grow with the batch: where sums do not wait, there is none that does not.
fn activation_binding(config: &Config) -> Result<usize> {
    let plan = Plan::compile(&training_step(config)?, &Tuning::CPU)?;
    Ok(plan.slots.iter().map(|slot| 4 * slot.len).max().unwrap_or(0))
}

/// Whether every kernel of a run on images can be given its buffers.
///
/// # Errors
/// [`Error::Config`] for `training.batch_size` with the limit and the largest batch that fits.
pub(super) fn check(config: &Config) -> Result<()> {
    let taken = training_binding(config)?;
    if taken <= MAX_BINDING {
        return Ok(());
    }
    let message = format!(
        "{} images need a buffer of {} MiB; WebGPU's maxStorageBufferBindingSize is 128 MiB: choose at most {}",
        config.training.batch_size,
        taken.div_ceil(1 << 20),
        largest_batch(config)?
    );
    Err(Error::config("training.batch_size", message))
}

impl MemoryPlan {
    /// Of training `config` and sampling it by `options` on a device of this tuning.
    ///
    /// # Errors
    /// [`Error::Config`] for bad input.
    pub fn new(config: &Config, options: &SampleOptions, tuning: &Tuning) -> Result<MemoryPlan> {
        config.validate()?;
        let graph = training_step(config)?;
        let plan = Plan::compile(&graph, tuning)?;
        let shape = Sampler::shape(config, options)?;
        let start = Plan::compile(&sampling_start(config, shape)?, tuning)?;
        let step = Plan::compile(&sampling_step(config, graph.params(), shape)?, tuning)?;
        let data = plan.resources.iter().filter(|r| ["data", "pixels", "labels"].contains(&r.name.as_str()));
        // Both programs of a sampling run work on the same buffers, and on the run's parameters.
        let names: Vec<&str> = start.resources.iter().map(|r| r.name.as_str()).chain(["param"]).collect();
        Ok(MemoryPlan {
            training_bytes: bytes(&plan, &[]),
            data_bytes: data.map(|r| 4 * r.len as u64).sum(),
            sampling_bytes: bytes(&start, &[]) + bytes(&step, &names),
            largest_batch: largest_batch(config)?,
            parameters: graph.params().count(),
        })
    }
}
