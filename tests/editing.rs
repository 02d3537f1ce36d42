//! What follows from samplers: images to noise and back, parts of images drawn anew, images varied. On the shipped digits.
#![cfg(not(target_arch = "wasm32"))]

#[path = "common/images.rs"]
mod images;

use std::fs;

use images::Split;
use pollster::block_on;
use unnoise::cpu::CpuBackend;
use unnoise::diffusion::SamplerName;
use unnoise::plan::Backend;
use unnoise::train::{
    Folder, ImageDataset, OptimizerConfig, SampleInputs, SampleOptions, SampleRun, Sampler, SpacingChoice, Trainer, initial_noise,
};

const SIDE: usize = 28;
const DIM: usize = SIDE * SIDE;

/// The shipped digits, ready to be sampled.
fn shipped(backend: &mut dyn Backend) -> Trainer {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/weights/mnist-small");
    let text = |name: &str| fs::read_to_string(format!("{folder}/{name}")).expect("shipped");
    let weights = fs::read(format!("{folder}/diffusion_pytorch_model.safetensors")).expect("shipped");
    let model = Folder::read(&text("config.json"), &weights, Some(&text("scheduler_config.json"))).expect("a model");
    let snapshot = model.snapshot(ImageDataset::Mnist, OptimizerConfig::default()).expect("a run");
    block_on(Trainer::start(backend, &snapshot)).expect("starts")
}

/// The first `count` test digits in [-1, 1], and their classes.
fn digits(count: usize) -> (Vec<f32>, Vec<u32>) {
    let set = images::load("mnist", Split::Test, count).expect("packed");
    let pixels = set.pixels().iter().map(|byte| f32::from(*byte) / 127.5 - 1.0).collect();
    (pixels, set.labels().iter().map(|l| u32::from(*l)).collect())
}

fn run(backend: &mut dyn Backend, trainer: &Trainer, options: &SampleOptions, inputs: &SampleInputs) -> SampleRun {
    let mut kept = None;
    let run = block_on(async { Sampler::run_from(&mut kept, backend, trainer, options, inputs, None).await?.await }).expect("samples");
    if let Some(sampler) = kept {
        sampler.destroy(backend);
    }
    run
}

fn mean_difference(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from((a - b).abs())).sum::<f64>() / a.len() as f64
}

/// DDIM, deterministic, as an inversion wants it.
fn plain(labels: &[u32]) -> SampleOptions {
    SampleOptions {
        num_samples: labels.len(),
        labels: labels.to_vec(),
        num_inference_steps: 100,
        max_frames: 2,
        ..SampleOptions::default()
    }
}

/// Image → noise → image in 100 steps each way: mean absolute error at most 0.02, and the noise looks like noise.
#[test]
fn digits_come_back_from_their_noise() {
    let backend: &mut dyn Backend = &mut CpuBackend::<f32>::new();
    let trainer = shipped(backend);
    let (pixels, labels) = digits(6);
    for (sampler, num_resamples) in [(SamplerName::Heun, 1), (SamplerName::Ddim, 1), (SamplerName::Ddim, 3)] {
        let forth = SampleOptions { sampler, timestep_spacing: SpacingChoice::Leading, ..plain(&labels) };
        let back = SampleOptions { inverse: true, num_resamples, ..forth.clone() };
        let noise = run(backend, &trainer, &back, &SampleInputs { latent: pixels.clone(), ..SampleInputs::default() });
        let latent = noise.last().to_vec();
        let mean = latent.iter().map(|v| f64::from(*v)).sum::<f64>() / latent.len() as f64;
        let deviation = (latent.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / latent.len() as f64).sqrt();
        let again = run(backend, &trainer, &forth, &SampleInputs { latent, ..SampleInputs::default() });
        let error = mean_difference(again.last(), &pixels);
        println!("{sampler:?} {num_resamples}: mean absolute error {error:.4}, noise {mean:.3} ± {deviation:.3}");
        assert!(error <= 0.02, "{sampler:?}, {num_resamples}: {error}");
        assert!(mean.abs() < 0.25 && (0.75..1.25).contains(&deviation), "{sampler:?}: noise {mean} ± {deviation}");
    }
}

