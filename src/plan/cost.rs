//! What a plan computes and moves, what its graph would have to move without fusion, and how long that takes on machines of
//! known speed.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;

use super::fuse::{self, Group};
use super::{Dispatch, Plan, lower, needed_nodes, operand_of};
use crate::graph::{Graph, Place, Source, Tensor, Tuning};

/// Speed of a machine, by its maker's figures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Machine {
    /// What it is called.
    pub name: &'static str,
    /// 10¹² single-precision operations per second.
    pub teraflops: f64,
    /// 10⁹ bytes per second between memory and chip.
    pub gigabytes_per_second: f64,
    /// Least time between two launches that wait for each other: WebGPU puts a barrier between any two that share a buffer.
    pub launch_microseconds: f64,
}

/// Three machines that visitors have. A launch with its barrier takes 2 to 10 µs on GPUs of these classes (measured by many; nobody
/// publishes it): 5 is taken for all.
pub const DEVICES: [Machine; 3] = [
    // Apple, "M2" (June 2022): 3.6 TFLOP/s, 100 GB/s of unified memory; the version with ten GPU cores.
    Machine { name: "Apple M2 (10 cores)", teraflops: 3.6, gigabytes_per_second: 100.0, launch_microseconds: 5.0 },
    // Intel ARK, Core i7-1165G7: 96 units · 16 operations per clock · 1.30 GHz = 2.0 TFLOP/s; two channels of DDR4-3200, 51.2 GB/s.
    Machine { name: "Intel Iris Xe (96 EU)", teraflops: 2.0, gigabytes_per_second: 51.2, launch_microseconds: 5.0 },
    // NVIDIA, "GA102 whitepaper" and the product's page: 3584 cores · 2 · 1.777 GHz = 12.7 TFLOP/s; 192 bits of GDDR6 at 15 Gb/s.
    Machine { name: "NVIDIA GeForce RTX 3060", teraflops: 12.7, gigabytes_per_second: 360.0, launch_microseconds: 5.0 },
];

impl Machine {
    /// Least seconds that arithmetic, memory and the launch itself take of one dispatch.
    fn seconds(&self, dispatch: &Dispatch) -> [f64; 3] {
        let arithmetic = operations(dispatch) as f64 / (self.teraflops * 1e12);
        [arithmetic, dispatch.bytes() as f64 / (self.gigabytes_per_second * 1e9), self.launch_microseconds * 1e-6]
    }
}

/// All launches of one kernel.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub struct KernelCost {
    /// Stem of the shader.
    pub kernel: &'static str,
    /// How often it is launched.
    pub launches: usize,
    /// Floating-point operations.
    pub operations: u64,
    /// Bytes moved.
    pub bytes: u64,
    /// Operations per byte.
    pub intensity: f64,
}

/// Least time on a machine: each launch takes as long as its arithmetic at peak or its bytes at peak, whichever is longer (the
/// roofline of Williams, Waterman and Patterson, 2009), and begins a launch's time after the one before.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub struct Prediction {
    /// The machine.
    pub device: &'static str,
    /// Of one run of the plan.
    pub milliseconds: f64,
    /// Of that, in launches that arithmetic bounds.
    pub arithmetic: f64,
    /// In launches that memory bounds.
    pub memory: f64,
    /// In between.
    pub launching: f64,
    /// Per kernel, in the order of [`Cost::kernels`].
    pub kernels: Vec<f64>,
}

/// What one run of a plan computes and moves.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub struct Cost {
    /// Launches.
    pub launches: usize,
    /// Distinct pipelines among them.
    pub pipelines: usize,
    /// Floating-point operations.
    pub operations: u64,
    /// Bytes moved.
    pub bytes: u64,
    /// Bytes that the graph's operations move if each reads its inputs once and writes its result once; see [`least_bytes`].
    pub least_bytes: u64,
    /// The former by the latter.
    pub ratio: f64,
    /// By kernel, most operations first.
    pub kernels: Vec<KernelCost>,
    /// On [`DEVICES`].
    pub predictions: Vec<Prediction>,
}

