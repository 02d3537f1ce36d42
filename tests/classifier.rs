//! The judge of generated digits is a good one, and the page's tests get it as a file.
#![cfg(not(target_arch = "wasm32"))]

#[path = "common/classifier.rs"]
mod classifier;
#[path = "common/images.rs"]
mod images;

use std::fs;
use std::time::Instant;

use images::Split;
use pollster::block_on;
use unnoise::cpu::CpuBackend;
use unnoise::plan::Backend;
use unnoise::train::{Folder, ImageDataset, OptimizerConfig, SampleOptions, Sampler, Trainer};

/// Where the page's tests look for the classifier.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/test-output");

#[test]
fn it_recognises_98_of_100_test_digits() {
    let test = images::load("mnist", Split::Test, usize::MAX).expect("packed");
    let clock = Instant::now();
    let trained = classifier::mnist().expect("trains");
    let (training, clock) = (clock.elapsed(), Instant::now());
    let digits = classifier::floats(test.pixels());
    let guesses = classifier::classify(&digits).expect("classifies");
    let right = guesses.iter().zip(test.labels()).filter(|(guess, label)| guess == label).count();
    println!("{right} of {}, trained in {training:.1?}, judged in {:.1?}", test.len(), clock.elapsed());
    assert_eq!(test.len(), 10_000);
    assert!(right >= 9_800, "{right} of 10,000 test digits are right");

    // Nothing is cached: the file is for `tests/page/`, which has no other way to this classifier.
    fs::create_dir_all(FOLDER).expect("a folder");
    let bytes = trained.to_bytes(&digits[..40 * 784]).expect("writes");
    fs::write(format!("{FOLDER}/classifier.safetensors"), bytes).expect("writes");
    let error = classifier::classify(&digits[..1000]).expect_err("no whole images").to_string();
    assert!(error.contains("1000 numbers"), "{error}");
}

/// The digits that the shipped weights draw are those that were asked for, the more surely with guidance, and however many steps
/// are taken.
#[test]
fn shipped_weights_draw_what_is_asked_for() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/weights/mnist-small");
    let text = |name: &str| fs::read_to_string(format!("{folder}/{name}")).expect("shipped");
    let weights = fs::read(format!("{folder}/diffusion_pytorch_model.safetensors")).expect("shipped");
    let model = Folder::read(&text("config.json"), &weights, Some(&text("scheduler_config.json"))).expect("a model");
    let snapshot = model.snapshot(ImageDataset::Mnist, OptimizerConfig::default()).expect("a run");
    let backend: &mut dyn Backend = &mut CpuBackend::<f32>::new();
    let trainer = block_on(Trainer::start(backend, &snapshot)).expect("starts");
    let labels: Vec<u32> = (0..80).map(|i| i % 10).collect();
    let mut share = |guidance_scale: f64, eta: f64, num_inference_steps: usize| {
        let labels = labels.clone();
        let options = SampleOptions {
            num_samples: 80,
            labels,
            guidance_scale,
            eta,
            num_inference_steps,
            clip_sample: true,
            max_frames: 2,
            ..SampleOptions::default()
        };
        let run = block_on(async { Sampler::run(&mut None, backend, &trainer, &options).await?.await }).expect("samples");
        let guesses = classifier::classify(run.last()).expect("classifies");
        let right = guesses.iter().zip(&options.labels).filter(|(guess, label)| u32::from(**guess) == **label).count();
        println!("guidance {guidance_scale}, η {eta}, {num_inference_steps} steps: {right} of 80");
        right
    };
    let plain = share(1.0, 1.0, 25);
    assert!(plain >= 68, "without guidance {plain} of 80 are recognised");
    for (guidance_scale, eta, steps) in [(2.0, 1.0, 25), (3.0, 0.0, 25), (3.0, 1.0, 60)] {
        let right = share(guidance_scale, eta, steps);
        assert!(right >= 76 && right >= plain, "guidance {guidance_scale}, η {eta}, {steps} steps: {right} of 80 are recognised");
    }
}
