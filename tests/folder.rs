//! Models as diffusers keeps them: a folder that diffusers wrote loads, agrees with PyTorch, comes back as it was and goes on
//! learning; one that does not fit is refused by name.
#![cfg(not(target_arch = "wasm32"))]

#[allow(dead_code, reason = "other tests use the rest")]
#[path = "common/fixture.rs"]
mod fixture;
#[path = "common/forward.rs"]
mod forward;
#[path = "common/machines.rs"]
mod machines;

use std::collections::HashMap;
use std::fs;

use fixture::{Fixture, channels_last};
use machines::gpu;
use pollster::block_on;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::{Value, json};
use unnoise::Error;
use unnoise::cpu::CpuBackend;
use unnoise::data::ImageSet;
use unnoise::diffusion::BetaSchedule;
use unnoise::plan::Backend;
use unnoise::train::{FILES, Folder, ImageDataset, OptimizerConfig, Snapshot, Trainer};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/diffusers_folder");

fn bytes(name: &str) -> Vec<u8> {
    fs::read(format!("{FOLDER}/{name}")).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn text(name: &str) -> String {
    String::from_utf8(bytes(name)).expect("text")
}

fn folder() -> Folder {
    Folder::read(&text(FILES[0]), &bytes(FILES[1]), Some(&text(FILES[2]))).expect("diffusers' own folder loads")
}

fn agrees(backend: &mut dyn Backend) {
    let (folder, input) = (folder(), Fixture::read(&format!("{FOLDER}/input.safetensors")));
    let (t, labels) = (input.integers("t"), input.integers("class_labels"));
    let x = channels_last(&input.floats("x"), t.len(), folder.unet.in_channels);
    let got = forward::output(backend, &folder, &x, &t, Some(&labels)).expect("runs");
    let wanted = Fixture::read(&format!("{FOLDER}/expected.safetensors")).floats("output");
    let wanted = channels_last(&wanted, t.len(), folder.unet.out_channels);
    assert_eq!(got.len(), wanted.len());
    let worst = got.iter().zip(wanted).map(|(g, w)| (g - w).abs()).fold(0.0, f32::max);
    println!("{}: within {worst:.1e} of PyTorch's", backend.info().name);
    assert!(worst <= 2e-5, "{}: output off by {worst:e}", backend.info().name);
}

#[test]
fn a_folder_of_diffusers_gives_the_output_of_pytorch() {
    agrees(&mut CpuBackend::<f32>::new());
    agrees(&mut CpuBackend::<f64>::oracle());
    agrees(&mut gpu());
}

#[test]
fn what_was_read_is_written_as_it_was() {
    let folder = folder();
    assert_eq!(folder.schedule.beta_schedule, BetaSchedule::SquaredcosCapV2);
    let written = folder.write().expect("writes");
    let [config, weights, scheduler, index] = &written;
    let utf8 = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    let again = Folder::read(&utf8(config), weights, Some(&utf8(scheduler))).expect("reads");
    assert_eq!(folder, again);
    assert_eq!(written, again.write().expect("writes"), "the same bytes each time");

    // Tensor by tensor the bits of the file that diffusers wrote.
    let theirs = bytes(FILES[1]);
    let (theirs, ours) = (SafeTensors::deserialize(&theirs).expect("theirs"), SafeTensors::deserialize(weights).expect("ours"));
    assert_eq!(theirs.len(), ours.len());
    for (name, tensor) in theirs.tensors() {
        let own = ours.tensor(&name).unwrap_or_else(|_| panic!("{name} is gone"));
        assert_eq!((tensor.dtype(), tensor.shape(), tensor.data()), (own.dtype(), own.shape(), own.data()), "{name}");
    }
    // Key by key what diffusers' files say, where the file is about the model.
    let json = |text: &str| serde_json::from_str::<HashMap<String, Value>>(text).expect("JSON");
    let (theirs, ours) = (json(&text(FILES[0])), json(&utf8(config)));
    for (key, value) in &theirs {
        let same = ours.get(key).is_some_and(|own| own == value || own.as_f64().is_some_and(|v| Some(v) == value.as_f64()));
        assert!(same || key.starts_with('_') || value.is_null() || !ours.contains_key(key), "{key}: {:?} for {value}", ours.get(key));
    }
    assert_eq!(json(&utf8(index))["unet"], json(&text(FILES[3]))["unet"]);
}

/// The committed weights with one change, as a file.
fn changed(change: impl FnOnce(&mut Vec<(String, Dtype, Vec<usize>, Vec<u8>)>)) -> Vec<u8> {
    let bytes = bytes(FILES[1]);
    let file = SafeTensors::deserialize(&bytes).expect("a safetensors file");
    let own = |(name, t): (String, TensorView<'_>)| (name, t.dtype(), t.shape().to_vec(), t.data().to_vec());
    let mut tensors: Vec<_> = file.tensors().into_iter().map(own).collect();
    change(&mut tensors);
    let views = tensors.iter().map(|(name, dtype, shape, data)| (name, TensorView::new(*dtype, shape.clone(), data).expect("a tensor")));
    safetensors::serialize(views, None).expect("writes")
}

#[track_caller]
fn refused(config: &str, weights: &[u8], scheduler: Option<&str>, words: &[&str]) {
    let error = Folder::read(config, weights, scheduler).expect_err("must be refused").to_string();
    for word in words {
        assert!(error.contains(word), "“{error}” does not say “{word}”");
    }
}

#[test]
fn weights_that_do_not_fit_are_refused_by_name_and_shape() {
    const NAME: &str = "mid_block.resnets.0.conv1.weight";
    let (config, place) =
        (text(FILES[0]), |all: &[(String, Dtype, Vec<usize>, Vec<u8>)]| all.iter().position(|t| t.0 == NAME).expect(NAME));
    let missing = changed(|all| {
        all.remove(place(all));
    });
    refused(&config, &missing, None, &[NAME, "missing", "[16, 16, 3, 3]"]);
    let misshapen = changed(|all| {
        let at = place(all);
        all[at].2 = vec![16, 16, 9];
    });
    refused(&config, &misshapen, None, &[NAME, "[16, 16, 9]", "[16, 16, 3, 3]"]);
    let half = changed(|all| {
        let at = place(all);
        (all[at].1, all[at].3) = (Dtype::F16, vec![0; 2 * 16 * 16 * 9]);
    });
    refused(&config, &half, None, &[NAME, "F16", "F32"]);
    let surplus = changed(|all| all.push(("mid_block.extra.weight".into(), Dtype::F32, vec![1], vec![0; 4])));
    refused(&config, &surplus, None, &["mid_block.extra.weight", "no parameter"]);
    let infinite = changed(|all| {
        let at = place(all);
        all[at].3[..4].copy_from_slice(&f32::INFINITY.to_le_bytes());
    });
    refused(&config, &infinite, None, &[NAME, "inf", "element 0"]);
    // A configuration of another model: the first tensor that differs is named, with both shapes.
    let mut wider: Value = serde_json::from_str(&config).expect("JSON");
    wider["block_out_channels"] = json!([12, 16]);
    refused(&wider.to_string(), &bytes(FILES[1]), None, &["time_embedding.linear_1.weight", "[32, 8]", "[48, 12]"]);
    refused(&config, &bytes(FILES[1])[..1000], None, &["checkpoint", "cut off"]);
    refused("[]", &bytes(FILES[1]), None, &["config.json"]);
    let error = folder().arena(&other_parameters()).expect_err("another model's").to_string();
    assert!(error.contains("expected") && error.contains("[32, 8]") && error.contains("[48, 12]"), "{error}");
}

/// The parameters of a model that is wider than the committed one.
fn other_parameters() -> unnoise::graph::ParamTable {
    use unnoise::graph::{Graph, TensorType};
    let mut unet = folder().unet;
    unet.block_out_channels = vec![12, 16];
    let mut g = Graph::new();
    let x = g.resource("x", TensorType::f32([1, 14, 14, 1])).expect("x");
    let [t, labels] = ["t", "labels"].map(|name| g.resource(name, TensorType::u32([1])).expect(name));
    unet.build(&mut g, x, t, Some(labels)).expect("builds");
    g.params().clone()
}

#[test]
fn schedulers_that_cannot_be_used_are_refused_by_key() {
    for (key, value) in [
        ("prediction_type", json!("magic")),
        ("trained_betas", json!([0.1, 0.2])),
        ("rescale_betas_zero_snr", json!(true)),
        ("beta_schedule", json!("scaled")),
        ("variance_type", json!("learned_range")),
        ("beta_start", json!("small")),
        ("beta_end", json!(-1)),
        ("num_train_timesteps", json!(0)),
    ] {
        let mut scheduler: Value = serde_json::from_str(&text(FILES[2])).expect("JSON");
        scheduler["beta_schedule"] = json!("linear");
        scheduler[key] = value;
        refused(&text(FILES[0]), &bytes(FILES[1]), Some(&scheduler.to_string()), &[key]);
    }
    refused(&text(FILES[0]), &bytes(FILES[1]), Some("true"), &["scheduler.json", "no JSON object"]);
}

/// What a model predicts is part of its folder, and so is a schedule that ends in pure noise.
#[test]
fn schedules_go_both_ways() {
    let read = |scheduler: &str| Folder::read(&text(FILES[0]), &bytes(FILES[1]), Some(scheduler)).expect("reads");
    let mut v: Value = serde_json::from_str(&text(FILES[2])).expect("JSON");
    v["prediction_type"] = json!("v_prediction");
    v["rescale_betas_zero_snr"] = json!(true);
    v["timestep_spacing"] = json!("trailing");
    let flow = json!({ "_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": 1000, "shift": 3.0 });
    for (scheduler, class) in [(v, "DDPMScheduler"), (flow, "FlowMatchEulerDiscreteScheduler")] {
        let folder = read(&scheduler.to_string());
        let written = folder.write().expect("writes");
        let written: Vec<String> = written.iter().map(|file| String::from_utf8_lossy(file).into_owned()).collect();
        assert!(written[2].contains(class) && written[3].contains(class), "{}", written[2]);
        assert_eq!(read(&written[2]).schedule, folder.schedule);
        assert_ne!(folder.schedule.prediction_type, unnoise::diffusion::PredictionType::Epsilon);
    }
}

/// Stripes whose width depends on the class.
fn stripes(count: usize) -> ImageSet {
    let mut set = ImageSet::new(14, 1, 10).expect("a set");
    for i in 0..count {
        let pixels: Vec<u8> = (0..196).map(|p| if p % 14 % (i % 10 + 2) == 0 { 255 } else { 0 }).collect();
        set.push(&pixels, &[(i % 10) as u8]).expect("an image");
    }
    set
}

#[test]
fn a_folder_goes_on_learning_and_comes_back() {
    let folder = folder();
    let training = OptimizerConfig { batch_size: 8, ..OptimizerConfig::default() };
    let mut snapshot = folder.snapshot(ImageDataset::Own, training).expect("a run");
    let images = snapshot.config.images.as_mut().expect("on images");
    assert_eq!((images.side, images.channels, images.classes, images.no_class()), (14, 1, 10, Some(10)));
    images.count = 50;
    assert_eq!(snapshot.step(), 0);
    assert_eq!(Folder::of(&snapshot).expect("a folder"), folder, "before the first step it is what was read");
    let backends: [Box<dyn Backend>; 2] = [Box::new(CpuBackend::<f32>::new()), Box::new(gpu())];
    for mut backend in backends {
        let backend = backend.as_mut();
        let mut trainer = block_on(Trainer::start(backend, &snapshot)).expect("starts");
        trainer.add_images(backend, &stripes(50)).expect("images");
        trainer.run(backend, 5).expect("trains");
        let report = block_on(trainer.report(backend)).expect("a report");
        assert_eq!((report.step, report.losses.len(), report.frozen_at), (5, 5, None));
        let after = block_on(trainer.snapshot(backend)).expect("a snapshot");
        let learned = Folder::of(&after).expect("a folder");
        assert_eq!((&learned.unet, &learned.schedule), (&folder.unet, &folder.schedule));
        assert_ne!(learned, folder, "five steps change the weights");
        let [config, weights, scheduler, _] = learned.write().expect("writes");
        let utf8 = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        assert_eq!(Folder::read(&utf8(config), &weights, Some(&utf8(scheduler))).expect("reads"), learned);
        let kept = Snapshot::from_bytes(&after.to_bytes().expect("writes")).expect("reads");
        assert!(kept.param == after.param && kept.ema == after.ema, "a checkpoint holds the same");
    }
}

#[test]
fn models_that_no_run_can_train_say_why() {
    let mut folder = folder();
    folder.unet.in_channels = 2;
    match folder.snapshot(ImageDataset::Own, OptimizerConfig::default()) {
        Err(Error::Config { field, message }) => assert!(field == "images.unet.in_channels" && message.contains("must be 1"), "{message}"),
        other => panic!("expected an error about in_channels, got {:?}", other.map(|s| s.step())),
    }
    let points = Trainer::initial(&unnoise::train::Config::default()).expect("a run");
    let error = Folder::of(&points).expect_err("points are no images").to_string();
    assert!(error.starts_with("images: "), "{error}");
}