impl Cost {
    /// Of `plan`, compiled from `graph` with `tuning`.
    pub fn of(graph: &Graph, plan: &Plan, tuning: &Tuning) -> Cost {
        let mut by_stem: BTreeMap<&'static str, KernelCost> = BTreeMap::new();
        for d in &plan.dispatches {
            let none = KernelCost { kernel: d.stem, launches: 0, operations: 0, bytes: 0, intensity: 0.0 };
            let sum = by_stem.entry(d.stem).or_insert(none);
            (sum.launches, sum.operations, sum.bytes) = (sum.launches + 1, sum.operations + operations(d), sum.bytes + d.bytes());
        }
        let mut kernels: Vec<KernelCost> = by_stem.into_values().collect();
        kernels.iter_mut().for_each(|k| k.intensity = k.operations as f64 / k.bytes.max(1) as f64);
        kernels.sort_by_key(|k| std::cmp::Reverse(k.operations));
        let (bytes, least_bytes) = (kernels.iter().map(|k| k.bytes).sum(), least_bytes(graph, tuning));
        Cost {
            launches: plan.dispatches.len(),
            pipelines: plan.dispatches.iter().map(Dispatch::pipeline).collect::<HashSet<_>>().len(),
            operations: kernels.iter().map(|k| k.operations).sum(),
            bytes,
            least_bytes,
            ratio: bytes as f64 / least_bytes.max(1) as f64,
            predictions: DEVICES.iter().map(|machine| predict(machine, plan, &kernels)).collect(),
            kernels,
        }
    }
}

fn predict(machine: &Machine, plan: &Plan, kernels: &[KernelCost]) -> Prediction {
    let (mut arithmetic, mut memory, mut launching) = (0.0, 0.0, 0.0);
    let mut by_kernel = vec![0.0; kernels.len()];
    for d in &plan.dispatches {
        let [compute, travel, launch] = machine.seconds(d).map(|seconds| seconds * 1e3);
        *(if compute > travel { &mut arithmetic } else { &mut memory }) += compute.max(travel);
        launching += launch;
        if let Some(i) = kernels.iter().position(|k| k.kernel == d.stem) {
            by_kernel[i] += compute.max(travel) + launch;
        }
    }
    Prediction { device: machine.name, milliseconds: arithmetic + memory + launching, arithmetic, memory, launching, kernels: by_kernel }
}

/// Floating-point operations of a launch; one per number written where its kernel does not say.
fn operations(dispatch: &Dispatch) -> u64 {
    match dispatch.operations {
        0 => dispatch.bindings.iter().filter(|b| b.write).map(|b| b.touched as u64).sum(),
        said => said,
    }
}

/// Bytes that a graph has to move without fusion: every operation that its effects, placed values and outputs need reads each of
/// its inputs once and writes its result once. Views move nothing; of a table only the rows looked up count; what an
/// operation updates in place is read and written; memory for intermediate sums is not counted.
pub fn least_bytes(graph: &Graph, tuning: &Tuning) -> u64 {
    let needed = needed_nodes(graph);
    needed.iter().map(|t| 4 * least_elements(graph, *t, &needed, tuning)).sum()
}

