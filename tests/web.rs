//! The engine in a real browser: every kernel against its twin, training, and what happens when the device goes away.
//!
//! `wasm-pack test --headless --chrome` runs this; `./build.sh test web` and `./build.sh test firefox` do, too.
#![cfg(target_arch = "wasm32")]

mod common;

use common::cases::ops;
use common::runs::{small, train};
use common::{compare, with_gradients};
use js_sys::Reflect;
use unnoise::gpu::{Gpu, GpuBackend, kernel_stems};
use unnoise::graph::Tuning;
use unnoise::plan::{Backend, Plan};
use unnoise::train::{SampleOptions, Sampler, Snapshot, Trainer};
use unnoise::web::{Engine, check_config, default_config};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

async fn gpu() -> GpuBackend {
    GpuBackend::new(Gpu::request().await.expect("a WebGPU adapter; see webdriver.json for the flags"))
}

/// Each pipeline is made inside an error scope (`GpuBackend::load`): Chrome runs an invalid one as if it did nothing.
#[wasm_bindgen_test]
async fn shaders_match_the_twins() {
    let mut gpu = gpu().await;
    console_log!("adapter: {:?}", gpu.info());
    let mut launched = std::collections::BTreeSet::new();
    for case in ops() {
        if let Err(error) = compare(&case, &mut gpu).await {
            panic!("{error}");
        }
        gpu.health().expect("no error that nobody asked for");
        let graph = with_gradients((case.build)().expect("builds")).expect("differentiates");
        launched.extend(Plan::compile(&graph, Tuning::GPU).expect("compiles").dispatches.iter().map(|d| d.stem));
    }
    assert_eq!(launched.len(), kernel_stems().count(), "every shader has run");
}

#[wasm_bindgen_test]
async fn one_seed_one_run_and_the_loss_falls() {
    let mut gpu = gpu().await;
    let mut results = Vec::new();
    for together in [1, 16] {
        let mut trainer = Trainer::new(&mut gpu, &small()).await.expect("starts");
        let progress = train(&mut gpu, &mut trainer, 64, together).await.expect("trains");
        let state = trainer.snapshot(&mut gpu).await.expect("a snapshot");
        let mut kept = None;
        let options = SampleOptions { num_samples: 40, num_inference_steps: 6, eta: 1.0, ..SampleOptions::default() };
        let samples = Sampler::run(&mut kept, &mut gpu, &trainer, &options).await.expect("submits").await.expect("samples");
        if let Some(sampler) = kept {
            sampler.destroy(&mut gpu);
        }
        trainer.destroy(&mut gpu);
        results.push((progress.losses, state, samples));
    }
    assert_eq!(results[0], results[1], "K = 1 and K = 16 differ");
    let mean = |losses: &[f32]| losses.iter().sum::<f32>() / losses.len() as f32;
    let losses = &results[0].0;
    let (first, last) = (mean(&losses[..8]), mean(&losses[56..]));
    assert!(last < 0.8 * first, "the loss went from {first} to {last}");
    // Save, load, continue.
    let bytes = results[0].1.to_bytes().expect("writes");
    assert_eq!(Snapshot::from_bytes(&bytes).expect("reads"), results[0].1);
}

fn number(object: &JsValue, key: &str) -> f64 {
    Reflect::get(object, &key.into()).expect("an object").as_f64().unwrap_or(f64::NAN)
}

fn small_config() -> JsValue {
    let json = serde_json::to_string(&small()).expect("serialises");
    js_sys::JSON::parse(&json).expect("parses")
}

