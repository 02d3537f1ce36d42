//! Questions to trained runs, on the CPU backend: answers are right, buffers are freed, planted mistakes are found.
#![cfg(not(target_arch = "wasm32"))]

#[path = "common/machines.rs"]
mod machines;
#[path = "common/runs.rs"]
mod runs;

use std::sync::OnceLock;

use pollster::block_on;
use runs::train;
use unnoise::cpu::CpuBackend;
use unnoise::data::{DatasetName, ImageSet};
use unnoise::diffusion::{BetaSchedule, PredictionType, SamplerName, ScheduleConfig};
use unnoise::plan::Backend;
use unnoise::train::analysis::{Denoiser, Diagnosis, Draws, Probe, Process, Severity, Subject, flow};
use unnoise::train::{Config, ImageDataset, LrSchedule, Preset, SampleInputs, SampleOptions, Sampler, Snapshot, Trainer, WeightsChoice};

/// A run that a test trains in seconds.
fn config(dataset: DatasetName, steps: usize) -> Config {
    let mut config = Config::default();
    config.data.dataset = dataset;
    config.model.width = 96;
    config.training.batch_size = 256;
    config.training.lr_schedule = LrSchedule::Cosine;
    config.training.total_steps = steps;
    config
}

fn trained(backend: &mut dyn Backend, config: &Config, steps: usize) -> Trainer {
    let mut trainer = block_on(Trainer::new(backend, config)).expect("starts");
    block_on(train(backend, &mut trainer, steps, 500)).expect("trains");
    trainer
}

/// Two moons, learned well; trained once for all tests, in which it goes on from here.
fn moons(backend: &mut dyn Backend) -> Trainer {
    static RUN: OnceLock<Snapshot> = OnceLock::new();
    let run = RUN.get_or_init(|| {
        let mut cpu = CpuBackend::<f32>::new();
        let trainer = trained(&mut cpu, &config(DatasetName::TwoMoons, 2000), 2000);
        state(&mut cpu, &trainer)
    });
    block_on(Trainer::start(backend, run)).expect("starts")
}

/// Asks about a run, with a probe that is freed afterwards.
fn ask<T>(backend: &mut dyn Backend, trainer: &Trainer, question: impl AsyncFnOnce(&mut Subject<'_>) -> T) -> T {
    let mut probe = Probe::new(trainer);
    let answer = block_on(question(&mut Subject { probe: &mut probe, backend, trainer, images: None }));
    probe.destroy(backend);
    answer
}

fn diagnosis(backend: &mut dyn Backend, trainer: &Trainer, options: &SampleOptions) -> Diagnosis {
    let found = ask(backend, trainer, async |subject| subject.diagnose(options).await).expect("a diagnosis");
    for finding in &found.findings {
        println!("{finding:?}");
    }
    assert_eq!(found.findings.iter().map(|f| f.id).collect::<Vec<_>>(), ["data_range", "one_step", "ema", "schedule"]);
    found
}

/// The findings that are bad; none of the others may even be a warning.
fn wrong(found: &Diagnosis) -> Vec<&'static str> {
    assert!(found.findings.iter().all(|f| f.severity != Severity::Warn), "{found:?}");
    found.findings.iter().filter(|f| f.severity == Severity::Bad).map(|f| f.id).collect()
}

fn state(backend: &mut dyn Backend, trainer: &Trainer) -> Snapshot {
    block_on(trainer.snapshot(backend)).expect("a snapshot")
}