fn least_elements(graph: &Graph, t: Tensor, needed: &HashSet<Tensor>, tuning: &Tuning) -> u64 {
    match &graph.node(t).source {
        Source::Op(op) if !op.is_view() => {}
        _ => return 0,
    }
    let further = fuse::further(graph, graph.readers(t).filter(|r| needed.contains(r)));
    // What its kernels write, and do not read.
    let results: Vec<_> = further.iter().map(|(_, t)| *t).chain([t]).map(|t| operand_of(graph, t)).collect();
    let lowered = lower(graph, &Group { root: t, steps: Vec::new(), keep_root: false, further }, tuning);
    // Per range of memory: elements read, elements written.
    let mut moved: HashMap<(Place, usize), [usize; 2]> = HashMap::new();
    for arg in lowered.kernels.iter().flat_map(|k| &k.args) {
        let place = (arg.operand.place, arg.operand.offset);
        if matches!(place.0, Place::Scratch(_)) {
            continue;
        }
        let is_result = results.iter().any(|result| place == (result.place, result.offset));
        let [read, written] = moved.entry(place).or_default();
        if arg.write {
            *written = arg.touched.max(*written);
        }
        if !is_result && (!arg.write || arg.passes > 1) {
            *read = arg.touched.max(*read);
        }
    }
    for sum in &lowered.late {
        // Intermediate sums are not counted, here as above.
        if !matches!(sum.source.place, Place::Scratch(_)) {
            moved.entry((sum.source.place, sum.source.offset)).or_default()[0] = sum.rows * sum.target.len;
        }
        moved.entry((sum.target.place, sum.target.offset)).or_default()[1] = sum.target.len;
    }
    moved.into_values().flatten().map(|elements| elements as u64).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Activation, TensorType};

    fn cost(build: impl FnOnce(&mut Graph) -> crate::Result<()>) -> Cost {
        let mut g = Graph::new();
        build(&mut g).expect("builds");
        let plan = Plan::compile(&g, &Tuning::GPU).expect("compiles");
        Cost::of(&g, &plan, &Tuning::GPU)
    }

    /// Counted by hand: `y = silu(x · w + b)` with its backward half missing is one launch that reads x, w and b and writes y.
    #[test]
    fn bytes_of_a_fused_layer() {
        let cost = cost(|g| {
            let mut given = |name: &str, shape: &[usize]| g.resource(name, TensorType::f32(shape.to_vec()));
            let (x, w, b) = (given("x", &[32, 16])?, given("w", &[16, 8])?, given("b", &[8])?);
            let z = g.matmul_bias(x, w, b)?;
            let y = g.activate(z, Activation::Silu)?;
            g.output("y", y)
        });
        let product = 32 * 16 + 16 * 8 + 8 + 32 * 8;
        assert_eq!((cost.launches, cost.operations, cost.bytes), (1, 2 * 32 * 16 * 8, 4 * product));
        // Without fusion the activation reads and writes once more.
        assert_eq!(cost.least_bytes, 4 * (product + 2 * 32 * 8));
        assert!(cost.ratio < 1.0);
    }

    #[test]
    fn an_input_used_twice_is_read_once_and_a_table_by_its_rows() {
        let cost = cost(|g| {
            let table = g.resource("table", TensorType::f32([1000, 4]))?;
            let index = g.resource("index", TensorType::u32([10]))?;
            let rows = g.gather(table, index)?;
            let square = g.multiply(rows, rows)?;
            g.output("y", square)
        });
        let (gathered, squared) = (40 + 10 + 40, 40 + 40);
        assert_eq!(cost.least_bytes, 4 * (gathered + squared));
    }

    /// Two launches, one bound by arithmetic and one by memory.
    #[test]
    fn the_roofline_takes_the_longer_of_two() {
        let mut g = Graph::new();
        let x = g.resource("x", TensorType::f32([512, 512])).expect("x");
        let y = g.matmul(x, x, false, false).expect("a product");
        let z = g.scale(y, 2.0).expect("a scale");
        g.output("z", z).expect("an output");
        let plan = Plan::compile(&g, &Tuning::GPU).expect("compiles");
        let machine = Machine { name: "one", teraflops: 1.0, gigabytes_per_second: 100.0, launch_microseconds: 7.0 };
        let kernels = Cost::of(&g, &plan, &Tuning::GPU).kernels;
        let p = predict(&machine, &plan, &kernels);
        assert!((p.arithmetic - 2.0 * 512f64.powi(3) * 1e-9).abs() < 1e-9, "{p:?}");
        assert!((p.memory - 4.0 * 2.0 * 512.0 * 512.0 / 1e11 * 1e3).abs() < 1e-9, "{p:?}");
        assert!((p.launching - 0.014).abs() < 1e-9 && (p.milliseconds - p.kernels.iter().sum::<f64>()).abs() < 1e-9, "{p:?}");
    }
}
