//! The table of operations that the tests go through, and the means to run one on a backend.
//!
//! An operation has one entry in [`ops`]. From it come the derivative check, the comparison of shaders with twins (natively
//! and in browsers), and the check that no shader is left out.
#![allow(dead_code, reason = "each test binary uses its share")]

pub mod cases;
#[cfg(not(target_arch = "wasm32"))]
pub mod fixture;
mod image_cases;
pub mod layer_cases;
pub mod runs;

use std::collections::BTreeMap;

use unnoise::graph::ops::state::{counter, scalar};
use unnoise::graph::{DType, Graph, Resource, Tensor, TensorType, Tuning, Variant};
use unnoise::plan::{Backend, HostData, HostSlice, Plan, Region};
use unnoise::threefry::{Stream, threefry2x32};
use unnoise::{Error, Result};

/// A graph to test: inputs are its resources, results its outputs and whatever it writes into resources.
pub struct Built {
    pub graph: Graph,
    /// The value that is summed (with random weights) into a loss, and what to differentiate by; `None` for operations
    /// without derivative.
    pub differentiate: Option<(Tensor, Vec<Tensor>)>,
}

/// One operation at one size.
pub struct Case {
    pub name: String,
    pub build: Box<dyn Fn() -> Result<Built>>,
    /// Absolute and relative tolerance of f32 against the f64 oracle.
    pub tolerance: f64,
}

/// Adds the loss and its gradients as outputs: `loss`, `d0`, `d1`, …
pub fn with_gradients(built: Built) -> Result<Graph> {
    let Built { mut graph, differentiate } = built;
    if let Some((y, wrt)) = differentiate {
        let shape = graph.shape(y).clone();
        let weights: Vec<f64> = normals("weights", shape.elements());
        let weights = graph.constant(shape, &weights)?;
        let weighted = graph.multiply(y, weights)?;
        let loss = graph.sum_all(weighted)?;
        let grads = graph.grad(loss, &wrt)?;
        graph.output("loss", loss)?;
        for (i, grad) in grads.into_iter().enumerate() {
            graph.output(&format!("d{i}"), grad)?;
        }
    }
    Ok(graph)
}

/// Normals that depend on the name alone, kept away from 0 where ReLU has its corner.
pub fn normals(name: &str, n: usize) -> Vec<f64> {
    let seed = name.bytes().fold(17u32, |h, b| h.wrapping_mul(31).wrapping_add(u32::from(b)));
    let mut stream = Stream::new(seed, 99, 0);
    (0..n).map(|_| stream.normal()).map(|v| if v.abs() < 1e-2 { v + 0.05 } else { v }).collect()
}

/// Start values of a resource, by its name.
pub fn start(resource: &Resource) -> (Vec<f64>, Vec<u32>) {
    let Resource { name, dtype, len } = resource;
    if *dtype == DType::U32 {
        let values = match name.as_str() {
            "counters" => {
                let mut c = vec![0; counter::LEN];
                (c[counter::STEP], c[counter::SEED], c[counter::DATA_COUNT]) = (3, 7, 13);
                c
            }
            "pixels" => (0..*len as u32).map(|i| threefry2x32([5, 5], [i, 0])[0]).collect(),
            _ => (0..*len as u32).map(|i| threefry2x32([5, 5], [i, 0])[0] % 7).collect(),
        };
        return (Vec::new(), values);
    }
    let values = match name.as_str() {
        "scalars" => {
            let mut s = vec![0.0; scalar::LEN];
            s[scalar::BASE_RATE] = 3e-3;
            s[scalar::RATE] = 2e-3;
            s[scalar::COSINE_STEPS] = 10.0;
            (s[scalar::BETA1], s[scalar::BETA2]) = (0.9, 0.99);
            (s[scalar::BETA1_POWER], s[scalar::BETA2_POWER]) = (0.729, 0.970299);
            (s[scalar::EPSILON], s[scalar::WEIGHT_DECAY]) = (1e-8, 1e-2);
            (s[scalar::MAX_NORM], s[scalar::CLIP]) = (1.0, 0.5);
            (s[scalar::EMA_DECAY], s[scalar::EMA_NOW]) = (0.999, 0.4);
            s
        }
        "v" | "partials" => normals(name, *len).into_iter().map(|v| v * v).collect(),
        _ => normals(name, *len),
    };
    (values, Vec::new())
}