#[wasm_bindgen_test]
async fn a_lost_device_is_made_anew_and_training_goes_on() {
    for backend in ["webgpu", "cpu"] {
        let engine = Engine::create(small_config(), backend.into()).await.expect("an engine");
        engine.step(40).await.expect("trains");
        // A snapshot is taken every two seconds of training.
        let start = js_sys::Date::now();
        let mut before = JsValue::NULL;
        while js_sys::Date::now() - start < 2600.0 {
            before = engine.advance(8.0).await.expect("trains");
        }
        engine.lose_device();
        let mut after = engine.advance(8.0).await.expect("recovers");
        assert_eq!(number(&after, "recoveries"), 1.0, "{backend}");
        let resumed = number(&after, "step");
        assert!(resumed >= 40.0, "resumed at step {resumed} of {}", number(&before, "step"));
        for _ in 0..5 {
            after = engine.advance(8.0).await.expect("trains");
        }
        assert!(number(&after, "step") > resumed, "training goes on");
        assert!(number(&after, "loss").is_finite());
        let sample = engine.sample(JsValue::from(js_sys::Object::new())).await.expect("samples");
        assert!(sample.frames().iter().all(|v| v.is_finite()));
        engine.destroy().await;
    }
}

#[wasm_bindgen_test]
async fn bad_input_is_an_error_and_the_run_is_untouched() {
    let engine = Engine::create(small_config(), "cpu".into()).await.expect("an engine");
    engine.step(3).await.expect("trains");
    let field = |error: JsValue| Reflect::get(&error, &"field".into()).expect("an error").as_string().unwrap_or_default();
    for bad in [f64::NAN, -1.0, 1e9] {
        assert_eq!(field(engine.set_learning_rate(bad).expect_err("refused")), "training.learning_rate");
    }
    for (json, wanted) in [
        (r#"{"training": {"batch_size": 0}}"#, "training.batch_size"),
        (r#"{"training": {"batch_size": 1e9}}"#, "training.batch_size"),
        (r#"{"training": {"batch_size": "many"}}"#, "training.batch_size"),
        (r#"{"model": {"width": -3}}"#, "model.width"),
        (r#"{"model": {"time_embedding": 7}}"#, "model.time_embedding"),
        (r#"{"schedule": {"beta_start": 2}}"#, "schedule.beta_start"),
        (r#"{"data": {"dataset": "nonsense"}}"#, "data.dataset"),
        (r#"{"data": {"size": 0}}"#, "data.size"),
    ] {
        let config = js_sys::JSON::parse(json).expect("parses");
        assert_eq!(field(check_config(config.clone()).expect_err("refused")), wanted);
        assert_eq!(field(engine.reset(config).await.expect_err("refused")), wanted);
    }
    for (json, wanted) in [
        (r#"{"eta": -1}"#, "sample.eta"),
        (r#"{"num_inference_steps": 0}"#, "sample.num_inference_steps"),
        (r#"{"num_inference_steps": 5000}"#, "sample.num_inference_steps"),
        (r#"{"num_samples": 0}"#, "sample.num_samples"),
        (r#"{"sampler": "magic"}"#, "sample.sampler"),
    ] {
        let Err(error) = engine.sample(js_sys::JSON::parse(json).expect("parses")).await else { panic!("{json} must be refused") };
        assert_eq!(field(error), wanted);
    }
    assert!(engine.load_checkpoint(vec![1; 100]).await.is_err());
    assert_eq!(number(&engine.metrics(), "step"), 3.0);
    let config = default_config();
    assert!(config.is_object() && number(&config, "version") == 1.0);
    let saved = engine.save_checkpoint().await.expect("saves");
    assert!(saved.is_instance_of::<js_sys::Uint8Array>() && saved.length() > 1000);
}

/// Buffers and bytes stay as they are while training runs.
#[wasm_bindgen_test]
async fn training_allocates_nothing() {
    let engine = Engine::create(small_config(), "webgpu".into()).await.expect("an engine");
    let warm = engine.step(100).await.expect("trains");
    let mut metrics = warm.clone();
    for _ in 0..10 {
        metrics = engine.step(50).await.expect("trains");
    }
    assert_eq!(number(&metrics, "step"), 600.0);
    assert_eq!(number(&metrics, "buffers"), number(&warm, "buffers"));
    assert_eq!(number(&metrics, "buffer_bytes"), number(&warm, "buffer_bytes"));
    engine.destroy().await;
}