#[test]
fn a_healthy_run_has_no_finding_and_each_planted_mistake_one() {
    let mut cpu = CpuBackend::<f32>::new();
    let options = SampleOptions::default();
    let healthy = moons(&mut cpu);
    assert!(wrong(&diagnosis(&mut cpu, &healthy, &options)).is_empty());

    // Not trained: five steps, of which the average has seen as much.
    let young = trained(&mut cpu, &config(DatasetName::TwoMoons, 2000), 5);
    assert_eq!(wrong(&diagnosis(&mut cpu, &young, &options)), ["one_step"]);

    // An average left behind: that of the first steps.
    let stale = Snapshot { ema: state(&mut cpu, &young).ema, ..state(&mut cpu, &healthy) };
    let stale = block_on(Trainer::start(&mut cpu, &stale)).expect("starts");
    let found = diagnosis(&mut cpu, &stale, &options);
    assert_eq!(wrong(&found), ["ema"]);
    assert!(found.findings[2].number("loss_ema") > 2.0 * found.findings[2].number("loss_raw"));

    // Sampling with another schedule than that of training; a first timestep where the data still show through.
    let cosine = ScheduleConfig { beta_schedule: BetaSchedule::SquaredcosCapV2, ..ScheduleConfig::default() };
    let found = diagnosis(&mut cpu, &healthy, &SampleOptions { schedule: Some(cosine), ..options.clone() });
    assert_eq!((wrong(&found).as_slice(), found.findings[3].text("field")), (["schedule"].as_slice(), "beta_schedule"));
    let late = SampleOptions { timesteps: vec![300.0, 200.0, 100.0, 0.0], ..options.clone() };
    let found = diagnosis(&mut cpu, &healthy, &late);
    assert_eq!((wrong(&found).as_slice(), found.findings[3].text("field")), (["schedule"].as_slice(), "start"));

    // Data that nobody normalised: the run learns them all the same.
    let mut large = config(DatasetName::TwoMoons, 1000);
    large.data.scale = 6.0;
    let large = trained(&mut cpu, &large, 1000);
    assert_eq!(wrong(&diagnosis(&mut cpu, &large, &options)), ["data_range"]);

    // Another objective is healthy too.
    let mut flow = config(DatasetName::TwoMoons, 1000);
    flow.schedule.prediction_type = PredictionType::FlowPrediction;
    let flow = trained(&mut cpu, &flow, 1000);
    assert!(wrong(&diagnosis(&mut cpu, &flow, &options)).is_empty());

    for trainer in [healthy, young, stale, large, flow] {
        trainer.destroy(&mut cpu);
    }
    assert_eq!(cpu.memory().buffers, 0, "everything is freed");
}

/// The flow of a trained run takes points to noise and back.
#[test]
fn points_are_encoded_and_decoded() {
    let mut cpu = CpuBackend::<f32>::new();
    let trainer = moons(&mut cpu);
    let config = trainer.config().clone();
    let (process, draws) = (Process::new(&config.schedule).expect("levels"), Draws::new(&config, None, 200, 0).expect("points"));
    let mut probe = Probe::new(&trainer);
    let mut network = probe.ask(&mut cpu, &trainer, WeightsChoice::Ema);
    let ends = (process.level(0).sigma(), 100.0);
    let mut through = |x: &[f64], ends| block_on(flow(&mut network, &process, x, &[], ends, 50, false)).expect("flows").0;
    let noise = through(&draws.values, ends);
    let back = through(&noise, (ends.1, ends.0));
    let worst = draws.values.iter().zip(&back).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
    println!("encoded and decoded within {worst:.1e}");
    assert!(worst < 1e-2, "{worst}");
    // What it is encoded to looks like noise.
    let variance = noise.iter().map(|z| z * z).sum::<f64>() / noise.len() as f64;
    assert!((variance - 1.0).abs() < 0.25, "{variance}");
}

/// DDIM's inversion with the sampler's own tables, on the device: from points to noise and back.
#[test]
fn samplers_invert_what_they_draw() {
    let mut cpu = CpuBackend::<f32>::new();
    let trainer = moons(&mut cpu);
    let points: Vec<f32> = Draws::new(trainer.config(), None, 256, 0).expect("points").values.iter().map(|v| *v as f32).collect();
    for (sampler, num_inference_steps) in [(SamplerName::Ddim, 100), (SamplerName::Heun, 100)] {
        let options = SampleOptions { sampler, num_inference_steps, num_samples: 256, max_frames: 2, ..SampleOptions::default() };
        let mut through = |latent: &[f32], inverse: bool| {
            let options = SampleOptions { inverse, ..options.clone() };
            let inputs = SampleInputs { latent: latent.to_vec(), ..SampleInputs::default() };
            let mut kept = None;
            let run = block_on(async { Sampler::run_from(&mut kept, &mut cpu, &trainer, &options, &inputs, None).await?.await });
            if let Some(sampler) = kept {
                sampler.destroy(&mut cpu);
            }
            run.expect("samples").last().to_vec()
        };
        let noise = through(&points, true);
        let back = through(&noise, false);
        let errors: Vec<f32> = points.iter().zip(&back).map(|(x, y)| (x - y).abs()).collect();
        let mean = errors.iter().sum::<f32>() / errors.len() as f32;
        let worst = errors.iter().copied().fold(0.0, f32::max);
        println!("{sampler:?}, {num_inference_steps} steps: mean error {mean:.1e}, worst {worst:.1e}");
        assert!(worst < 1e-2, "{sampler:?} with {num_inference_steps} steps comes back with an error of {worst}");
    }
}

