//! Graphs and plans: errors that name things, derivatives that find their way, kernels fused, memory shared.
#![cfg(not(target_arch = "wasm32"))]

use std::collections::BTreeMap;

use pollster::block_on;
use unnoise::Error;
use unnoise::cpu::CpuBackend;
use unnoise::graph::{Activation, Graph, Init, Tensor, TensorType, Tuning};
use unnoise::nn::{MlpConfig, UnetConfig, linear};
use unnoise::plan::{Backend, Memory, Plan};
use unnoise::train::{Config, ImageDataset, Preset, step_cost};

fn floats(g: &mut Graph, name: &str, shape: &[usize]) -> Tensor {
    g.resource(name, TensorType::f32(shape.to_vec())).expect("a resource")
}

/// A graph's outputs, its resources filled with 1, 2, 3, …
fn evaluate(g: &Graph) -> BTreeMap<String, Vec<f64>> {
    let plan = Plan::compile(g, &Tuning::CPU).expect("compiles");
    let mut oracle = CpuBackend::<f64>::oracle();
    let mut ids = BTreeMap::new();
    for r in &plan.resources {
        let id = oracle.allocate(&r.name, r.dtype, r.len).expect("allocates");
        let values: Vec<f64> = (1..=r.len).map(|v| v as f64).collect();
        oracle.write_floats(id, 0, &values).expect("writes");
        ids.insert(r.name.clone(), id);
    }
    let program = block_on(oracle.load(&plan, &ids)).expect("loads");
    oracle.run(&[(program, 1)]).expect("runs");
    let read = |name: &String| (name.clone(), oracle.output_floats(program, name).expect("an output"));
    plan.outputs.iter().map(|(name, ..)| read(name)).collect()
}

#[test]
fn shape_errors_name_operation_label_and_shapes() {
    let mut g = Graph::new();
    let (x, y) = (floats(&mut g, "x", &[4, 3]), floats(&mut g, "y", &[5, 3]));
    let error = g.scoped("decoder", |g| g.scoped("mix", |g| g.matmul(x, y, false, false))).expect_err("4×3 · 5×3");
    let Error::Shape { op, label, message } = &error else { panic!("{error}") };
    assert_eq!((*op, label.as_str()), ("matmul", "decoder.mix"));
    assert!(message.contains("[4, 3]") && message.contains("[5, 3]"), "{message}");
    for error in [
        g.add(x, y).expect_err("no broadcast"),
        g.concat(x, y, 1).expect_err("rows differ"),
        g.slice(x, 1, 2, 2).expect_err("past the end"),
        g.slice(x, 1, usize::MAX, 2).expect_err("far past the end"),
        g.reshape(x, [5, 5]).expect_err("more elements"),
        g.sum(x, 2).expect_err("no such axis"),
        g.gather(x, y).expect_err("indices are floats"),
        g.mse(x, y, None).expect_err("shapes differ"),
        g.resource("empty", TensorType::f32([0, 3])).expect_err("no elements"),
        g.resource("deep", TensorType::f32([1, 1, 1, 1, 1])).expect_err("five dimensions"),
        g.resource("vast", TensorType::f32([1 << 20, 1 << 20])).expect_err("2⁴⁰ elements"),
        g.resource("x", TensorType::f32([4, 4])).expect_err("taken"),
        g.timestep_embedding(x, 3, true, 0.0).expect_err("odd"),
    ] {
        assert!(matches!(error, Error::Shape { .. }), "{error}");
    }
    assert!(matches!(g.grad(x, &[y]), Err(Error::Derivative(_))), "the loss is no scalar");
}

#[test]
fn derivatives_go_through_branches_sharing_and_frozen_parameters() {
    let mut g = Graph::new();
    let x = floats(&mut g, "x", &[1, 1]);
    // w is used twice through two handles, f is frozen, u does not reach the loss.
    let w = g.param("w", [1, 1], Init::Ones).expect("w");
    let again = g.param("w", [1, 1], Init::Ones).expect("w again");
    let f = g.frozen_param("f", [1, 1], Init::Ones).expect("f");
    let u = g.param("u", [2, 1], Init::Ones).expect("u");
    let mut build = || -> unnoise::Result<()> {
        let a = g.multiply(x, w)?;
        let b = g.multiply(a, f)?;
        let c = g.multiply(b, again)?;
        let loss = g.add(c, a)?;
        let grads = g.grad(loss, &[w, u, x, a])?;
        g.output("loss", loss)?;
        for (name, grad) in ["dw", "du", "dx", "da"].into_iter().zip(grads) {
            g.output(name, grad)?;
        }
        Ok(())
    };
    build().expect("builds");
    // All start at 1: loss = f w² x + w x = 2; dw = 2 f w x + x = 3; dx = f w² + w = 2; da = f w + 1 = 2.
    let out = evaluate(&g);
    let value = |name: &str| out[name].clone();
    assert_eq!((value("loss"), value("dw"), value("dx"), value("da")), (vec![2.0], vec![3.0], vec![2.0], vec![2.0]));
    assert_eq!(value("du"), [0.0, 0.0]);
    assert_eq!(g.params().iter().filter(|p| p.trainable).count(), 2);
}

