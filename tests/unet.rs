//! The U-Net against diffusers: output, every gradient and ten AdamW steps of six models, on both backends.
//!
//! The fixtures come from `tests/python/make_unet_fixtures.py`. They hold what PyTorch computed; inputs and weights are drawn
//! here again by the formulas in that script, and compared with the fixture's fingerprints.
#![cfg(not(target_arch = "wasm32"))]

mod common;
#[path = "common/machines.rs"]
mod machines;
#[path = "common/step.rs"]
mod step;

use std::collections::{BTreeMap, HashMap};

use common::fixture::{Fixture, SEED, adamw, centred, channels_last, fingerprint, weights};
use pollster::block_on;
use step::{optimise, relative};
use unnoise::cpu::CpuBackend;
use unnoise::graph::ops::state::scalar;
use unnoise::graph::{Graph, TensorType};
use unnoise::nn::UnetConfig;
use unnoise::plan::{Backend, BufferId, HostSlice, Plan, Region};
use unnoise::threefry::Stream;

const NAMES: [&str; 6] = ["course", "two_heads", "resnet", "scale_shift", "classes", "class_timestep"];
const STEPS: usize = 10;

/// One training step on given inputs.
fn step_graph(config: &UnetConfig, batch: usize) -> Graph {
    let build = || -> unnoise::Result<Graph> {
        let mut g = Graph::new();
        let side = config.sample_size;
        let x = g.resource("x", TensorType::f32([batch, side, side, config.in_channels]))?;
        let noise = g.resource("noise", TensorType::f32([batch, side, side, config.out_channels]))?;
        let t = g.resource("t", TensorType::u32([batch]))?;
        let labels = if config.takes_labels() { Some(g.resource("labels", TensorType::u32([batch]))?) } else { None };
        let output = config.build(&mut g, x, t, labels)?;
        let loss = g.mse(output, noise, None)?;
        g.output("output", output)?;
        optimise(&mut g, loss)?;
        Ok(g)
    };
    build().expect("builds")
}

fn read(backend: &mut dyn Backend, buffer: BufferId, offset: usize, len: usize) -> Vec<f32> {
    block_on(backend.read(&[Region { buffer, offset, len }])).expect("reads").remove(0).floats()
}

fn compare(name: &str, backend: &mut dyn Backend, steps: usize) {
    let fixture = Fixture::open(&format!("unet_{name}"));
    let config = UnetConfig::from_diffusers(fixture.text("config")).expect("a configuration");
    let batch: usize = fixture.text("batch").parse().expect("a number");
    let adapter = format!("{name} on {}", backend.info().name);
    let graph = step_graph(&config, batch);
    let plan = Plan::compile(&graph, &backend.tuning()).expect("compiles");
    let ids: BTreeMap<String, BufferId> =
        plan.resources.iter().map(|r| (r.name.clone(), backend.allocate(&r.name, r.dtype, r.len).expect("allocates"))).collect();

    let prints: HashMap<String, String> = fixture.json("fingerprints");
    let parameters: Vec<(String, Vec<usize>)> = fixture.json("parameters");
    assert_eq!(parameters.len(), graph.params().iter().count(), "{adapter}: number of parameters");
    let mut arena = vec![0.0; graph.params().arena_len(true)];
    for (index, (parameter, shape)) in parameters.iter().enumerate() {
        let param = graph.params().get(parameter).unwrap_or_else(|| panic!("{adapter}: there is no {parameter}"));
        assert_eq!(param.file_shape(), *shape, "{adapter}: {parameter}");
        let values = weights(&parameters, index);
        assert_eq!(fingerprint(&values), prints[parameter], "{parameter}");
        param.write(&values, &mut arena);
    }
    backend.write(ids["param"], 0, HostSlice::F32(&arena)).expect("writes");
    backend.write(ids["scalars"], 0, HostSlice::F32(&adamw(1e-2))).expect("writes");
    let program = block_on(backend.load(&plan, &ids)).expect("loads");

    let (times, losses) = (fixture.integers("timesteps"), fixture.floats("losses"));
    let labels = config.takes_labels().then(|| fixture.integers("class_labels"));
    let pixels = config.sample_size * config.sample_size;
    for step in 0..steps {
        for (input, stream, channels) in [("x", 2, config.in_channels), ("noise", 3, config.out_channels)] {
            let mut random = Stream::new(SEED, stream, step as u32);
            let values: Vec<f32> = (0..batch * channels * pixels).map(|_| (3f64.sqrt() * centred(&mut random)) as f32).collect();
            assert_eq!(fingerprint(&values), prints[&format!("{input}.{step}")], "{input} of step {step}");
            backend.write(ids[input], 0, HostSlice::F32(&channels_last(&values, batch, channels))).expect("writes");
        }
        backend.write(ids["t"], 0, HostSlice::U32(&times[batch * step..batch * (step + 1)])).expect("writes");
        if let Some(labels) = &labels {
            backend.write(ids["labels"], 0, HostSlice::U32(&labels[batch * step..batch * (step + 1)])).expect("writes");
        }
        backend.run(&[(program, 1)]).expect("runs");
        if step == 0 {
            let output = block_on(backend.output(program, "output")).expect("an output").floats();
            let wanted = channels_last(&fixture.floats("output"), batch, config.out_channels);
            let worst = output.iter().zip(wanted).map(|(g, w)| (g - w).abs()).fold(0.0, f32::max);
            assert!(worst <= 2e-5, "{adapter}: output off by {worst:e}");
            let zero: Vec<String> = fixture.json("zero_gradients");
            let grads = read(backend, ids["grad"], 0, arena.len());
            // The padding between parameters is 0.
            let whole = grads.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
            let mut largest = (0.0, "");
            for param in graph.params().iter() {
                let got = param.read(&grads);
                if zero.contains(&param.name) {
                    // In exact arithmetic it is 0 (a shift that a norm or a softmax takes away again): only rounding is left.
                    let norm = got.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
                    assert!(norm <= 1e-6 * whole, "{adapter}: gradient of {} should vanish, it is {norm:e}", param.name);
                    continue;
                }
                let error = relative(&got, &fixture.gradient(&param.name));
                assert!(error <= 1e-3, "{adapter}: gradient of {} off by {error:e}", param.name);
                if error > largest.0 {
                    largest = (error, &param.name);
                }
            }
            println!("{adapter}: output within {worst:.1e}, gradients within {:.1e} ({})", largest.0, largest.1);
        }
        let loss = read(backend, ids["scalars"], scalar::LOSS, 1)[0];
        assert!((loss / losses[step] - 1.0).abs() <= 1e-4, "{adapter}: loss of step {step} is {loss}, PyTorch's {}", losses[step]);
    }
}

#[test]
fn the_cpu_backend_agrees_with_diffusers() {
    for name in NAMES {
        compare(name, &mut CpuBackend::<f32>::new(), STEPS);
    }
}

/// Plain twins are slow: one step shows output and gradients, two that the optimiser goes on from them.
#[test]
fn the_twins_agree_with_diffusers() {
    for name in NAMES {
        compare(name, &mut CpuBackend::<f64>::oracle(), 2);
    }
}

#[test]
fn the_gpu_backend_agrees_with_diffusers() {
    for name in NAMES {
        compare(name, &mut machines::gpu(), STEPS);
    }
}
