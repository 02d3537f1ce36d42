//! Guidance by the model's own classes and by a classifier: what it does to samples, and that its gradients are right.
#![cfg(not(target_arch = "wasm32"))]

#[path = "common/runs.rs"]
mod runs;

use std::collections::BTreeMap;

use pollster::block_on;
use runs::train;
use unnoise::cpu::CpuBackend;
use unnoise::data::{DatasetName, generate};
use unnoise::graph::{DType, Graph, PARAM, Tensor, TensorType, Tuning};
use unnoise::nn::{MlpConfig, image_logits};
use unnoise::plan::{Backend, HostSlice, Plan};
use unnoise::threefry::Stream;
use unnoise::train::{Config, Goal, Judge, LrSchedule, NoisedBatch, SampleInputs, SampleOptions, Sampler, Trainer};

/// A model of five overlapping clusters that is told which one.
fn labelled() -> Config {
    let mut config = Config::default();
    config.data.dataset = DatasetName::Pinwheel;
    config.data.size = 8192;
    config.model.class_conditioning = true;
    config.model.width = 64;
    config.model.hidden_layers = 2;
    config.training.batch_size = 256;
    config.training.lr_schedule = LrSchedule::Cosine;
    config.training.total_steps = 1500;
    config
}

fn trained(cpu: &mut CpuBackend<f32>, config: &Config) -> Trainer {
    let mut trainer = block_on(Trainer::new(cpu, config)).expect("starts");
    block_on(train(cpu, &mut trainer, config.training.total_steps, 500)).expect("trains");
    trainer
}

/// The class of the nearest of many points whose classes are known.
fn nearest(points: &[[f32; 2]]) -> Vec<u32> {
    let known = generate(DatasetName::Pinwheel, 4000, 99);
    let square = |a: &[f32; 2], b: &[f32; 2]| (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2);
    let class = |p: &[f32; 2]| {
        let distances = known.points.iter().map(|q| square(p, q)).zip(&known.labels);
        distances.min_by(|a, b| a.0.total_cmp(&b.0)).map_or(0, |(_, label)| *label)
    };
    points.iter().map(class).collect()
}

fn drawn(labels: &[u32]) -> SampleOptions {
    let num_samples = labels.len();
    SampleOptions { num_samples, labels: labels.to_vec(), num_inference_steps: 40, max_frames: 2, ..SampleOptions::default() }
}

fn sample(cpu: &mut CpuBackend<f32>, trainer: &Trainer, options: &SampleOptions, classifier: Option<&Trainer>) -> Vec<f32> {
    let (mut kept, inputs) = (None, SampleInputs::default());
    let run = block_on(async { Sampler::run_from(&mut kept, cpu, trainer, options, &inputs, classifier).await?.await });
    if let Some(sampler) = kept {
        sampler.destroy(cpu);
    }
    run.expect("samples").last().to_vec()
}

fn points(flat: &[f32]) -> Vec<[f32; 2]> {
    flat.chunks_exact(2).map(|p| [p[0], p[1]]).collect()
}

fn accuracy(samples: &[f32], labels: &[u32]) -> f64 {
    let right = nearest(&points(samples)).iter().zip(labels).filter(|(a, b)| a == b).count();
    right as f64 / labels.len() as f64
}

/// Both kinds of guidance make the classes of samples surer, and no guidance is no guidance to the bit.
#[test]
fn samples_are_of_their_class_the_more_they_are_guided() {
    let mut cpu = CpuBackend::<f32>::new();
    let config = labelled();
    let trainer = trained(&mut cpu, &config);
    let labels: Vec<u32> = (0..2000).map(|i| i % 5).collect();

    let at = |scale: f64| SampleOptions { guidance_scale: scale, ..drawn(&labels) };
    let plain = sample(&mut cpu, &trainer, &drawn(&labels), None);
    let shares: Vec<f64> = [1.0, 1.5, 2.0, 3.0].iter().map(|s| accuracy(&sample(&mut cpu, &trainer, &at(*s), None), &labels)).collect();
    println!("classifier-free guidance at 1, 1.5, 2, 3: {shares:.4?}");
    assert!(shares.windows(2).all(|w| w[1] >= w[0]), "{shares:?}");
    assert!(shares[3] >= shares[0] + 0.01 && shares[0] > 0.8, "{shares:?}");
    assert_eq!(plain, sample(&mut cpu, &trainer, &at(1.0), None), "scale 1 is off");
    // An interval without any timestep is no guidance either.
    let nowhere = SampleOptions { guidance_from: 0.0005, guidance_to: 0.0006, ..at(3.0) };
    assert_eq!(plain, sample(&mut cpu, &trainer, &nowhere, None), "outside its interval guidance is off");
    let late = SampleOptions { guidance_to: 0.5, ..at(3.0) };
    assert_ne!(plain, sample(&mut cpu, &trainer, &late, None));

    // A model that knows no classes, and a classifier that does.
    let mut untold = config.clone();
    untold.model.class_conditioning = false;
    let denoiser = trained(&mut cpu, &untold);
    let judge = Config { goal: Goal::Classify, ..untold };
    let mut classifier = block_on(Trainer::new(&mut cpu, &judge)).expect("starts");
    block_on(train(&mut cpu, &mut classifier, 1500, 500)).expect("trains");
    // Near pure noise a point is of no class yet: pulled there already, the strongly guided ones end beside the data.
    let by = |scale: f64| SampleOptions { classifier_scale: scale, guidance_to: 0.6, num_inference_steps: 100, ..drawn(&labels) };
    let shares: Vec<f64> =
        [0.5, 1.0, 2.0, 3.0].iter().map(|s| accuracy(&sample(&mut cpu, &denoiser, &by(*s), Some(&classifier)), &labels)).collect();
    println!("classifier guidance at 0.5, 1, 2, 3: {shares:.4?}");
    assert!(shares[..3].windows(2).all(|w| w[1] > w[0]), "{shares:?}");
    assert!(shares[3] >= shares[1] + 0.02 && shares[0] > 0.5, "{shares:?}");
    let error = block_on(async { Sampler::run(&mut None, &mut cpu, &denoiser, &by(1.0)).await.map(|_| ()) }).expect_err("no classifier");
    assert!(error.to_string().starts_with("sample.classifier_scale: "), "{error}");

    // The classifier by itself: far better than chance on noised points, and sure of clean ones.
    let batch = NoisedBatch::draw(&judge, None, 512, 7).expect("draws");
    let named = block_on(async {
        let judge = Judge::load(&mut cpu, &classifier, 512).await?;
        let noised = judge.classes(&mut cpu, &batch.x, &batch.times)?.await?;
        let clean = generate(DatasetName::Pinwheel, 512, 5);
        let flat: Vec<f32> = clean.points.iter().flatten().copied().collect();
        let clear = judge.classes(&mut cpu, &flat, &[0.0; 512])?.await?;
        judge.destroy(&mut cpu);
        let share = |a: &[u32], b: &[u32]| a.iter().zip(b).filter(|(a, b)| a == b).count() as f64 / 512.0;
        unnoise::Result::Ok([share(&noised, &batch.labels), share(&clear, &clean.labels)])
    })
    .expect("judges");
    println!("the classifier names {:.3} of noised and {:.3} of clean points", named[0], named[1]);
    assert!(named[0] > 0.4 && named[1] > 0.95, "{named:?}");
}

