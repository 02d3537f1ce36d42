//! A sampling run on a clock.

use serde::Serialize;

use super::timing::{Patience, Repeatable, Timing};
use super::training::start;
use crate::Result;
use crate::plan::{Backend, Cost, LocalFuture};
use crate::train::config::Config;
use crate::train::cost::sampling_cost;
use crate::train::options::SampleOptions;
use crate::train::sampler::Sampler;
use crate::train::trainer::Trainer;

/// Speed of sampling.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS), ts(rename = "BenchSampling"))]
pub struct Sampling {
    /// Name of the case.
    pub name: String,
    /// Samples of a run.
    pub samples: usize,
    /// Evaluations of the network per sample.
    pub steps: usize,
    /// Milliseconds of a run, from its options to the samples on the host.
    pub run: Timing,
    /// Samples per second at the median.
    pub samples_per_second: f64,
    /// What a step computes and moves.
    pub cost: Cost,
    /// Billions of floating-point operations per second, of all launches.
    pub gflops: f64,
}

/// Runs of a sampler.
struct Runs<'a> {
    backend: &'a mut dyn Backend,
    trainer: Trainer,
    options: &'a SampleOptions,
    kept: Option<Sampler>,
    evaluations: usize,
}

impl Repeatable for Runs<'_> {
    fn run(&mut self, times: usize) -> LocalFuture<'_, Result<f64>> {
        Box::pin(async move {
            for _ in 0..times {
                let run = Sampler::run(&mut self.kept, self.backend, &self.trainer, self.options).await?.await?;
                self.evaluations = run.model_evaluations;
            }
            Ok(0.0)
        })
    }
}

impl Sampling {
    /// Measures sampling by an untrained model of `config`: it takes as long as a trained one.
    ///
    /// # Errors
    /// Those of a run.
    pub async fn measure(
        backend: &mut dyn Backend,
        name: &str,
        config: &Config,
        options: &SampleOptions,
        patience: &Patience,
    ) -> Result<Sampling> {
        let trainer = start(backend, config).await?;
        let mut runs = Runs { backend, trainer, options, kept: None, evaluations: 0 };
        let timed = patience.time(1, &mut runs).await;
        let Runs { backend, trainer, kept, evaluations, .. } = runs;
        if let Some(sampler) = kept {
            sampler.destroy(backend);
        }
        trainer.destroy(backend);
        let (run, _) = timed?;
        let cost = sampling_cost(config, options, &backend.tuning())?;
        Ok(Sampling {
            name: name.to_string(),
            samples: options.num_samples,
            steps: evaluations,
            samples_per_second: 1e3 * options.num_samples as f64 / run.median,
            gflops: run.billions((cost.operations * evaluations as u64) as f64),
            run,
            cost,
        })
    }
}