/// The lower half of a digit is forgotten and drawn anew.
#[test]
fn known_pixels_stay_and_resampling_mends_the_seam() {
    let backend: &mut dyn Backend = &mut CpuBackend::<f32>::new();
    let trainer = shipped(backend);
    let (pixels, labels) = digits(12);
    let known = |at: usize| at % DIM / SIDE < SIDE / 2;
    let mask: Vec<f32> = (0..pixels.len()).map(|at| if known(at) { 1.0 } else { 0.0 }).collect();
    let inputs = SampleInputs { known: pixels.clone(), mask, ..SampleInputs::default() };
    let mut seams = Vec::new();
    for num_resamples in [1, 10] {
        let options =
            SampleOptions { sampler: SamplerName::Ddpm, num_inference_steps: 25, num_resamples, clip_sample: true, ..plain(&labels) };
        let drawn = run(backend, &trainer, &options, &inputs);
        assert_eq!(drawn.model_evaluations, 24 * num_resamples + 1, "one evaluation for each taking of a step");
        let result = drawn.last();
        assert!((0..pixels.len()).filter(|at| known(*at)).all(|at| result[at] == pixels[at]), "known pixels are exact");
        assert!((0..pixels.len()).filter(|at| !known(*at)).any(|at| (result[at] - pixels[at]).abs() > 0.5), "the rest is drawn");
        // Across the seam, between the last known row and the first drawn one; in the digits themselves it is about 0.2.
        let seam = |values: &[f32]| {
            let rows = (0..labels.len()).flat_map(|i| (0..SIDE).map(move |x| i * DIM + SIDE / 2 * SIDE + x));
            let steps: Vec<f64> = rows.map(|at| f64::from((values[at] - values[at - SIDE]).abs())).collect();
            steps.iter().sum::<f64>() / steps.len() as f64
        };
        println!("{num_resamples} resamples: seam {:.4}, in the digits {:.4}", seam(result), seam(&pixels));
        seams.push(seam(result));
    }
    assert!(seams[1] < seams[0], "{seams:?}");
}

/// Less noise, more of the image: from the same to another.
#[test]
fn strength_says_how_much_of_an_image_is_left() {
    let backend: &mut dyn Backend = &mut CpuBackend::<f32>::new();
    let trainer = shipped(backend);
    let (pixels, labels) = digits(10);
    let inputs = SampleInputs { image: pixels.clone(), ..SampleInputs::default() };
    let mut differences = Vec::new();
    for strength in [0.1, 0.4, 0.7, 1.0] {
        let options = SampleOptions { strength, clip_sample: true, num_inference_steps: 50, ..plain(&labels) };
        let run = run(backend, &trainer, &options, &inputs);
        assert_eq!(run.model_evaluations, (50.0 * strength).round() as usize);
        differences.push(mean_difference(run.last(), &pixels));
    }
    println!("strength 0.1, 0.4, 0.7, 1: {differences:.3?}");
    assert!(differences.windows(2).all(|d| d[1] > d[0]) && differences[0] < 0.05 && differences[3] > 0.15, "{differences:?}");
}

/// The host's copy of the noise leads to the same samples, and between two noises lie digits.
#[test]
fn noise_from_the_host_is_the_devices_own() {
    let backend: &mut dyn Backend = &mut CpuBackend::<f32>::new();
    let trainer = shipped(backend);
    let labels = [3, 8];
    let options = SampleOptions { seed: 5, clip_sample: true, num_inference_steps: 20, ..plain(&labels) };
    let own = run(backend, &trainer, &options, &SampleInputs::default());
    let latent = initial_noise(5, 2 * DIM);
    let given = run(backend, &trainer, &options, &SampleInputs { latent, ..SampleInputs::default() });
    let difference = own.last().iter().zip(given.last()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(difference < 1e-3, "{difference}");
}

#[test]
fn inputs_that_do_not_fit_are_named() {
    let backend: &mut dyn Backend = &mut CpuBackend::<f32>::new();
    let trainer = shipped(backend);
    let options = plain(&[1, 2]);
    let list = |n: usize| vec![0.5f32; n];
    let empty = SampleInputs::default();
    let cases = [
        ("inputs.image: ", SampleInputs { image: list(DIM), ..empty.clone() }, options.clone()),
        ("inputs.latent: ", SampleInputs { latent: vec![f32::NAN; 2 * DIM], ..empty.clone() }, options.clone()),
        ("inputs.latent: ", SampleInputs { latent: list(2 * DIM), image: list(2 * DIM), ..empty.clone() }, options.clone()),
        ("inputs.mask: ", SampleInputs { known: list(2 * DIM), ..empty.clone() }, options.clone()),
        ("inputs.mask: ", SampleInputs { known: list(2 * DIM), mask: vec![2.0; 2 * DIM], ..empty.clone() }, options.clone()),
        ("sample.strength: ", empty.clone(), SampleOptions { strength: 0.5, ..options.clone() }),
        ("sample.inverse: ", empty.clone(), SampleOptions { inverse: true, ..options.clone() }),
        ("sample.num_resamples: ", empty, SampleOptions { num_resamples: 3, sampler: SamplerName::Heun, ..options }),
    ];
    for (field, inputs, options) in cases {
        let refused = block_on(async { Sampler::run_from(&mut None, backend, &trainer, &options, &inputs, None).await.map(|_| ()) });
        let error = refused.expect_err(field).to_string();
        assert!(error.starts_with(field), "{error}");
    }
}
