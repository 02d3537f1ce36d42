//! What is measured, and how patiently.

use serde::Serialize;

use super::growth::Axis;
use super::timing::Patience;
use crate::plan::DeviceKind;
use crate::train::config::Config;
use crate::train::images::{ImageDataset, Preset};
use crate::train::options::SampleOptions;

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS), ts(rename = "BenchDepth"))]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// A first answer.
    Quick,
    /// All batches on a GPU; the smallest where there is none.
    #[default]
    Standard,
    /// All batches everywhere, and how cost grows.
    Full,
}

impl Depth {
    /// The depth of this name.
    pub fn named(name: &str) -> Option<Depth> {
        match name {
            "quick" => Some(Depth::Quick),
            "standard" => Some(Depth::Standard),
            "full" => Some(Depth::Full),
            _ => None,
        }
    }

    /// Time for the repeats of one measurement.
    pub fn patience(self) -> Patience {
        match self {
            Depth::Quick => Patience { repeat: 30.0, all: 300.0, most: 5 },
            Depth::Standard => Patience { repeat: 100.0, all: 1500.0, most: 9 },
            Depth::Full => Patience { repeat: 200.0, all: 3000.0, most: 15 },
        }
    }

    /// Seconds that a case may be expected to take; it is left out beyond.
    pub fn limit(self) -> f64 {
        match self {
            Depth::Quick => 15.0,
            Depth::Standard => 90.0,
            Depth::Full => 600.0,
        }
    }
}

/// One thing to measure.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// By which it is asked for: `train/course-8`.
    pub name: String,
    /// What is done.
    pub work: Work,
}

/// What a case does.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// Steps of training, with a clock around every kernel.
    Training(Config),
    /// A sampling run.
    Sampling(Config, Box<SampleOptions>),
    /// Steps of training along an axis.
    Growth(Axis),
}

/// The 2D models: the page's own, and one that other engines' figures are known for.
fn points() -> [(&'static str, Config); 2] {
    let mut wide = Config::default();
    wide.model.width = 256;
    wide.training.batch_size = 1024;
    [("mlp-256", wide), ("mlp-128", Config::default())]
}

/// A preset's run at this batch.
pub(super) fn preset(preset: Preset, batch: usize) -> Config {
    let mut config = preset.config(ImageDataset::Mnist);
    config.training.batch_size = batch;
    if let Some(images) = &mut config.images {
        // As many as any batch draws from; more would only take memory.
        images.count = 256;
    }
    config
}

/// Sixty-four digits in twenty steps of DDIM.
pub(super) fn digits() -> SampleOptions {
    SampleOptions { num_inference_steps: 20, num_samples: 64, max_frames: 2, ..SampleOptions::default() }
}

/// The cases for a machine, the least work first.
pub fn cases(depth: Depth, kind: DeviceKind) -> Vec<Case> {
    let case = |name: String, work| Case { name, work };
    let mut all: Vec<Case> = points().map(|(name, config)| case(format!("train/{name}"), Work::Training(config))).into();
    let batches: &[usize] = match depth {
        Depth::Full => &[8, 32, 128],
        Depth::Standard if kind == DeviceKind::Gpu => &[8, 32, 128],
        _ => &[8],
    };
    let named = [(Preset::Tiny, "tiny"), (Preset::Small, "small"), (Preset::Course, "course")];
    for (model, name) in named {
        all.extend(batches.iter().map(|batch| case(format!("train/{name}-{batch}"), Work::Training(preset(model, *batch)))));
    }
    for (model, name) in &named[1..] {
        all.push(case(format!("sample/{name}"), Work::Sampling(preset(*model, 8), Box::new(digits()))));
    }
    if depth == Depth::Full {
        all.extend(Axis::ALL.map(|axis| case(format!("growth/{}", axis.name()), Work::Growth(axis))));
    }
    all
}
