//! The questions as they are asked of a run on a device.

use super::diagnose::{EmaFacts, Finding, data_range, ema_finding, one_step_finding, one_step_levels};
use super::{
    Asked, Band, Decoder, Draws, Likelihood, OneStep, Probe, Process, ScoreLevel, ScoreMap, VariationalBound, band_losses, bands,
    likelihood, mean_and_error, mixture, one_step, schedule_finding, score_error, score_map, variational_bound,
};
use crate::data::ImageSet;
use crate::diffusion::GaussianMixture2;
use crate::plan::Backend;
use crate::train::{SampleOptions, Trainer, WeightsChoice};
use crate::{Error, Result};
use serde::Serialize;

/// Losses of the bands of a schedule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LossBands {
    /// From the least noisy up.
    pub bands: Vec<Band>,
}

/// Errors of the predicted noise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoreErrors {
    /// From the least noisy up.
    pub levels: Vec<ScoreLevel>,
}

/// What the network sees in a single step, ready to be drawn; arrays are `[levels, n, dim]`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pictures {
    /// Of each level, ascending.
    pub timesteps: Vec<usize>,
    /// Rows of an image; 1 for points.
    pub side: usize,
    /// Channels of an image; 2, the coordinates, for points.
    pub channels: usize,
    /// `x_t`.
    pub noised: Vec<f32>,
    /// `x̂_0`.
    pub predicted: Vec<f32>,
    /// Mean squared error per level.
    pub error: Vec<f64>,
}

/// What was found, in this order: data range, one step, moving average, schedule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diagnosis {
    /// One for each.
    pub findings: Vec<Finding>,
}

/// A run to be asked: its probe, its device and its images.
pub struct Subject<'a> {
    /// Made for `trainer`.
    pub probe: &'a mut Probe,
    /// The device of both.
    pub backend: &'a mut dyn Backend,
    /// The run.
    pub trainer: &'a Trainer,
    /// The images that it has been given, if it learns images.
    pub images: Option<&'a ImageSet>,
}

/// Draws that a diagnosis looks at: points cost next to nothing.
const DIAGNOSED_POINTS: usize = 2048;
const DIAGNOSED_IMAGES: usize = 64;
/// Draws behind [`Subject::score_error`].
const SCORED: usize = 512;

fn at_most(field: &str, value: usize, most: usize) -> Result<()> {
    if (1..=most).contains(&value) {
        return Ok(());
    }
    Err(Error::config(field, format!("{value} is out of range: choose a number from 1 to {most}")))
}

