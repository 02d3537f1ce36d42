//! Runs on small MNIST digits as tests drive them; `images.rs` must be a module beside this one.
#![allow(dead_code, reason = "each test binary uses its share")]

use std::collections::BTreeMap;
use std::sync::Mutex;

use pollster::block_on;
use unnoise::cpu::CpuBackend;
use unnoise::data::ImageSet;
use unnoise::gpu::{Gpu, GpuBackend};
use unnoise::plan::Backend;
use unnoise::train::{Config, ImageDataset, Preset, Snapshot, Trainer};

use super::images::{Split, load};

/// The GPU backend and the CPU's. No adapter is a failure, never a skip.
pub fn backends() -> Vec<Box<dyn Backend>> {
    let gpu = block_on(Gpu::request()).expect("a Vulkan adapter; in software: apt-get install mesa-vulkan-drivers");
    vec![Box::new(GpuBackend::new(gpu)), Box::new(CpuBackend::<f32>::new())]
}

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
