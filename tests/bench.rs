//! The bench measures what it says, and its report has all its parts. What comes of it is no matter here: machines differ.

use pollster::block_on;
use serde_json::Value;
use unnoise::cpu::CpuBackend;
use unnoise::gpu::{Gpu, GpuBackend};
use unnoise::plan::{Backend, DeviceKind};
use unnoise::train::bench::{Case, Depth, Event, Outcome, Work, cases, suite};
use unnoise::train::{Config, ImageDataset, Preset, SampleOptions};

fn backends() -> Vec<Box<dyn Backend>> {
    let gpu = GpuBackend::new(block_on(Gpu::request()).expect("an adapter, in hardware or software"));
    vec![Box::new(CpuBackend::<f32>::new()), Box::new(gpu)]
}

/// A run on points and one on images, as small as they come, and a sampling run.
fn toys() -> Vec<Case> {
    let mut points = Config::default();
    (points.model.width, points.training.batch_size) = (16, 32);
    let mut images = Preset::Tiny.config(ImageDataset::Mnist);
    images.training.batch_size = 2;
    if let Some(images) = &mut images.images {
        images.count = 8;
    }
    let options = SampleOptions { num_samples: 4, num_inference_steps: 2, max_frames: 2, ..SampleOptions::default() };
    let case = |name: &str, work| Case { name: name.into(), work };
    vec![
        case("train/points", Work::Training(points)),
        case("train/images", Work::Training(images.clone())),
        case("sample/images", Work::Sampling(images, Box::new(options))),
    ]
}

fn number(value: &Value, path: &str) -> f64 {
    let found = path.split('.').try_fold(value, |value, key| value.get(key));
    found.and_then(Value::as_f64).unwrap_or_else(|| panic!("{path} is no number in {value:#}"))
}

fn above_zero(value: &Value, paths: &[&str]) {
    for path in paths {
        assert!(number(value, path) > 0.0 && number(value, path).is_finite(), "{path} in {value:#}");
    }
}

#[test]
fn the_report_has_all_its_parts() {
    for mut backend in backends() {
        let cpu = backend.info().kind == DeviceKind::Cpu;
        let mut said = Vec::new();
        let report =
            block_on(suite(backend.as_mut(), &toys(), Depth::Quick, &mut |event: &Event| said.push(event.clone()))).expect("measures");
        // Peaks, and each case's beginning and end.
        assert!(matches!(said[0], Event::Peaks { .. }));
        let ends: Vec<&Outcome> =
            said.iter().filter_map(|e| if let Event::Ended { outcome } = e { Some(outcome.as_ref()) } else { None }).collect();
        assert_eq!(ends, report.outcomes.iter().collect::<Vec<_>>());
        assert_eq!(said.len(), 1 + 2 * report.outcomes.len());

        let json = serde_json::to_value(&report).expect("is JSON");
        above_zero(&json, &["peaks.gflops", "peaks.gigabytes_per_second"]);
        assert!(!json["adapter"]["name"].as_str().expect("a name").is_empty());
        for training in [&json["outcomes"][0], &json["outcomes"][1]] {
            assert_eq!(training["kind"], "training");
            above_zero(training, &["step.median", "step.least", "steps_per_second", "load", "gflops", "parameters"]);
            above_zero(training, &["cost.operations", "cost.bytes", "cost.least_bytes", "cost.ratio", "cost.launches", "cost.pipelines"]);
            assert!(number(training, "step.least") <= number(training, "step.median"));
            assert!(number(training, "step.repeats") >= 3.0);
            // The CPU backend has no host but itself.
            assert_eq!(training["host"].is_null(), cpu);
            let kernels = training["kernels"].as_array().expect("kernels");
            let launches: f64 = kernels.iter().map(|k| number(k, "launches")).sum();
            assert_eq!(launches, number(training, "cost.launches"));
            let shares: f64 = kernels.iter().map(|k| number(k, "share")).sum();
            assert!((shares - 1.0).abs() < 1e-9, "{shares}");
            assert!(kernels.is_sorted_by(|a, b| number(a, "milliseconds") >= number(b, "milliseconds")));
            let product = kernels.iter().find(|k| k["kernel"] == "matmul").expect("a matrix product");
            above_zero(product, &["gflops", "gigabytes_per_second", "intensity", "of_arithmetic", "of_bandwidth"]);
            assert_eq!(training["cost"]["predictions"].as_array().map(Vec::len), Some(3));
        }
        let sampling = &json["outcomes"][2];
        assert_eq!((sampling["kind"].as_str(), number(sampling, "samples"), number(sampling, "steps")), (Some("sampling"), 4.0, 2.0));
        above_zero(sampling, &["run.median", "samples_per_second", "gflops", "cost.operations"]);
    }
}

/// What would take too long is left out, and the report says so.
#[test]
fn what_takes_too_long_is_said_to_be_left_out() {
    let mut config = Preset::Course.config(ImageDataset::Mnist);
    config.training.batch_size = 400;
    let case = Case { name: "train/huge".into(), work: Work::Training(config) };
    let mut backend = CpuBackend::<f32>::oracle();
    let report = block_on(suite(&mut backend, &[case], Depth::Quick, &mut |_: &Event| {})).expect("measures");
    let Outcome::Skipped { name, expected, limit } = &report.outcomes[0] else { panic!("{:?}", report.outcomes) };
    assert!(name == "train/huge" && expected > limit, "{expected} s of {limit} s");
}

/// Machines without a GPU are spared the large batches unless they are asked for.
#[test]
fn cases_suit_the_machine() {
    let names = |depth, kind| cases(depth, kind).into_iter().map(|case| case.name).collect::<Vec<_>>();
    let gpu = names(Depth::Standard, DeviceKind::Gpu);
    for wanted in ["train/mlp-256", "train/tiny-128", "train/small-32", "train/course-128", "sample/small", "sample/course"] {
        assert!(gpu.iter().any(|name| name == wanted), "{wanted} in {gpu:?}");
    }
    let software = names(Depth::Standard, DeviceKind::SoftwareGpu);
    assert!(software.iter().all(|name| !name.ends_with("-32") && !name.ends_with("-128") || name.contains("mlp")), "{software:?}");
    assert!(names(Depth::Full, DeviceKind::Cpu).iter().any(|name| name == "growth/batch"));
}
