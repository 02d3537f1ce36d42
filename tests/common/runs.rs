//! Training runs as tests drive them.
#![allow(dead_code, reason = "each test binary uses its share")]

use unnoise::Result;
use unnoise::plan::Backend;
use unnoise::train::{Config, Progress, Trainer};

/// A model small enough for a software adapter.
pub fn small() -> Config {
    let mut config = Config::default();
    config.data.size = 1000;
    config.model.width = 20;
    config.model.hidden_layers = 2;
    config.model.time_embedding = 16;
    config.training.batch_size = 33;
    config
}

/// Runs `steps` steps, `together` of them in one submit, and returns the report.
pub async fn train(backend: &mut dyn Backend, trainer: &mut Trainer, steps: usize, together: usize) -> Result<Progress> {
    let mut left = steps;
    while left > 0 {
        trainer.run(backend, left.min(together))?;
        left -= left.min(together);
    }
    trainer.report(backend).await
}