#[test]
fn a_mixture_is_measured_against_the_truth() {
    let mut cpu = CpuBackend::<f32>::new();
    let config = config(DatasetName::EightGaussians, 2000);
    let trainer = trained(&mut cpu, &config, 2000);
    ask(&mut cpu, &trainer, async |subject| {
        let errors = subject.score_error(6).await.expect("asks").expect("a mixture");
        println!("{errors:?}");
        assert!(errors.levels[1..].iter().all(|l| l.error < 0.35 * l.exact), "{errors:?}");
        let map = subject.score_map(200, 9, 2.5).await.expect("asks").expect("a mixture");
        assert_eq!((map.learned.len(), map.exact.len()), (162, 162));
        let likelihood = subject.likelihood(256, 40, 0).await.expect("asks");
        println!("{likelihood:?}");
        let exact = likelihood.exact_bits_per_dim.expect("a mixture");
        // Sharp modes are learned last: after 1,500 steps it is 0.7 above the truth, after 5,000 0.12.
        assert!((-0.1..0.6).contains(&(likelihood.bits_per_dim - exact)), "{likelihood:?}");
        let other = subject.likelihood(256, 40, 1).await.expect("asks");
        let error = likelihood.standard_error.hypot(other.standard_error);
        assert!(other != likelihood && (other.bits_per_dim - likelihood.bits_per_dim).abs() < 5.0 * error, "{other:?}");
        let bound = subject.variational_bound(512, 20, 0).await.expect("asks");
        println!("{bound:?}");
        assert!(bound.total > exact && bound.total < exact + 1.5, "{bound:?}");
        let bands = subject.loss_bands(256, 10).await.expect("asks");
        println!("{bands:?}");
        assert_eq!((bands.bands.len(), bands.bands[0].from, bands.bands[9].to), (10, 0, 999));
        assert!(bands.bands[0].loss > bands.bands[9].loss, "the least noisy timesteps are the hardest");
        assert_eq!(bands, subject.loss_bands(256, 10).await.expect("asks"), "answers repeat");
    });
    let moons = block_on(Trainer::new(&mut cpu, &Config::default())).expect("starts");
    ask(&mut cpu, &moons, async |subject| {
        assert!(subject.score_error(6).await.expect("asks").is_none());
        assert!(subject.score_map(200, 9, 2.5).await.expect("asks").is_none());
        assert!(subject.likelihood(8, 2, 0).await.expect("asks").exact_bits_per_dim.is_none());
        for (count, steps, field) in [(0, 10, "count"), (10, 0, "steps"), (1 << 20, 10, "count")] {
            let error = subject.likelihood(count, steps, 0).await.expect_err("must be refused").to_string();
            assert!(error.starts_with(&format!("{field}: ")), "{error}");
        }
    });
}

/// The divergence is that of finite differences, in f64, at a count that fills no program.
#[test]
fn divergences_match_finite_differences() {
    let mut oracle = CpuBackend::<f64>::oracle();
    let mut config = config(DatasetName::TwoMoons, 10);
    config.model.width = 16;
    let trainer = trained(&mut oracle, &config, 10);
    let mut probe = Probe::new(&trainer);
    let mut network = probe.ask(&mut oracle, &trainer, WeightsChoice::Raw);
    let x: Vec<f64> = Draws::new(&config, None, 600, 0).expect("points").values;
    let times: Vec<f64> = (0..600).map(|i| f64::from(i) * 1.5).collect();
    let (m, divergence) = block_on(network.with_divergence(&x, &times, &[])).expect("asks");
    assert_eq!((m.len(), divergence.len()), (1200, 600));
    assert_eq!(m, block_on(network.output(&x, &times, &[])).expect("asks"));
    let h = 1.0 / 128.0;
    let mut slopes = vec![0.0; 600];
    for axis in 0..2 {
        let mut moved = |d: f64| {
            let x: Vec<f64> = x.iter().enumerate().map(|(i, v)| if i % 2 == axis { v + d } else { *v }).collect();
            block_on(network.output(&x, &times, &[])).expect("asks")
        };
        let (up, down) = (moved(h), moved(-h));
        for (i, slope) in slopes.iter_mut().enumerate() {
            *slope += (up[2 * i + axis] - down[2 * i + axis]) / (2.0 * h);
        }
    }
    for (i, (found, slope)) in divergence.iter().zip(&slopes).enumerate() {
        assert!((found - slope).abs() < 1e-4 * (1.0 + slope.abs()), "point {i}: {found}, by differences {slope}");
    }
}

