//! Sampling runs on images, natively, and the memory that runs on images take: predicted, and measured.
#![cfg(not(target_arch = "wasm32"))]

#[path = "common/digits.rs"]
mod digits;
#[path = "common/images.rs"]
mod images;
#[path = "common/machines.rs"]
mod machines;

use digits::{backends, mnist, tiny};
use pollster::block_on;
use unnoise::diffusion::SamplerName;
use unnoise::plan::Backend;
use unnoise::train::{ClassConditioning, Config, ImageDataset, MemoryPlan, Preset, SampleOptions, SampleRun, Sampler, Trainer};

fn sample(backend: &mut dyn Backend, trainer: &Trainer, options: &SampleOptions) -> SampleRun {
    let mut kept = None;
    let run = block_on(async { Sampler::run(&mut kept, backend, trainer, options).await?.await }).expect("samples");
    if let Some(sampler) = kept {
        sampler.destroy(backend);
    }
    run
}

/// Six digits in five steps of DDIM.
fn options() -> SampleOptions {
    SampleOptions { num_samples: 6, num_inference_steps: 5, clip_sample: true, max_frames: 4, ..SampleOptions::default() }
}

/// A run after a few steps, so that its weights are no longer the initial ones.
fn trained(backend: &mut dyn Backend, config: &Config) -> Trainer {
    let mut trainer = block_on(Trainer::new(backend, config)).expect("starts");
    trainer.add_images(backend, mnist(500)).expect("takes the images");
    trainer.run(backend, 4).expect("trains");
    trainer
}

