//! The whole state of a run in the host's memory: what a checkpoint holds, and what a lost device is restored from.

use super::config::Config;
use super::programs::{stream, training_step};
use crate::graph::ops::state::{counter, scalar};
use crate::graph::{Init, ParamTable};
use crate::threefry::Stream;

use super::config::LrSchedule;
use super::tune::Tuned;

/// State of a run at a step. The arenas are laid out by the model's [`ParamTable`].
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The run's configuration, the learning rate as last set.
    pub config: Config,
    /// See [`counter`].
    pub counters: Vec<u32>,
    /// See [`scalar`].
    pub scalars: Vec<f32>,
    /// Parameters.
    pub param: Vec<f32>,
    /// AdamW's first moment.
    pub m: Vec<f32>,
    /// AdamW's second moment.
    pub v: Vec<f32>,
    /// Moving average of the parameters.
    pub ema: Vec<f32>,
    /// The choices between variants of kernels that it was computed with, if there were any.
    pub tuned: Option<Tuned>,
}

impl Snapshot {
    /// The state before the first step: parameters drawn from the seed, element by element, so that every device starts alike.
    pub fn initial(config: &Config, params: &ParamTable) -> Self {
        let len = params.arena_len(true);
        let mut param = vec![0.0f32; len];
        for (index, entry) in params.iter().filter(|p| p.trainable).enumerate() {
            let mut random = Stream::new(config.seed, stream::INIT, index as u32);
            for at in entry.places() {
                param[at] = match entry.init {
                    Init::Zeros => 0.0,
                    Init::Ones => 1.0,
                    Init::Uniform(bound) => (bound * (2.0 * random.uniform() - 1.0)) as f32,
                    Init::Normal(std) => (std * random.normal()) as f32,
                };
            }
        }
        let mut counters = vec![0; counter::LEN];
        counters[counter::SEED] = config.seed;
        let training = &config.training;
        let mut scalars = vec![0.0; scalar::LEN];
        let cosine = if training.lr_schedule == LrSchedule::Cosine { training.total_steps as f32 } else { 0.0 };
        for (at, value) in [
            (scalar::BASE_RATE, training.learning_rate as f32),
            (scalar::RATE, training.learning_rate as f32),
            (scalar::COSINE_STEPS, cosine),
            (scalar::BETA1, training.beta1 as f32),
            (scalar::BETA2, training.beta2 as f32),
            (scalar::EPSILON, training.epsilon as f32),
            (scalar::WEIGHT_DECAY, training.weight_decay as f32),
            (scalar::BETA1_POWER, 1.0),
            (scalar::BETA2_POWER, 1.0),
            (scalar::MAX_NORM, training.max_grad_norm as f32),
            (scalar::CLIP, 1.0),
            (scalar::EMA_DECAY, training.ema_decay as f32),
        ] {
            scalars[at] = value;
        }
        let zeros = vec![0.0; len];
        Snapshot { config: config.clone(), counters, scalars, ema: param.clone(), param, m: zeros.clone(), v: zeros, tuned: None }
    }

    /// Number of parameters, without the arenas' padding.
    pub fn parameters(&self) -> usize {
        training_step(&self.config).map_or(0, |graph| graph.params().count())
    }

    /// Steps done.
    pub fn step(&self) -> u32 {
        self.counters[counter::STEP]
    }
}
