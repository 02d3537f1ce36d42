//! What a run's programs compute and move.

use super::config::Config;
use super::options::SampleOptions;
use super::programs::training_step;
use super::reverse::sampling_step;
use super::sampler::Sampler;
use crate::Result;
use crate::graph::{Graph, Tuning};
use crate::plan::{Cost, Plan};

/// Of one training step.
///
/// # Errors
/// [`crate::Error::Config`] for a bad configuration.
pub fn step_cost(config: &Config, tuning: &Tuning) -> Result<Cost> {
    config.validate()?;
    of(&training_step(config)?, tuning)
}

/// Of one step of sampling `config` by `options`: the network, once for all samples, and the update.
///
/// # Errors
/// [`crate::Error::Config`] for bad input.
pub fn sampling_cost(config: &Config, options: &SampleOptions, tuning: &Tuning) -> Result<Cost> {
    config.validate()?;
    let shape = Sampler::shape(config, options)?;
    of(&sampling_step(config, training_step(config)?.params(), shape)?, tuning)
}

fn of(graph: &Graph, tuning: &Tuning) -> Result<Cost> {
    Ok(Cost::of(graph, &Plan::compile(graph, tuning)?, tuning))
}
