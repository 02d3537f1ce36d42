//! Questions to trained runs, on the CPU backend: answers are right, buffers are freed, planted mistakes are found.
#![cfg(not(target_arch = "wasm32"))]

#[path = "common/runs.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod runs;

use pollster::block_on;
use runs::train;
use unnoise::cpu::CpuBackend;
use unnoise::data::{DatasetName, ImageSet};
use unnoise::plan::Backend;
use unnoise::train::analysis::{Denoiser, Diagnosis, Draws, Probe, Process, Severity, Subject, flow};
use unnoise::train::{Config, ImageDataset, LrSchedule, Preset, SampleOptions, Snapshot, Trainer, WeightsChoice};

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
    let healthy = trained(&mut cpu, &config(DatasetName::TwoMoons, 2000), 2000);
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

    // A single step of diffusers' default spacing begins at timestep 0.
    for trainer in [healthy, young, stale] {
        trainer.destroy(&mut cpu);
    }
    assert_eq!(cpu.memory().buffers, 0, "everything is freed");
}

/// The flow of a trained run takes points to noise and back.
#[test]
fn points_are_encoded_and_decoded() {
    let mut cpu = CpuBackend::<f32>::new();
    let config = config(DatasetName::TwoMoons, 1200);
    let trainer = trained(&mut cpu, &config, 1200);
    let (process, draws) = (Process::new(&config.schedule).expect("levels"), Draws::new(&config, None, 200).expect("points"));
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

#[test]
fn a_mixture_is_measured_against_the_truth() {
    let mut cpu = CpuBackend::<f32>::new();
    let config = config(DatasetName::EightGaussians, 2500);
    let trainer = trained(&mut cpu, &config, 2500);
    ask(&mut cpu, &trainer, async |subject| {
        let errors = subject.score_error(6).await.expect("asks").expect("a mixture");
        println!("{errors:?}");
        assert!(errors.levels[1..].iter().all(|l| l.error < 0.35 * l.exact), "{errors:?}");
        let map = subject.score_map(200, 9, 2.5).await.expect("asks").expect("a mixture");
        assert_eq!((map.learned.len(), map.exact.len()), (162, 162));
        let likelihood = subject.likelihood(256, 40).await.expect("asks");
        println!("{likelihood:?}");
        let exact = likelihood.exact_bits_per_dim.expect("a mixture");
        // Sharp modes are learned last: after 1,500 steps it is 0.7 above the truth, after 5,000 0.12.
        assert!((-0.1..0.6).contains(&(likelihood.bits_per_dim - exact)), "{likelihood:?}");
        let bound = subject.variational_bound(512, 20).await.expect("asks");
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
        assert!(subject.likelihood(8, 2).await.expect("asks").exact_bits_per_dim.is_none());
        for (count, steps, field) in [(0, 10, "count"), (10, 0, "steps"), (1 << 20, 10, "count")] {
            let error = subject.likelihood(count, steps).await.expect_err("must be refused").to_string();
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
    let x: Vec<f64> = Draws::new(&config, None, 600).expect("points").values;
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
    assert_eq!((seen.side, seen.channels, seen.timesteps.as_slice()), (14, 1, [249, 499, 749, 999].as_slice()));
    assert_eq!((seen.noised.len(), seen.predicted.len(), seen.error.len()), (4 * 5 * 196, 4 * 5 * 196, 4));
    let bound = block_on(subject.variational_bound(16, 4)).expect("asks");
    println!("{bound:?}");
    assert!(bound.total.is_finite() && bound.total > 0.0 && bound.decoder > 0.0);
    let bands = block_on(subject.loss_bands(16, 2)).expect("asks");
    assert_eq!(bands.bands.len(), 2);
    let found = block_on(subject.diagnose(&SampleOptions::default())).expect("asks");
    println!("{found:?}");
    assert_eq!((found.findings[0].severity, found.findings[3].severity), (Severity::Ok, Severity::Ok));
    assert!(block_on(subject.score_error(3)).expect("asks").is_none());
    let error = block_on(subject.likelihood(3, 3)).expect_err("must be refused").to_string();
    assert!(error.starts_with("images: "), "{error}");
    subject.images = None;
    let error = block_on(subject.one_step(3, 3)).expect_err("must be refused").to_string();
    assert!(error.starts_with("images: "), "{error}");
}
