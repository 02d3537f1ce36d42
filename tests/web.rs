//! The engine in a real browser: every kernel against its twin, training, and what happens when the device goes away.
//!
//! `wasm-pack test --headless --chrome` runs this; `./build.sh test web` and `./build.sh test firefox` do, too.
#![cfg(target_arch = "wasm32")]

mod common;

use common::cases::ops;
use common::runs::{small, train};
use common::{compare, with_gradients};
use js_sys::Reflect;
use unnoise::data::ImageSet;
use unnoise::gpu::{Gpu, GpuBackend, kernel_stems};
use unnoise::graph::Tuning;
use unnoise::plan::{Backend, Plan};
use unnoise::train::{ImageDataset, Preset, SampleOptions, Sampler, Snapshot, Trainer};
use unnoise::web::{Engine, check_config, default_config, memory_plan, preset_config};
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
        launched.extend(Plan::compile(&graph, &Tuning::GPU).expect("compiles").dispatches.iter().map(|d| d.stem));
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
        let engine = Engine::create(small_config(), backend.into(), None, None).await.expect("an engine");
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
        let sample = engine.sample(JsValue::from(js_sys::Object::new()), JsValue::UNDEFINED).await.expect("samples");
        assert!(sample.frames().iter().all(|v| v.is_finite()));
        engine.destroy().await;
    }
}

#[wasm_bindgen_test]
async fn bad_input_is_an_error_and_the_run_is_untouched() {
    let engine = Engine::create(small_config(), "cpu".into(), None, None).await.expect("an engine");
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
        let Err(error) = engine.sample(js_sys::JSON::parse(json).expect("parses"), JsValue::UNDEFINED).await else {
            panic!("{json} must be refused")
        };
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
    let engine = Engine::create(small_config(), "webgpu".into(), None, None).await.expect("an engine");
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

/// 160 digits of MNIST at 14×14: those of the fixture of `course`.
fn digits() -> ImageSet {
    let file = safetensors::SafeTensors::deserialize(include_bytes!("fixtures/course_losses.safetensors")).expect("the fixture");
    let mut set = ImageSet::new(28, 1, 10).expect("a set");
    // Their classes are not in the fixture; any will do here.
    let labels: Vec<u8> = (0..160).map(|i| i % 10).collect();
    set.push(file.tensor("images").expect("images").data(), &labels).expect("fits");
    set.resized(14).expect("14 divides 28")
}

#[wasm_bindgen_test]
async fn a_small_unet_learns_digits_and_does_so_again() {
    let mut config = Preset::Tiny.config(ImageDataset::Mnist);
    config.training.batch_size = 4;
    let mut gpu = gpu().await;
    let mut runs = Vec::new();
    // The second run needs no longer than it takes to tell them apart.
    for (steps, together) in [(60, 1), (24, 6)] {
        let mut trainer = Trainer::new(&mut gpu, &config).await.expect("starts");
        assert!(trainer.run(&mut gpu, 1).is_err(), "there is nothing to learn from yet");
        trainer.add_images(&mut gpu, &digits()).expect("fits");
        let mut losses = train(&mut gpu, &mut trainer, 24, together).await.expect("trains").losses;
        let state = trainer.snapshot(&mut gpu).await.expect("a snapshot").param;
        losses.extend(train(&mut gpu, &mut trainer, steps - 24, together).await.expect("trains").losses);
        runs.push((losses, state));
        trainer.destroy(&mut gpu);
    }
    assert!(runs[0].0[..24] == runs[1].0[..] && runs[0].1 == runs[1].1, "two runs of one seed differ");
    let mean = |losses: &[f32]| losses.iter().sum::<f32>() / losses.len() as f32;
    let (first, last) = (mean(&runs[0].0[..10]), mean(&runs[0].0[50..]));
    console_log!("tiny, 60 steps of 4: loss {first} to {last}");
    assert!(last < 0.6 * first, "the loss went from {first} to {last}");
}

#[wasm_bindgen_test]
async fn digits_go_in_and_come_out_by_class_and_as_a_folder() {
    let config = preset_config("tiny".into(), "mnist".into()).expect("a preset");
    let set = |path: [&str; 2], value: f64| {
        let part = Reflect::get(&config, &path[0].into()).expect("a part");
        Reflect::set(&part, &path[1].into(), &value.into()).expect("sets");
    };
    set(["training", "batch_size"], 8.0);
    set(["images", "count"], 160.0);
    let plan = memory_plan(config.clone(), js_sys::Object::new().into(), false).expect("a plan");
    assert!(number(&plan, "training_bytes") > 1e5 && number(&plan, "largest_batch") > 100.0);
    let engine = Engine::create(config.clone(), "cpu".into(), None, None).await.expect("an engine");
    let all = digits();
    let half = all.image_bytes() * 80;
    assert_eq!(engine.add_images(all.pixels()[..half].to_vec(), all.labels()[..80].to_vec()).await.expect("fits"), 80);
    assert!(engine.add_images(vec![0; 10], vec![0]).await.is_err(), "no whole image");
    assert!(engine.add_images(vec![0; 196], vec![10]).await.is_err(), "no such class");
    engine.step(2).await.expect("trains");
    assert_eq!(engine.add_images(all.pixels()[half..].to_vec(), all.labels()[80..].to_vec()).await.expect("fits"), 160);
    assert!(engine.add_images(vec![0; 196], vec![0]).await.is_err(), "more than there is room for");
    engine.step(2).await.expect("trains");

    let options =
        r#"{"num_samples": 3, "num_inference_steps": 4, "max_frames": 5, "labels": [1, 2, 3], "guidance_scale": 2, "clip_sample": true}"#;
    let options = js_sys::JSON::parse(options).expect("parses");
    let sample = engine.sample(options.clone(), JsValue::UNDEFINED).await.expect("samples");
    assert_eq!((sample.frames().len(), sample.predicted().len()), (5 * 3 * 196, 5 * 3 * 196));
    assert!(sample.predicted().iter().all(|v| v.abs() <= 1.0));

    // Through a folder and back: the same samples of the same weights.
    let files: Vec<(String, js_sys::Uint8Array)> = engine
        .export_folder()
        .await
        .expect("exports")
        .iter()
        .map(|f| {
            (
                Reflect::get(&f, &"name".into()).expect("a name").as_string().expect("text"),
                Reflect::get(&f, &"bytes".into()).expect("bytes").unchecked_into(),
            )
        })
        .collect();
    let text = |i: usize| String::from_utf8(files[i].1.to_vec()).expect("text");
    assert_eq!(files[1].0, "unet/diffusion_pytorch_model.safetensors");
    engine.load_folder(text(0), files[1].1.to_vec(), Some(text(2)), "mnist".into()).await.expect("loads");
    assert_eq!(number(&engine.metrics(), "step"), 0.0);
    assert_eq!(engine.image_count(), 160, "the images stay");
    let again = engine.sample(options, JsValue::UNDEFINED).await.expect("samples");
    assert_eq!(again.frames(), sample.frames());
    let error = engine.load_folder("{}".into(), files[1].1.to_vec(), None, "mnist".into()).await.expect_err("no size");
    assert_eq!(Reflect::get(&error, &"kind".into()).expect("a kind").as_string().as_deref(), Some("config"));
    engine.destroy().await;
}
