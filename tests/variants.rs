//! Which variant of its kernels a run is given is a matter of speed: it learns the same to the last bit.
#![cfg(not(target_arch = "wasm32"))]

#[path = "common/machines.rs"]
mod machines;

use pollster::block_on;
use unnoise::graph::{Tuning, Variant};
use unnoise::plan::Backend;
use unnoise::train::{Config, ImageDataset, Preset, Trainer};

/// A U-Net small enough for a software adapter, with widths at which every variant has something to do.
fn config() -> Config {
    let mut config = Preset::Tiny.config(ImageDataset::Mnist);
    config.training.batch_size = 3;
    if let Some(images) = &mut config.images {
        images.unet.block_out_channels = vec![16, 32];
    }
    config
}

/// Parameters and moving average after three steps.
fn trained(backend: &mut dyn Backend) -> Vec<u32> {
    let config = config();
    let mut trainer = block_on(Trainer::new(backend, &config)).expect("a trainer");
    let images = config.images.as_ref().expect("a run on images");
    let mut set = images.empty_set().expect("a set");
    let pixels: Vec<u8> = (0..8 * images.side * images.side).map(|i| (i * 37 % 251) as u8).collect();
    set.push(&pixels, &[0, 1, 2, 3, 4, 5, 6, 7]).expect("images");
    trainer.add_images(backend, &set).expect("images");
    trainer.run(backend, 3).expect("three steps");
    let snapshot = block_on(trainer.snapshot(backend)).expect("a snapshot");
    assert!(snapshot.counters[0] == 3 && snapshot.param.iter().all(|v| v.is_finite()));
    trainer.destroy(backend);
    snapshot.param.iter().chain(&snapshot.ema).map(|v| v.to_bits()).collect()
}

#[test]
fn training_is_the_same_with_every_variant() {
    let mut backend = machines::gpu();
    backend.set_tuning(Tuning::GPU);
    let chosen = trained(&mut backend);
    for variant in Variant::ALL {
        backend.set_tuning(Tuning::GPU.forcing(variant));
        let forced = trained(&mut backend);
        let differing = chosen.iter().zip(&forced).filter(|(a, b)| a != b).count();
        assert_eq!(differing, 0, "{variant:?}: of {} values", chosen.len());
    }
}
