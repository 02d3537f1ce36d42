//! Speed, measured the same way natively and in browsers: training, sampling, every kernel, and the machine's peaks beside them.

mod cases;
mod growth;
mod kernels;
mod peaks;
mod sampling;
mod timing;
mod training;

use serde::Serialize;

pub use cases::{Case, Depth, Work, cases};
pub use growth::{Axis, Growth, Point};
pub use kernels::KernelShare;
pub use peaks::Peaks;
pub use sampling::Sampling;
pub use timing::{Patience, Timing};
pub use training::{Gain, Training};

use super::cost::{sampling_cost, step_cost};
use crate::Result;
use crate::plan::{Backend, DeviceInfo};

/// What came of a case.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS), ts(rename = "BenchOutcome"))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outcome {
    /// It was training.
    Training(Training),
    /// It was sampling.
    Sampling(Sampling),
    /// It was training along an axis.
    Growth(Growth),
    /// It was left out: it would have taken too long.
    Skipped {
        /// Name of the case.
        name: String,
        /// Seconds that it was expected to take.
        expected: f64,
        /// Seconds that a case may take.
        limit: f64,
    },
}

/// All that was measured on a backend.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS), ts(rename = "BenchReport"))]
pub struct Report {
    /// Who did the work.
    pub adapter: DeviceInfo,
    /// How much was measured.
    pub depth: Depth,
    /// What a plain kernel gets out of the machine.
    pub peaks: Peaks,
    /// The cases, in order.
    pub outcomes: Vec<Outcome>,
}

/// What is told while it is measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS), ts(rename = "BenchEvent"))]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The machine's peaks are known; the cases follow.
    Peaks {
        /// Who does the work.
        adapter: DeviceInfo,
        /// They.
        peaks: Peaks,
    },
    /// A case begins.
    Began {
        /// Its name.
        name: String,
        /// Cases before it.
        done: usize,
        /// All cases.
        of: usize,
    },
    /// A case has ended.
    Ended {
        /// What came of it.
        outcome: Box<Outcome>,
    },
}

/// Floating-point operations per millisecond, as far as they are known.
struct Speed {
    /// Of the case before.
    last: f64,
    /// The highest so far.
    best: f64,
}

impl Speed {
    /// What the next case may reach: larger models use a machine better than the smaller ones before them.
    fn next(&self) -> f64 {
        (self.last * self.best).sqrt()
    }

    fn measured(&mut self, gflops: f64) {
        self.last = gflops * 1e6;
        self.best = self.best.max(self.last);
    }

    /// Seconds that a case is expected to take.
    fn expects(&self, backend: &dyn Backend, work: &Work, patience: &Patience) -> Result<f64> {
        match work {
            // Tuning takes two more, the profile one.
            Work::Training(config) => Ok(patience.seconds(1.7 * step_cost(config, &backend.tuning())?.operations as f64 / self.next())),
            Work::Sampling(config, options) => {
                let step = sampling_cost(config, options, &backend.tuning())?.operations;
                Ok(patience.seconds(step as f64 * options.num_inference_steps as f64 / self.next()))
            }
            // It looks at its own limit, place by place.
            Work::Growth(_) => Ok(0.0),
        }
    }
}

/// Measures one case.
///
/// # Errors
/// Those of a run.
pub async fn measure(backend: &mut dyn Backend, case: &Case, peaks: &Peaks, depth: Depth) -> Result<Outcome> {
    let (name, patience) = (case.name.as_str(), &depth.patience());
    Ok(match &case.work {
        Work::Training(config) => Outcome::Training(Training::measure(backend, name, config, peaks, patience).await?),
        Work::Sampling(config, options) => Outcome::Sampling(Sampling::measure(backend, name, config, options, patience).await?),
        Work::Growth(axis) => Outcome::Growth(Growth::measure(backend, name, *axis, depth.limit() / 4.0, patience).await?),
    })
}

/// Measures the peaks and every case; `report` is told as it goes.
///
/// # Errors
/// Those of a run.
pub async fn suite(backend: &mut dyn Backend, cases: &[Case], depth: Depth, report: &mut dyn FnMut(&Event)) -> Result<Report> {
    let peaks = Peaks::measure(backend, &depth.patience()).await?;
    let adapter = backend.info().clone();
    report(&Event::Peaks { adapter: adapter.clone(), peaks: peaks.clone() });
    // A friendly guess until there is something to go by: whoever asks for one case alone is to see it.
    let guess = 0.25 * peaks.gflops * 1e6;
    let mut speed = Speed { last: guess, best: guess };
    let (mut outcomes, patience) = (Vec::new(), depth.patience());
    for (done, case) in cases.iter().enumerate() {
        report(&Event::Began { name: case.name.clone(), done, of: cases.len() });
        let expected = speed.expects(backend, &case.work, &patience)?;
        let outcome = if expected > depth.limit() {
            Outcome::Skipped { name: case.name.clone(), expected, limit: depth.limit() }
        } else {
            measure(backend, case, &peaks, depth).await?
        };
        match &outcome {
            Outcome::Training(Training { gflops, .. }) | Outcome::Sampling(Sampling { gflops, .. }) => speed.measured(*gflops),
            _ => {}
        }
        report(&Event::Ended { outcome: Box::new(outcome.clone()) });
        outcomes.push(outcome);
    }
    Ok(Report { adapter, depth, peaks, outcomes })
}