/// Loads and runs a graph once; returns every output and every resource afterwards.
pub async fn run(backend: &mut dyn Backend, graph: &Graph, tuning: &Tuning) -> Result<BTreeMap<String, HostData>> {
    let plan = Plan::compile(graph, tuning)?;
    let mut resources = BTreeMap::new();
    for resource in &plan.resources {
        let id = backend.allocate(&resource.name, resource.dtype, resource.len)?;
        let (floats, integers) = start(resource);
        let floats: Vec<f32> = floats.iter().map(|v| *v as f32).collect();
        match resource.dtype {
            DType::F32 => backend.write(id, 0, HostSlice::F32(&floats))?,
            DType::U32 => backend.write(id, 0, HostSlice::U32(&integers))?,
        }
        resources.insert(resource.name.clone(), id);
    }
    let program = backend.load(&plan, &resources).await?;
    backend.run(&[(program, 1)])?;
    let mut results = BTreeMap::new();
    for (name, _, _) in &plan.outputs {
        results.insert(name.clone(), backend.output(program, name).await?);
    }
    for resource in &plan.resources {
        let id = resources[&resource.name];
        let region = Region { buffer: id, offset: 0, len: resource.len };
        results.insert(format!("resource {}", resource.name), backend.read(&[region]).await?.remove(0));
    }
    backend.unload(program);
    for id in resources.into_values() {
        backend.free(id);
    }
    Ok(results)
}

/// Both kinds of machine, and every variant of the kernels that have several, forced in turn.
pub fn tunings() -> Vec<Tuning> {
    let forced = Variant::ALL.into_iter().map(|variant| Tuning::GPU.forcing(variant));
    [Tuning::GPU, Tuning::CPU].into_iter().chain(forced).collect()
}

/// Runs a case on `backend` and on the oracle and names the worst difference above the tolerance, if there is one. Variants of a
/// kernel must agree to the last bit.
pub async fn compare(case: &Case, backend: &mut dyn Backend) -> Result<()> {
    let graph = with_gradients((case.build)()?)?;
    let mut oracle = unnoise::cpu::CpuBackend::<f64>::oracle();
    let want = run(&mut oracle, &graph, &Tuning::CPU).await?;
    let (mut seen, mut first) = (Vec::new(), None);
    // Every variant of a kernel runs on every adapter, whichever of them that adapter would be given.
    for tuning in tunings() {
        let launches = Plan::compile(&graph, &tuning)?.dispatches;
        if seen.contains(&launches) {
            continue;
        }
        seen.push(launches);
        let got = run(backend, &graph, &tuning).await?;
        check(case, &want, &got)?;
        if tuning != Tuning::CPU {
            let first = first.get_or_insert_with(|| got.clone());
            if let Some(name) = got.keys().find(|name| bits(&got[*name]) != bits(&first[*name])) {
                return Err(Error::Gpu(format!("{}: variants of a kernel differ in {name}: {tuning:?}", case.name)));
            }
        }
    }
    Ok(())
}

/// The values as they lie in memory, but for the sign of 0, which a term of 0 more or less may decide.
fn bits(data: &HostData) -> Vec<u32> {
    match data {
        HostData::U32(values) => values.clone(),
        HostData::F32(values) => values.iter().map(|v| if *v == 0.0 { 0 } else { v.to_bits() }).collect(),
    }
}

fn check(case: &Case, want: &BTreeMap<String, HostData>, got: &BTreeMap<String, HostData>) -> Result<()> {
    // The loss sums thousands of signed terms only to have something to differentiate; what it sums is compared by itself.
    for (name, want) in want.iter().filter(|(name, _)| *name != "loss") {
        match (want, &got[name]) {
            (HostData::U32(want), HostData::U32(got)) if want == got => {}
            (HostData::F32(want), HostData::F32(got)) if want.len() == got.len() => {
                let scale = want.iter().fold(1.0f64, |m, v| m.max(f64::from(v.abs())));
                for (i, (w, g)) in want.iter().zip(got).enumerate() {
                    let error = (f64::from(*w) - f64::from(*g)).abs();
                    if error.is_nan() || error > case.tolerance * scale {
                        return Err(Error::Gpu(format!("{}: {name}[{i}] is {g}, the oracle says {w}", case.name)));
                    }
                }
            }
            (want, got) => return Err(Error::Gpu(format!("{}: {name} is {got:?}, the oracle says {want:?}", case.name))),
        }
    }
    Ok(())
}

/// Floats of a named resource.
pub fn floats(g: &mut Graph, name: &str, shape: &[usize]) -> Result<Tensor> {
    g.resource(name, TensorType::f32(shape.to_vec()))
}

/// Integers below 7 of a named resource.
pub fn integers(g: &mut Graph, name: &str, n: usize) -> Result<Tensor> {
    g.resource(name, TensorType::u32([n]))
}

/// The counters of a run: step 3, seed 7, 13 items of data.
pub fn counters(g: &mut Graph) -> Result<Tensor> {
    g.resource("counters", TensorType::u32([counter::LEN]))
}