/// A GPU says what the CPU says, and both are left as they were found.
#[test]
fn backends_agree_on_the_answers() {
    let mut backends = machines::backends();
    let mut config = runs::small();
    config.data.dataset = DatasetName::Blobs;
    config.model.class_conditioning = true;
    let mut answers = Vec::new();
    for backend in &mut backends {
        let backend = backend.as_mut();
        let trainer = trained(backend, &config, 30);
        let mut held = Vec::new();
        for _ in 0..3 {
            answers.push(ask(backend, &trainer, async |subject| {
                let bands = subject.loss_bands(700, 3).await.expect("asks");
                let likelihood = subject.likelihood(40, 4, 0).await.expect("asks");
                let errors = subject.score_error(3).await.expect("asks").expect("a mixture");
                let losses = bands.bands.iter().flat_map(|b| [b.loss, b.loss_raw]);
                losses.chain(errors.levels.iter().map(|l| l.error)).chain([likelihood.bits_per_dim]).collect::<Vec<f64>>()
            }));
            held.push(backend.memory());
        }
        assert_eq!(held[1], held[2], "every probe is freed on {}", backend.info().name);
    }
    println!("{answers:?}");
    assert_eq!(answers[0], answers[2], "answers repeat to the bit");
    for (gpu, cpu) in answers[0].iter().zip(&answers[3]) {
        assert!((gpu - cpu).abs() < 2e-3 * cpu.abs(), "{gpu} on the GPU, {cpu} on the CPU");
    }
}

/// Squares of light on dark ground, as digits go.
fn squares(side: usize, count: usize) -> ImageSet {
    let mut set = ImageSet::new(side, 1, 10).expect("a set");
    for i in 0..count {
        let (left, top) = (i % (side - 6), (i / 3) % (side - 6));
        let light = |at: usize| (left..left + 6).contains(&(at % side)) && (top..top + 6).contains(&(at / side));
        let pixels: Vec<u8> = (0..side * side).map(|at| if light(at) { 255 } else { 0 }).collect();
        set.push(&pixels, &[(i % 10) as u8]).expect("fits");
    }
    set
}

#[test]
fn images_are_asked_about_like_points() {
    let mut cpu = CpuBackend::<f32>::new();
    let mut config = Preset::Tiny.config(ImageDataset::Own);
    config.images.as_mut().expect("images").count = 100;
    let set = squares(14, 100);
    let mut trainer = block_on(Trainer::new(&mut cpu, &config)).expect("starts");
    trainer.add_images(&mut cpu, &set).expect("takes the images");
    block_on(train(&mut cpu, &mut trainer, 20, 20)).expect("trains");
    let mut probe = Probe::new(&trainer);
    let mut subject = Subject { probe: &mut probe, backend: &mut cpu, trainer: &trainer, images: Some(&set) };
    let seen = block_on(subject.one_step(5, 4)).expect("asks");
    assert_eq!((seen.side, seen.channels, seen.timesteps.as_slice()), (14, 1, [0, 333, 666, 999].as_slice()));
    assert_eq!((seen.noised.len(), seen.predicted.len(), seen.error.len()), (4 * 5 * 196, 4 * 5 * 196, 4));
    let bound = block_on(subject.variational_bound(16, 4, 0)).expect("asks");
    println!("{bound:?}");
    assert!(bound.total.is_finite() && bound.total > 0.0 && bound.decoder > 0.0);
    let bands = block_on(subject.loss_bands(16, 2)).expect("asks");
    assert_eq!(bands.bands.len(), 2);
    let found = block_on(subject.diagnose(&SampleOptions::default())).expect("asks");
    println!("{found:?}");
    assert_eq!((found.findings[0].severity, found.findings[3].severity), (Severity::Ok, Severity::Ok));
    assert!(block_on(subject.score_error(3)).expect("asks").is_none());
    let error = block_on(subject.likelihood(3, 3, 0)).expect_err("must be refused").to_string();
    assert!(error.starts_with("images: "), "{error}");
    subject.images = None;
    let error = block_on(subject.one_step(3, 3)).expect_err("must be refused").to_string();
    assert!(error.starts_with("images: "), "{error}");
}