#[test]
fn a_parameter_is_shared_by_name_and_not_by_accident() {
    let mut g = Graph::new();
    g.param("w", [2, 3], Init::Zeros).expect("w");
    assert!(matches!(g.param("w", [3, 2], Init::Zeros), Err(Error::Shape { op: "param", .. })));
    assert!(matches!(g.frozen_param("w", [2, 3], Init::Zeros), Err(Error::Shape { op: "param", .. })));
}

/// The MLP's gradient step: every activation and its backward pass ride behind a matrix product.
#[test]
fn elementwise_work_rides_behind_matrix_products() {
    let mut g = Graph::new();
    let (x, target) = (floats(&mut g, "x", &[8, 2]), floats(&mut g, "target", &[8, 2]));
    let t = g.resource("t", TensorType::u32([8])).expect("t");
    let model = MlpConfig { width: 32, hidden_layers: 3, activation: Activation::Gelu, time_embedding: 8, ..MlpConfig::default() };
    let mut build = || -> unnoise::Result<()> {
        let y = model.build(&mut g, x, t, None)?;
        let loss = g.mse(y, target, None)?;
        g.grad_into_arena(loss).map(|_| ())
    };
    build().expect("builds");
    let plan = Plan::compile(&g, &Tuning::GPU).expect("compiles");
    let launches = plan.launches();
    // Four layers forward, four weight gradients, three input gradients (the first layer's input needs none).
    assert_eq!(launches.get("matmul"), Some(&11));
    for absent in ["activate", "activate_grad", "binary", "scale", "broadcast"] {
        assert_eq!(launches.get(absent), None, "{absent} makes a pass of its own: {launches:?}");
    }
    // Gradients are computed where the optimiser reads them.
    let arena = plan.resources.iter().position(|r| r.name == "grad").expect("the arena");
    let written = plan.dispatches.iter().flat_map(|d| &d.bindings).filter(|b| b.write && b.memory == Memory::Resource(arena));
    // One kernel per layer: behind its weights' gradient lies its bias'.
    assert_eq!(written.count(), 4);
    assert_eq!(launches.get("reduce"), None, "no bias makes a pass over the slopes of its own: {launches:?}");
}

#[test]
fn buffers_are_shared_by_lifetime_and_never_read_and_written_at_once() {
    let mut g = Graph::new();
    let mut h = floats(&mut g, "x", &[64, 64]);
    for layer in 0..10 {
        h = linear(&mut g, &format!("l{layer}"), h, 64, 64).expect("a layer");
        h = g.scale(h, 0.5).expect("a scale");
    }
    g.output("y", h).expect("an output");
    let plan = Plan::compile(&g, &Tuning::GPU).expect("compiles");
    assert!(plan.slots.len() <= 3, "a chain needs two buffers, it got {}", plan.slots.len());
    for dispatch in &plan.dispatches {
        for a in dispatch.bindings.iter().filter(|b| b.write) {
            assert_eq!(dispatch.bindings.iter().filter(|b| b.memory == a.memory).count(), 1, "{}", dispatch.stem);
        }
    }
}

#[test]
fn a_value_kept_for_others_survives_fusion() {
    let mut g = Graph::new();
    let x = floats(&mut g, "x", &[2, 2]);
    let mut build = || -> unnoise::Result<()> {
        let z = g.matmul(x, x, false, false)?;
        let y = g.activate(z, Activation::Relu)?;
        let sum = g.add(y, z)?;
        g.output("z", z)?;
        g.output("sum", sum)
    };
    build().expect("builds");
    let out = evaluate(&g);
    assert_eq!(out["z"], [7.0, 10.0, 15.0, 22.0]);
    assert_eq!(out["sum"], [14.0, 20.0, 30.0, 44.0]);
}