/// `∇_x log p(y | x)` of both classifiers against central differences, in double precision.
#[test]
fn classifier_gradients_match_central_differences() {
    let points = |g: &mut Graph, x: Tensor, t: Tensor| {
        MlpConfig { width: 12, hidden_layers: 2, time_embedding: 8, ..MlpConfig::default() }.logits(g, x, t, 5)
    };
    gradients_match(&[3, 2], 5, points);
    gradients_match(&[2, 9, 9, 1], 10, |g, x, t| image_logits(g, x, t, 10));
    gradients_match(&[1, 14, 14, 3], 4, |g, x, t| image_logits(g, x, t, 4));
}

fn gradients_match(shape: &[usize], classes: u32, build: impl Fn(&mut Graph, Tensor, Tensor) -> unnoise::Result<Tensor>) {
    let mut g = Graph::new();
    let x = g.resource("x", TensorType::f32(shape.to_vec())).expect("fits");
    let t = g.resource("t", TensorType::f32([shape[0]])).expect("fits");
    let labels = g.resource("labels", TensorType::u32([shape[0]])).expect("fits");
    // As a sampling step has it: the network is part of another program, and its parameters stay as they are.
    let logits = g.freezing(|g| build(g, x, t)).expect("builds");
    let loss = g.cross_entropy(logits, labels).expect("fits");
    let gradient = g.grad(loss, &[x]).expect("has a derivative")[0];
    g.output("loss", loss).expect("names it");
    g.output("gradient", gradient).expect("names it");
    let plan = Plan::compile(&g, &Tuning::CPU).expect("compiles");
    assert!(plan.resources.iter().all(|r| r.name != PARAM), "nothing of it trains");

    let mut oracle = CpuBackend::<f64>::oracle();
    let mut random = Stream::new(3, 3, 3);
    let (mut ids, mut start) = (BTreeMap::new(), Vec::new());
    for r in &plan.resources {
        let id = oracle.allocate(&r.name, r.dtype, r.len).expect("allocates");
        if r.dtype == DType::U32 {
            let values: Vec<u32> = (0..r.len as u32).map(|i| i % classes).collect();
            oracle.write(id, 0, HostSlice::U32(&values)).expect("writes");
        } else {
            let factor = if r.name == "t" { 300.0 } else { 0.4 };
            let values: Vec<f64> = (0..r.len).map(|_| factor * random.normal().abs()).collect();
            oracle.write_floats(id, 0, &values).expect("writes");
            if r.name == "x" {
                start = values;
            }
        }
        ids.insert(r.name.clone(), id);
    }
    let program = block_on(oracle.load(&plan, &ids)).expect("loads");
    oracle.run(&[(program, 1)]).expect("runs");
    let gradient = oracle.output_floats(program, "gradient").expect("a gradient");
    let (mut error, mut norm) = (0.0f64, 0.0f64);
    for (i, value) in start.iter().enumerate() {
        let mut loss = |shift: f64| {
            oracle.write_floats(ids["x"], i, &[value + shift]).expect("writes");
            oracle.run(&[(program, 1)]).expect("runs");
            oracle.output_floats(program, "loss").expect("a loss")[0]
        };
        let numeric = (loss(1e-5) - loss(-1e-5)) / 2e-5;
        loss(0.0);
        error += (numeric - gradient[i]).powi(2);
        norm += numeric.powi(2);
    }
    assert!(norm > 0.0, "the classifier looks at its input");
    let relative = (error / norm).sqrt();
    println!("{shape:?}: the gradient is off by {relative:.1e}");
    assert!(relative <= 1e-6, "{shape:?}: the gradient is off by {relative:e}");
}