/// Largest difference between two runs' samples.
fn apart(a: &SampleRun, b: &SampleRun) -> f32 {
    a.last().iter().zip(b.last()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn frames_have_their_sizes_and_predictions_their_range() {
    for mut backend in backends() {
        let backend = backend.as_mut();
        let trainer = trained(backend, &tiny(500, 8));
        let run = sample(backend, &trainer, &options());
        let all = 4 * 6 * 196;
        assert_eq!((run.count, run.dim, run.model_evaluations), (6, 196, 5));
        assert_eq!((run.frames.len(), run.predicted.len()), (all, all), "four frames of six digits");
        assert_eq!(run.timesteps.len(), 4);
        assert_eq!((run.timesteps[0], run.timesteps[3]), (999.0, -1.0), "{:?}", run.timesteps);
        assert!(run.timesteps.is_sorted_by(|a, b| a > b), "{:?}", run.timesteps);
        assert_eq!(run.last(), &run.frames[all - 6 * 196..]);
        // Clipped to the range of images, every prediction of them; the noise at the start is not.
        assert!(run.predicted.iter().all(|v| (-1.0..=1.0).contains(v)), "on {}", backend.info().name);
        assert!(run.frames[..6 * 196].iter().any(|v| v.abs() > 2.0));
        // The first frame's prediction is that of the first step, which reaches the second frame or passes it; and DDIM's last
        // step returns what it predicts.
        let (first, last) = (&run.predicted[..6 * 196], &run.predicted[all - 6 * 196..]);
        assert_eq!(first, &run.predicted[6 * 196..2 * 6 * 196]);
        let off = last.iter().zip(run.last()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(off <= 1e-5, "the last prediction and the sample are {off} apart");
        // Without clipping a young model predicts far outside.
        let wild = sample(backend, &trainer, &SampleOptions { clip_sample: false, ..options() });
        assert!(wild.predicted.iter().any(|v| v.abs() > 1.0), "nothing to clip");
    }
}

#[test]
fn one_seed_one_set_of_samples() {
    for mut backend in backends() {
        let backend = backend.as_mut();
        let trainer = trained(backend, &tiny(500, 8));
        for sampler in [SamplerName::Ddim, SamplerName::Ddpm] {
            let options = SampleOptions { sampler, ..options() };
            let first = sample(backend, &trainer, &options);
            assert!(first == sample(backend, &trainer, &options), "{sampler:?} twice on {}", backend.info().name);
            let other = sample(backend, &trainer, &SampleOptions { seed: 2, ..options });
            assert!(apart(&first, &other) > 0.1, "another seed draws others");
        }
        // A kept sampler gives the same as a new one.
        let mut kept = None;
        let mut twice = Vec::new();
        for _ in 0..2 {
            let run = block_on(async { Sampler::run(&mut kept, backend, &trainer, &options()).await?.await });
            twice.push(run.expect("samples"));
        }
        assert!(twice[0] == twice[1] && twice[0] == sample(backend, &trainer, &options()));
    }
}

#[test]
fn classes_and_guidance_change_what_they_should() {
    for mut backend in backends() {
        let backend = backend.as_mut();
        let trainer = trained(backend, &tiny(500, 8));
        let with = |labels: Vec<u32>, guidance_scale: f64| SampleOptions { labels, guidance_scale, ..options() };
        let none = sample(backend, &trainer, &options());
        let threes = sample(backend, &trainer, &with(vec![3; 6], 1.0));
        let mixed = sample(backend, &trainer, &with(vec![3, 3, 3, 7, 7, 7], 1.0));
        assert!(apart(&none, &threes) > 1e-4 && apart(&threes, &mixed) > 1e-4, "a class must show");
        assert_eq!(threes.last()[..3 * 196], mixed.last()[..3 * 196], "a sample's class is its own");

        // 1 is off to the bit; what is computed just beside it, by the other program, is the same but for rounding.
        assert!(sample(backend, &trainer, &with(Vec::new(), 1.0)) == none);
        assert!(sample(backend, &trainer, &with(Vec::new(), 4.0)) == none, "there is nothing to be guided to");
        let beside = sample(backend, &trainer, &with(vec![3; 6], 1.0 + 1e-12));
        assert!(apart(&threes, &beside) <= 1e-3, "{} apart on {}", apart(&threes, &beside), backend.info().name);
        let guided = sample(backend, &trainer, &with(vec![3; 6], 4.0));
        assert!(apart(&threes, &guided) > 1e-3, "guidance must show");
        // 0 leads to no class at all.
        let away = sample(backend, &trainer, &with(vec![3; 6], 0.0));
        assert!(apart(&none, &away) <= 1e-3, "{} apart on {}", apart(&none, &away), backend.info().name);

        for (bad, field) in [
            (with(vec![3; 5], 1.0), "sample.labels"),
            (with(vec![10; 6], 1.0), "sample.labels"),
            (with(vec![3; 6], f64::NAN), "sample.guidance_scale"),
            (with(vec![3; 6], -1.0), "sample.guidance_scale"),
        ] {
            let error = bad.validate(trainer.config()).expect_err("must be refused").to_string();
            assert!(error.starts_with(field), "{error}");
        }
    }
}

#[test]
fn every_way_of_conditioning_samples() {
    let mut cpu = unnoise::cpu::CpuBackend::<f32>::new();
    for conditioning in [ClassConditioning::None, ClassConditioning::Concat] {
        let mut config = tiny(500, 4);
        config.images.as_mut().expect("on images").set_conditioning(conditioning);
        let trainer = trained(&mut cpu, &config);
        let none = sample(&mut cpu, &trainer, &options());
        assert_eq!(none.frames.len(), 4 * 6 * 196);
        let threes = SampleOptions { labels: vec![3; 6], guidance_scale: 2.0, ..options() };
        if conditioning == ClassConditioning::Concat {
            assert!(apart(&none, &sample(&mut cpu, &trainer, &threes)) > 1e-4);
        } else {
            let error = threes.validate(&config).expect_err("it is told no class").to_string();
            assert!(error.starts_with("sample.labels: "), "{error}");
        }
        trainer.destroy(&mut cpu);
    }
}

/// Peak memory of training and of sampling beside it, as planned beforehand and as the backend counts its buffers.
#[test]
fn memory_is_as_planned() {
    for preset in [Preset::Tiny, Preset::Small] {
        for mut backend in backends() {
            let backend = backend.as_mut();
            let mut config = preset.config(ImageDataset::Mnist);
            // A small set, so that the plan is about the network.
            config.images.as_mut().expect("on images").count = 500;
            config.training.batch_size = 16;
            let options = SampleOptions { num_samples: 20, labels: vec![1; 20], guidance_scale: 2.0, ..options() };
            let plan = MemoryPlan::new(&config, &options, &backend.tuning()).expect("a plan");
            let mut trainer = block_on(Trainer::new(backend, &config)).expect("starts");
            let set = if preset == Preset::Tiny { mnist(500) } else { &images::load("mnist", images::Split::Train, 500).expect("packed") };
            trainer.add_images(backend, set).expect("takes the images");
            trainer.run(backend, 1).expect("trains");
            block_on(trainer.report(backend)).expect("a report");
            let training = backend.memory().bytes;
            let mut kept = None;
            block_on(async { Sampler::run(&mut kept, backend, &trainer, &options).await?.await }).expect("samples");
            let sampling = backend.memory().bytes - training;
            for (what, predicted, measured) in [("training", plan.training_bytes, training), ("sampling", plan.sampling_bytes, sampling)] {
                let ratio = predicted as f64 / measured as f64;
                println!("{preset:?} on {}: {what} {predicted} bytes predicted, {measured} measured ({ratio:.4})", backend.info().name);
                assert!((ratio - 1.0).abs() <= 0.05, "{preset:?} on {}: {what} {ratio}", backend.info().name);
            }
            assert!(plan.data_bytes < plan.training_bytes && plan.largest_batch >= 16);
            assert_eq!(plan.parameters, trainer.params().count());
        }
    }
}