/// Skips are read where they lie: the channels of two tensors are never copied side by side, nor their gradients taken apart.
#[test]
fn a_unet_joins_nothing_in_memory() {
    let mut g = Graph::new();
    let config = UnetConfig::default();
    let x = floats(&mut g, "x", &[2, 28, 28, 1]);
    let t = g.resource("t", TensorType::u32([2])).expect("t");
    let mut build = || -> unnoise::Result<()> {
        let y = config.build(&mut g, x, t, None)?;
        let loss = g.mean_all(y)?;
        g.grad_into_arena(loss).map(|_| ())
    };
    build().expect("builds");
    let plan = Plan::compile(&g, &Tuning::GPU).expect("compiles");
    // Nor are the shortcuts' weights cut in two, nor their gradients put together.
    let launches = plan.launches();
    for absent in ["concat", "window"] {
        assert_eq!(launches.get(absent), None, "{absent}");
    }
    // One kernel each way for norms and attention. Where gradients of a skip meet, two kernels take one more in each; four meet at
    // six skips that a residual block begins with.
    let counts = [("attention", 11), ("attention_grad", 11), ("group_norm", 46), ("group_norm_grad", 46)];
    // What 17 residual blocks got from the time embedding, and the biases of the first and the last convolution, whose weights leave a
    // gap behind them. All other sums are left for one launch.
    for (stem, count) in counts.into_iter().chain([("binary", 6), ("reduce", 19), ("row_sums", 1)]) {
        assert_eq!(launches.get(stem), Some(&count), "{stem}");
    }
}

/// A parameter that is only read in parts: each part's gradient is computed in its place.
#[test]
fn parts_of_a_parameter_get_their_gradients_in_place() {
    let plan = |whole: bool| {
        let mut g = Graph::new();
        let (x, y) = (floats(&mut g, "x", &[8, 32]), floats(&mut g, "y", &[8, 64]));
        let mut build = || -> unnoise::Result<()> {
            let w = g.param("w", [96, 4], Init::Ones)?;
            let (first, second) = (g.slice(w, 0, 0, 32)?, g.slice(w, 0, 32, 64)?);
            let sum = g.matmul(x, first, false, false)?;
            let rest = g.matmul(y, second, false, false)?;
            let sum = g.add(rest, sum)?;
            let mut loss = g.mean_all(sum)?;
            if whole {
                let other = g.mean_all(w)?;
                loss = g.add(loss, other)?;
            }
            g.grad_into_arena(loss).map(|_| ())
        };
        build().expect("builds");
        Plan::compile(&g, &Tuning::GPU).expect("compiles")
    };
    let places = |plan: &Plan| -> Vec<(usize, usize)> {
        let arena = plan.resources.iter().position(|r| r.name == "grad").expect("the arena");
        let bindings = plan.dispatches.iter().flat_map(|d| &d.bindings);
        let mut places: Vec<_> = bindings.filter(|b| b.write && b.memory == Memory::Resource(arena)).map(|b| (b.offset, b.len)).collect();
        places.sort();
        places
    };
    let parts = plan(false);
    assert_eq!(places(&parts), [(0, 128), (128, 256)]);
    assert_eq!(parts.launches().get("window"), None);
    // Something else reads all of it: then there is one gradient.
    assert_eq!(places(&plan(true)), [(0, 384)]);
}
/// Bytes moved per training step against those of the same graph without fusion, on both kinds of machine.
#[test]
fn a_step_moves_little_more_than_it_must() {
    let presets = [("tiny", Preset::Tiny), ("small", Preset::Small), ("course", Preset::Course)];
    let images = presets.map(|(name, preset)| (name, preset.config(ImageDataset::Mnist)));
    for (name, mut config) in images.into_iter().chain([("MLP", Config::default())]) {
        for batch_size in [8, 32, 128] {
            config.training.batch_size = batch_size;
            for (machine, tuning) in [("GPU", Tuning::GPU), ("CPU", Tuning::CPU)] {
                let cost = step_cost(&config, &tuning).expect("a cost");
                let (moved, gigaflops) = (cost.bytes as f64 * 1e-6, cost.operations as f64 * 1e-9);
                println!(
                    "{name:7}{batch_size:4} {machine} {moved:9.2} MB, {:.3} of the least; {gigaflops:8.3} GFLOP, {} launches, {} pipelines",
                    cost.ratio, cost.launches, cost.pipelines
                );
                assert!(cost.ratio <= 1.6, "{name} at batch {batch_size} on a {machine} moves {:.2} times the least", cost.ratio);
            }
        }
    }
}
