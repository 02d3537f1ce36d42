//! Objectives other than the noise, by what comes out: training with each of them on two moons, and drawing samples.
#![cfg(not(target_arch = "wasm32"))]

#[path = "common/runs.rs"]
mod runs;

use pollster::block_on;
use runs::train;
use unnoise::cpu::CpuBackend;
use unnoise::data::{DatasetName, generate, sliced_wasserstein};
use unnoise::diffusion::{LossWeighting, PredictionType, SamplerName, TimestepSampling};
use unnoise::train::{Config, LrSchedule, SampleOptions, SampleRun, Sampler, SpacingChoice, Trainer};

/// The recipe of the engine's quality test, for `steps` steps.
fn two_moons(steps: usize, prediction_type: PredictionType) -> Config {
    let mut config = Config::default();
    config.training.lr_schedule = LrSchedule::Cosine;
    config.training.total_steps = steps;
    config.schedule.prediction_type = prediction_type;
    config
}

fn run(config: &Config, options: &[SampleOptions]) -> Vec<SampleRun> {
    let mut cpu = CpuBackend::<f32>::new();
    let mut trainer = block_on(Trainer::new(&mut cpu, config)).expect("starts");
    block_on(train(&mut cpu, &mut trainer, config.training.total_steps, 500)).expect("trains");
    let mut kept = None;
    let mut sample = |options| block_on(async { Sampler::run(&mut kept, &mut cpu, &trainer, options).await?.await }).expect("samples");
    options.iter().map(&mut sample).collect()
}

/// Distance of 4,096 samples to fresh data; two independent draws of the data are 0.025 apart.
fn distance(run: &SampleRun) -> f64 {
    sliced_wasserstein(&run.points(), &generate(DatasetName::TwoMoons, 4096, 1234).points, 100)
}

fn drawn(sampler: SamplerName, num_inference_steps: usize) -> SampleOptions {
    SampleOptions { sampler, num_inference_steps, num_samples: 4096, max_frames: 2, ..SampleOptions::default() }
}

/// Flow matching (2210.02747), 20 steps of Euler's method, and 10 of Heun's, which cost as much.
#[test]
fn flow_matching_draws_two_moons_in_twenty_steps() {
    let runs = run(&two_moons(4000, PredictionType::FlowPrediction), &[drawn(SamplerName::Euler, 20), drawn(SamplerName::Heun, 10)]);
    let [euler, heun] = [distance(&runs[0]), distance(&runs[1])];
    println!("flow matching: Euler 20 {euler:.4}, Heun 10 {heun:.4} ({} evaluations)", runs[1].model_evaluations);
    assert!(euler <= 0.07, "20 steps of Euler's method: sliced W1 {euler:.4}");
    assert!(heun <= 0.09, "10 steps of Heun's method: sliced W1 {heun:.4}");
}

/// v-prediction on a schedule that ends in pure noise, weighed by min-SNR (2303.09556), with timesteps drawn where they are hard.
#[test]
fn velocities_and_pure_noise_go_together() {
    let mut config = two_moons(2500, PredictionType::VPrediction);
    config.schedule.rescale_betas_zero_snr = true;
    config.objective.loss_weighting = LossWeighting::MinSnr;
    config.objective.timestep_sampling = TimestepSampling::LogitNormal;
    let trailing = SampleOptions { timestep_spacing: SpacingChoice::Trailing, ..drawn(SamplerName::Ddim, 50) };
    let solver = SampleOptions { sampler: SamplerName::Dpmpp, num_inference_steps: 20, ..trailing.clone() };
    for (options, run) in [&trailing, &solver].into_iter().zip(run(&config, &[trailing.clone(), solver.clone()])) {
        assert!(run.frames.iter().all(|v| v.is_finite()), "{:?}", options.sampler);
        let distance = distance(&run);
        println!("v, zero terminal SNR, {:?} {}: {distance:.4}", options.sampler, options.num_inference_steps);
        assert!(distance <= 0.12, "{:?}: sliced W1 {distance:.4}", options.sampler);
    }
}

/// Predicting the data themselves, weighed by a list that favours the middle.
#[test]
fn data_are_predicted_too() {
    let mut config = two_moons(2500, PredictionType::Sample);
    config.objective.loss_weighting = LossWeighting::Gamma;
    config.objective.gamma = vec![0.5, 1.5, 1.0];
    let run = &run(&config, &[drawn(SamplerName::Dpmpp, 20)])[0];
    let distance = distance(run);
    println!("data, DPM-Solver++ 20: {distance:.4}");
    assert!(distance <= 0.12, "sliced W1 {distance:.4}");
}
