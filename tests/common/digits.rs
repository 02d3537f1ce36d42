//! Runs on small MNIST digits as tests drive them; `images.rs` and `machines.rs` must be modules beside this one.
#![allow(dead_code, reason = "each test binary uses its share")]

use std::collections::BTreeMap;
use std::sync::Mutex;

use pollster::block_on;
use unnoise::data::ImageSet;
use unnoise::plan::Backend;
use unnoise::train::{Config, ImageDataset, Preset, Snapshot, Trainer};

use super::images::{Split, load};
pub use super::machines::backends;

/// The first `count` digits at 14×14 pixels.
pub fn mnist(count: usize) -> &'static ImageSet {
    static SETS: Mutex<BTreeMap<usize, &'static ImageSet>> = Mutex::new(BTreeMap::new());
    let mut sets = SETS.lock().expect("no test panicked in here");
    sets.entry(count).or_insert_with(|| {
        let set = load("mnist", Split::Train, count).expect("packed");
        Box::leak(Box::new(set.resized(14).expect("a good side")))
    })
}

/// The preset `tiny` with room for `count` images.
pub fn tiny(count: usize, batch_size: usize) -> Config {
    let mut config = Preset::Tiny.config(ImageDataset::Mnist);
    config.training.batch_size = batch_size;
    if let Some(images) = &mut config.images {
        images.count = count;
    }
    config
}

/// The state of a run.
pub fn snapshot(backend: &mut dyn Backend, trainer: &Trainer) -> Snapshot {
    block_on(trainer.snapshot(backend)).expect("a snapshot")
}