impl Subject<'_> {
    fn process(&self) -> Result<Process> {
        Process::new(&self.trainer.config().schedule)
    }

    fn draws(&self, count: usize, seed: u32) -> Result<Draws> {
        at_most("count", count, 65_536)?;
        Draws::new(self.trainer.config(), self.images, count, seed)
    }

    /// The exact distribution that the network without classes should have learned, if it is known.
    fn exact(&self) -> Result<Option<GaussianMixture2>> {
        let config = self.trainer.config();
        let able = config.classes().is_none_or(|classes| classes.no_class().is_some());
        Ok(mixture(config).filter(|_| able))
    }

    /// The draws without their classes, if the network can do without: what it says is then about all data together.
    fn unlabelled(&self, count: usize, seed: u32) -> Result<Option<Draws>> {
        let draws = self.draws(count, seed)?;
        let able = self.trainer.config().classes().is_none_or(|classes| classes.no_class().is_some());
        Ok(able.then_some(Draws { labels: Vec::new(), ..draws }))
    }

    fn network(&mut self, weights: WeightsChoice) -> Asked<'_> {
        self.probe.ask(self.backend, self.trainer, weights)
    }

    /// The mean unweighted loss of `bands` bands of timesteps, over `count` draws each, of both sets of parameters.
    ///
    /// # Errors
    /// [`Error::Config`] naming what was asked wrongly, or the device's own error; so for all questions.
    pub async fn loss_bands(&mut self, count: usize, of: usize) -> Result<LossBands> {
        at_most("bands", of, 1000)?;
        let (process, draws) = (self.process()?, self.draws(count, 0)?);
        let mut found = Vec::new();
        for (from, to) in bands(&process, of) {
            let ema = band_losses(&mut self.network(WeightsChoice::Ema), &process, &draws, (from, to)).await?;
            let raw = band_losses(&mut self.network(WeightsChoice::Raw), &process, &draws, (from, to)).await?;
            found.push(Band { from, to, loss: mean_and_error(&ema).0, loss_raw: mean_and_error(&raw).0 });
        }
        Ok(LossBands { bands: found })
    }

    /// Learned against exact noise at `levels` timesteps; `None` unless the exact one is known, of all classes together.
    pub async fn score_error(&mut self, levels: usize) -> Result<Option<ScoreErrors>> {
        at_most("levels", levels, 1000)?;
        let (Some(data), Some(draws)) = (self.exact()?, self.unlabelled(SCORED, 0)?) else { return Ok(None) };
        let process = self.process()?;
        let levels = score_error(&mut self.network(WeightsChoice::Ema), &process, &data, &draws, levels).await?;
        Ok(Some(ScoreErrors { levels }))
    }

    /// Both scores on a grid; `None` unless the exact one is known.
    pub async fn score_map(&mut self, timestep: usize, grid: usize, extent: f64) -> Result<Option<ScoreMap>> {
        let Some(data) = self.exact()? else { return Ok(None) };
        let process = self.process()?;
        score_map(&mut self.network(WeightsChoice::Ema), &process, &data, timestep, grid, extent).await.map(Some)
    }

    /// Bits per dimension of `count` fresh points by the probability-flow ODE. Each `seed` has points and noise of its own, so that
    /// answers of several may be averaged.
    pub async fn likelihood(&mut self, count: usize, steps: usize, seed: u32) -> Result<Likelihood> {
        if self.trainer.config().images.is_some() {
            return Err(Error::config(
                "images",
                "the likelihood of images is not computed: ask it of a run on points, or ask for the variational bound",
            ));
        }
        let (process, exact) = (self.process()?, self.exact()?);
        // A network that must be told the class has the density of its class.
        let draws = match self.unlabelled(count, seed)? {
            Some(draws) => draws,
            None => self.draws(count, seed)?,
        };
        likelihood(&mut self.network(WeightsChoice::Ema), &process, &draws, exact.as_ref(), steps).await
    }

    /// The variational bound over `count` draws, its sum over timesteps in `terms` parts. Each `seed` has draws and noise of its
    /// own, and the same timesteps.
    pub async fn variational_bound(&mut self, count: usize, terms: usize, seed: u32) -> Result<VariationalBound> {
        at_most("terms", terms, 4000)?;
        let (process, draws) = (self.process()?, self.draws(count, seed)?);
        let decoder = match &self.trainer.config().images {
            Some(images) => Decoder::Discretised { range: images.scale },
            None => Decoder::Gaussian,
        };
        variational_bound(&mut self.network(WeightsChoice::Ema), &process, &draws, decoder, terms).await
    }

    /// What `count` draws are taken for in a single step from each of `levels` levels.
    pub async fn one_step(&mut self, count: usize, levels: usize) -> Result<Pictures> {
        at_most("levels", levels, 1000)?;
        at_most("count", count, 4096)?;
        let (process, draws) = (self.process()?, self.draws(count, 0)?);
        let seen = OneStep::over_schedule(&mut self.network(WeightsChoice::Ema), &process, &draws, levels).await?;
        let (side, channels) = self.trainer.config().images.as_ref().map_or((1, 2), |images| (images.side, images.channels));
        let OneStep { timesteps, noised, predicted, error, .. } = seen;
        let [noised, predicted] = [noised, predicted].map(|values| values.into_iter().map(|v| v as f32).collect());
        Ok(Pictures { timesteps, side, channels, noised, predicted, error })
    }

    /// Looks for what may spoil the samples drawn by `options`.
    pub async fn diagnose(&mut self, options: &SampleOptions) -> Result<Diagnosis> {
        let config = self.trainer.config().clone();
        options.validate(&config)?;
        let process = self.process()?;
        let draws = self.draws(if config.images.is_some() { DIAGNOSED_IMAGES } else { DIAGNOSED_POINTS }, 0)?;
        let whole = (0, process.steps() - 1);
        let losses = band_losses(&mut self.network(WeightsChoice::Ema), &process, &draws, whole).await?;
        let raw = band_losses(&mut self.network(WeightsChoice::Raw), &process, &draws, whole).await?;
        // Whether the network has learned is asked of the better parameters: that the average lags is told by `ema` alone.
        let better = if mean_and_error(&raw).0 < mean_and_error(&losses).0 { WeightsChoice::Raw } else { WeightsChoice::Ema };
        let levels = one_step_levels(&process, &draws);
        let seen = one_step(&mut self.network(better), &process, &draws, &levels).await?;
        let state = self.trainer.snapshot(self.backend).await?;
        let (mut apart, mut norm) = (0.0, 0.0);
        for (ema, param) in state.ema.iter().zip(&state.param) {
            apart += f64::from(ema - param).powi(2);
            norm += f64::from(*param).powi(2);
        }
        let step = state.step();
        let young = f64::from(1 + step) / f64::from(10 + step);
        let decay = config.training.ema_decay.min(young);
        let facts = EmaFacts { losses, raw, distance: (apart / f64::max(norm, f64::MIN_POSITIVE)).sqrt(), decay, step };
        let findings = vec![
            data_range(&config, &draws),
            one_step_finding(&seen, step),
            ema_finding(&facts),
            schedule_finding(&config, options, draws.variance())?,
        ];
        Ok(Diagnosis { findings })
    }
}
