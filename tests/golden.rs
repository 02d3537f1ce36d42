//! The MLP against PyTorch: output, every gradient, ten AdamW steps with clipping, weight decay and moving average, on both backends.
//!
//! The numbers come from `tests/python/make_mlp_fixtures.py`.
#![cfg(not(target_arch = "wasm32"))]

#[path = "common/machines.rs"]
mod machines;
#[path = "common/step.rs"]
mod step;

use std::collections::BTreeMap;

use pollster::block_on;
use safetensors::SafeTensors;
use step::{optimise, relative};
use unnoise::cpu::CpuBackend;
use unnoise::graph::ops::state::scalar;
use unnoise::graph::{Activation, Graph, Param, TensorType};
use unnoise::nn::MlpConfig;
use unnoise::plan::{Backend, BufferId, HostSlice, Plan, Region};

const BATCH: usize = 33;
const STEPS: usize = 10;

fn floats(file: &SafeTensors<'_>, name: &str) -> Vec<f32> {
    let bytes = file.tensor(name).unwrap_or_else(|_| panic!("the fixture has {name}")).data();
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

/// A parameter of the fixture in this crate's layout.
fn parameter(file: &SafeTensors<'_>, prefix: &str, param: &Param) -> Vec<f32> {
    let values = floats(file, &format!("{prefix}.{}", param.name));
    param.from_file(&values)
}

/// One training step on given inputs: the graph of a run without its random draws.
fn step_graph() -> Graph {
    let model = MlpConfig { width: 20, hidden_layers: 2, activation: Activation::Silu, time_embedding: 16, ..MlpConfig::default() };
    let build = || -> unnoise::Result<Graph> {
        let mut g = Graph::new();
        let (x, noise) = (g.resource("x", TensorType::f32([BATCH, 2]))?, g.resource("noise", TensorType::f32([BATCH, 2]))?);
        let t = g.resource("t", TensorType::u32([BATCH]))?;
        let output = model.build(&mut g, x, t, None)?;
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

fn compare(backend: &mut dyn Backend) {
    let name = backend.info().name.clone();
    let bytes = include_bytes!("fixtures/mlp.safetensors");
    let file = SafeTensors::deserialize(bytes).expect("the fixture");
    let graph = step_graph();
    let plan = Plan::compile(&graph, &backend.tuning()).expect("compiles");
    let mut ids = BTreeMap::new();
    for r in &plan.resources {
        ids.insert(r.name.clone(), backend.allocate(&r.name, r.dtype, r.len).expect("allocates"));
    }
    let params: Vec<Param> = graph.params().iter().cloned().collect();
    for param in &params {
        let start = parameter(&file, "start", param);
        for arena in ["param", "ema"] {
            backend.write(ids[arena], param.offset, HostSlice::F32(&start)).expect("writes");
        }
    }
    let mut scalars = [0.0f32; scalar::LEN];
    for (at, value) in [
        (scalar::BASE_RATE, 3e-3),
        (scalar::BETA1, 0.9),
        (scalar::BETA2, 0.999),
        (scalar::EPSILON, 1e-8),
        (scalar::WEIGHT_DECAY, 1e-2),
        (scalar::BETA1_POWER, 1.0),
        (scalar::BETA2_POWER, 1.0),
        (scalar::MAX_NORM, 1.0),
        (scalar::EMA_DECAY, 0.999),
    ] {
        scalars[at] = value;
    }
    backend.write(ids["scalars"], 0, HostSlice::F32(&scalars)).expect("writes");
    let program = block_on(backend.load(&plan, &ids)).expect("loads");
    let (xs, noises) = (floats(&file, "x"), floats(&file, "noise"));
    let ts: Vec<u32> = floats(&file, "t").iter().map(|v| v.to_bits()).collect();
    let (losses, norms) = (floats(&file, "losses"), floats(&file, "norms"));
    for step in 0..STEPS {
        let points = 2 * BATCH * step..2 * BATCH * (step + 1);
        backend.write(ids["x"], 0, HostSlice::F32(&xs[points.clone()])).expect("writes");
        backend.write(ids["noise"], 0, HostSlice::F32(&noises[points])).expect("writes");
        backend.write(ids["t"], 0, HostSlice::U32(&ts[BATCH * step..BATCH * (step + 1)])).expect("writes");
        backend.run(&[(program, 1)]).expect("runs");
        if step == 0 {
            let output = block_on(backend.output(program, "output")).expect("an output").floats();
            let worst = output.iter().zip(floats(&file, "output")).map(|(g, w)| (g - w).abs()).fold(0.0, f32::max);
            assert!(worst <= 2e-6, "{name}: output off by {worst:e}");
            for param in &params {
                let got = read(backend, ids["grad"], param.offset, param.shape.elements());
                let error = relative(&got, &parameter(&file, "grad", param));
                assert!(error <= 1e-5, "{name}: gradient of {} off by {error:e}", param.name);
            }
        }
        let state = read(backend, ids["scalars"], 0, scalar::LEN);
        let (loss, norm) = (state[scalar::LOSS], state[scalar::GRAD_NORM]);
        assert!((loss / losses[step] - 1.0).abs() <= 1e-5, "{name}: loss of step {step} is {loss}, PyTorch's {}", losses[step]);
        assert!((norm / norms[step] - 1.0).abs() <= 1e-5, "{name}: norm of step {step} is {norm}, PyTorch's {}", norms[step]);
    }
    for param in &params {
        for (arena, prefix) in [("param", "end"), ("ema", "ema")] {
            let got = read(backend, ids[arena], param.offset, param.shape.elements());
            let error = relative(&got, &parameter(&file, prefix, param));
            assert!(error <= 1e-4, "{name}: {arena} {} off by {error:e} after {STEPS} steps", param.name);
        }
    }
}

#[test]
fn the_cpu_backend_agrees_with_pytorch() {
    compare(&mut CpuBackend::<f32>::new());
}

#[test]
fn the_twins_agree_with_pytorch() {
    compare(&mut CpuBackend::<f64>::oracle());
}

#[test]
fn the_gpu_backend_agrees_with_pytorch() {
    compare(&mut machines::gpu());
}
