//! Every operation: derivatives against central differences, shaders and SIMD kernels against the twins, natively.
//!
//! A machine without a Vulkan adapter fails here: `apt-get install mesa-vulkan-drivers` brings one in software.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::layer_cases::{LAYERS, loss as layer_loss};
use common::{cases::ops, compare, run, start, tunings, with_gradients};
use unnoise::cpu::CpuBackend;
use unnoise::gpu::{Gpu, GpuBackend, compose, kernel_stems};
use unnoise::graph::{DType, Graph, Tuning, Variant};
use unnoise::plan::{Backend, Plan, Region};

fn gpu() -> GpuBackend {
    let gpu = pollster::block_on(Gpu::request()).expect("a Vulkan adapter; in software: apt-get install mesa-vulkan-drivers");
    GpuBackend::new(gpu)
}

/// Central differences of the loss in `f64` against the derivative rules: relative error of every gradient at most 1e-6.
#[test]
fn derivatives_match_central_differences() {
    const H: f64 = 1e-4;
    let mut checked = 0;
    for case in ops() {
        let built = (case.build)().expect("builds");
        let Some((_, wrt)) = built.differentiate.clone() else { continue };
        let names: Vec<String> = wrt.iter().map(|t| built.graph.node(*t).label.clone()).collect();
        let graph = with_gradients(built).expect("has derivatives");
        let plan = Plan::compile(&graph, &Tuning::CPU).expect("compiles");
        let mut oracle = CpuBackend::<f64>::oracle();
        let mut ids = BTreeMap::new();
        let mut values = BTreeMap::new();
        for r in &plan.resources {
            let id = oracle.allocate(&r.name, r.dtype, r.len).expect("allocates");
            let (floats, integers) = start(r);
            match r.dtype {
                DType::F32 => oracle.write_floats(id, 0, &floats),
                DType::U32 => oracle.write(id, 0, unnoise::plan::HostSlice::U32(&integers)),
            }
            .expect("writes");
            ids.insert(r.name.clone(), id);
            values.insert(r.name.clone(), floats);
        }
        let program = pollster::block_on(oracle.load(&plan, &ids)).expect("loads");
        oracle.run(&[(program, 1)]).expect("runs");
        let grads: Vec<Vec<f64>> = (0..names.len()).map(|i| oracle.output_floats(program, &format!("d{i}")).expect("a gradient")).collect();
        for (name, grad) in names.iter().zip(grads) {
            let (mut error, mut norm) = (0.0f64, 0.0f64);
            // Of large inputs a spread of elements is enough, and keeps the test quick.
            let stride = grad.len().div_ceil(97);
            for i in (0..grad.len()).step_by(stride) {
                let mut loss = |shift: f64| {
                    oracle.write_floats(ids[name], i, &[values[name][i] + shift]).expect("writes");
                    oracle.run(&[(program, 1)]).expect("runs");
                    oracle.output_floats(program, "loss").expect("a loss")[0]
                };
                let numeric = (loss(H) - loss(-H)) / (2.0 * H);
                loss(0.0);
                error += (numeric - grad[i]).powi(2);
                norm += numeric.powi(2) + grad[i].powi(2);
            }
            let relative = (error / norm.max(1e-30)).sqrt();
            assert!(relative <= 1e-6, "{}: derivative by {name} is off by {relative:e}", case.name);
            checked += 1;
        }
    }
    assert!(checked > 100, "only {checked} derivatives were checked");
}

/// The same for gradients that are computed in the arena, several of them by one kernel. The loss is linear in the parameters.
#[test]
fn gradients_in_the_arena_match_differences() {
    for ((name, shape, n, layer), tuning) in LAYERS.into_iter().flat_map(|layer| [(layer, Tuning::CPU), (layer, Tuning::GPU)]) {
        let mut graph = Graph::new();
        let mut build = || -> unnoise::Result<()> {
            let loss = layer_loss(&mut graph, shape, n, layer)?;
            graph.output("loss", loss)?;
            graph.grad_into_arena(loss).map(|_| ())
        };
        build().expect("builds");
        let plan = Plan::compile(&graph, &tuning).expect("compiles");
        let mut oracle = CpuBackend::<f64>::oracle();
        let mut ids = BTreeMap::new();
        for r in &plan.resources {
            let id = oracle.allocate(&r.name, r.dtype, r.len).expect("allocates");
            oracle.write_floats(id, 0, &start(r).0).expect("writes");
            ids.insert(r.name.clone(), (id, r.clone()));
        }
        let program =
            pollster::block_on(oracle.load(&plan, &ids.iter().map(|(name, (id, _))| (name.clone(), *id)).collect())).expect("loads");
        oracle.run(&[(program, 1)]).expect("runs");
        let (param, grad) = (&ids["param"], &ids["grad"]);
        let region = Region { buffer: grad.0, offset: 0, len: grad.1.len };
        let got = pollster::block_on(oracle.read(&[region])).expect("reads").remove(0).floats();
        let values = start(&param.1).0;
        for entry in graph.params().iter() {
            let places: Vec<usize> = entry.places().collect();
            for at in places.iter().copied().step_by(places.len().div_ceil(31)) {
                let mut loss = |shift: f64| {
                    oracle.write_floats(param.0, at, &[values[at] + shift]).expect("writes");
                    oracle.run(&[(program, 1)]).expect("runs");
                    oracle.output_floats(program, "loss").expect("a loss")[0]
                };
                let want = loss(0.5) - loss(-0.5);
                loss(0.0);
                let off = (f64::from(got[at]) - want).abs();
                assert!(
                    off <= 1e-6 * (1.0 + want.abs()),
                    "{name}, {shape:?}: {} is {} at {at}, differences say {want}",
                    entry.name,
                    got[at]
                );
            }
        }
    }
}

#[test]
fn shaders_match_the_twins() {
    let mut gpu = gpu();
    println!("adapter: {}", gpu.info().name);
    for case in ops() {
        pollster::block_on(compare(&case, &mut gpu)).unwrap_or_else(|e| panic!("{e}"));
        gpu.health().unwrap_or_else(|e| panic!("{}: {e}", case.name));
    }
}

#[test]
fn simd_kernels_match_the_twins() {
    for case in ops() {
        pollster::block_on(compare(&case, &mut CpuBackend::<f32>::new())).unwrap_or_else(|e| panic!("{e}"));
    }
}

/// Every shader is launched by some case, and every variant that a case launches is valid WGSL to naga.
#[test]
fn every_shader_is_covered_and_valid() {
    let mut launched = BTreeSet::new();
    let mut variants = BTreeSet::new();
    for case in ops() {
        let graph = with_gradients((case.build)().expect("builds")).expect("differentiates");
        for tuning in tunings() {
            for dispatch in Plan::compile(&graph, &tuning).expect("compiles").dispatches {
                launched.insert(dispatch.stem);
                variants.insert(compose(dispatch.stem, &dispatch.constants).expect("composes").source);
            }
        }
    }
    let missing: Vec<_> = kernel_stems().filter(|stem| !launched.contains(stem)).collect();
    assert!(missing.is_empty(), "no case launches {missing:?}");
    for source in &variants {
        let module = naga::front::wgsl::parse_str(source).unwrap_or_else(|e| panic!("{}", e.emit_to_string(source)));
        let mut validator = naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::empty());
        validator.validate(&module).unwrap_or_else(|e| panic!("{}\n{source}", e.into_inner()));
    }
    println!("{} variants of {} shaders", variants.len(), launched.len());
}

/// The same launch twice gives the same bits, on each backend.
#[test]
fn kernels_are_reproducible() {
    let mut gpu = gpu();
    for case in ops()
        .iter()
        .filter(|c| c.name.contains("sum") || c.name.contains("attention") || c.name.contains("fused") || c.name.contains("adamw"))
    {
        let graph = with_gradients((case.build)().expect("builds")).expect("differentiates");
        let once = pollster::block_on(run(&mut gpu, &graph, &Tuning::GPU)).expect("runs");
        let twice = pollster::block_on(run(&mut gpu, &graph, &Tuning::GPU)).expect("runs");
        assert_eq!(once, twice, "{}", case.name);
    }
}

/// `./build.sh test variants` goes through all of them.
#[test]
fn every_variant_is_tested_by_name() {
    let script = include_str!("../build.sh");
    let listed = script.lines().find_map(|l| l.strip_prefix("readonly VARIANTS=(gpu ")?.strip_suffix(')')).expect("the list");
    let names: Vec<String> =
        Variant::ALL.iter().map(|v| serde_json::to_value(v).expect("a name").as_str().expect("a string").into()).collect();
    assert_eq!(listed.split(' ').collect::<Vec<_>>(), names);
}
