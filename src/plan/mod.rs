//! Graph → plan: what is needed, fused, in order, with buffers shared by lifetime, as a flat list of dispatches.
//!
//! A [`Plan`] is plain data. The executors in `src/gpu` and `src/cpu` load it once and run it many times.

mod backend;
mod cost;
mod fuse;
mod late;
mod lifetime;
mod part;

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

pub(crate) use backend::keep;
pub use backend::{
    Backend, BufferId, Counters, DeviceInfo, DeviceKind, HostData, HostSlice, KernelTime, LaunchTime, LocalFuture, MemoryUse, Profile,
    ProgramId, Progress, Region,
};
pub use cost::{Cost, DEVICES, KernelCost, Machine, Prediction};

use crate::graph::{
    Choice, DType, Epilogue, EpilogueStep, Graph, Kernel, LateSum, Lowering, Operand, Place, Resource, Source, Tensor, Tuning, Value,
    Variant,
};
use crate::{Error, Result};
use fuse::Group;

/// Memory that a binding refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Memory {
    /// One of the plan's own buffers.
    Slot(usize),
    /// A persistent buffer, by index in [`Plan::resources`].
    Resource(usize),
    /// The plan's constants.
    Constants,
}

/// One storage binding of a dispatch.
#[derive(Debug, Clone, PartialEq)]
pub struct Binding {
    /// Name in the shader.
    pub name: &'static str,
    /// Where.
    pub memory: Memory,
    /// First element, a multiple of [`crate::graph::ALIGNMENT`].
    pub offset: usize,
    /// Number of elements.
    pub len: usize,
    /// Element type.
    pub dtype: DType,
    /// True for `read_write`.
    pub write: bool,
    /// Elements that a launch touches.
    pub touched: usize,
    /// How often these travel between memory and the kernel.
    pub passes: u32,
}

/// One kernel launch.
#[derive(Debug, Clone, PartialEq)]
pub struct Dispatch {
    /// Stem of the shader and of its twin.
    pub stem: &'static str,
    /// Label of the node it computes.
    pub label: String,
    /// `const` lines for the shader.
    pub constants: Vec<(&'static str, Value)>,
    /// Uniform fields.
    pub params: Vec<(&'static str, Value)>,
    /// Storage bindings.
    pub bindings: Vec<Binding>,
    /// Workgroups.
    pub grid: [u32; 3],
    /// Floating-point operations.
    pub operations: u64,
}

impl Dispatch {
    /// What tells its pipeline from others: shader and constants.
    pub fn pipeline(&self) -> String {
        format!("{} {:?}", self.stem, self.constants)
    }

    /// Bytes that travel between memory and the kernel, if its caches hold what it reads again within one pass.
    pub fn bytes(&self) -> u64 {
        self.bindings.iter().map(|b| 4 * b.touched as u64 * u64::from(b.passes)).sum()
    }
}

/// A choice between variants of a kernel, and the launches it was made for.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    /// The choice.
    pub choice: Choice,
    /// The operation's launches, in [`Plan::dispatches`].
    pub dispatches: Range<usize>,
}

/// A buffer of the plan, shared by values whose lifetimes do not overlap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slot {
    /// Element type.
    pub dtype: DType,
    /// Number of elements.
    pub len: usize,
}

/// A compiled graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The launches, in order.
    pub dispatches: Vec<Dispatch>,
    /// The buffers it needs for itself.
    pub slots: Vec<Slot>,
    /// The persistent buffers it expects to be bound to.
    pub resources: Vec<Resource>,
    /// Fixed values, `f32` on every device.
    pub constants: Vec<f64>,
    /// Values that can be read after a run: name, slot, number of elements.
    pub outputs: Vec<(String, usize, usize)>,
    /// Choices between variants, in order of the launches.
    pub choices: Vec<Chosen>,
}

impl Plan {
    /// Bytes that the plan takes on a device beside its resources: its own buffers, and its uniforms, which WebGPU wants at
    /// multiples of 256 bytes.
    pub fn own_bytes(&self) -> u64 {
        let uniforms = self.dispatches.iter().filter(|d| !d.params.is_empty()).count() as u64;
        let slots: u64 = self.slots.iter().map(|s| 4 * s.len as u64).sum();
        slots + 4 * self.constants.len() as u64 + 256 * uniforms
    }

    /// Compiles everything that the graph's effects, placed values and outputs need.
    ///
    /// # Errors
    /// [`Error::Shape`] if a kernel would read and write one buffer, or bind at an offset WebGPU does not allow.
    pub fn compile(graph: &Graph, tuning: &Tuning) -> Result<Plan> {
        let needed = needed_nodes(graph);
        let groups = fuse::groups(graph, &needed);
        let mut lowered = Vec::with_capacity(groups.len());
        for group in &groups {
            lowered.push(lower(graph, group, tuning));
        }
        let mut constants = graph.constants.clone();
        let lowered = late::gather(graph, lowered, &mut constants);
        let assignment = lifetime::assign(graph, &lowered);
        let (mut dispatches, mut choices) = (Vec::new(), Vec::new());
        for (index, item) in lowered.iter().enumerate() {
            let range = dispatches.len()..dispatches.len() + item.kernels.len();
            choices.extend(item.choice.clone().map(|choice| Chosen { choice, dispatches: range }));
            for kernel in &item.kernels {
                let dispatch = resolve(kernel, &item.label, |operand| assignment.memory(index, operand));
                check(&dispatch)?;
                dispatches.push(dispatch);
            }
        }
        let outputs = graph.outputs.iter().filter_map(|(name, t)| {
            let slot = assignment.nodes.get(&t.0)?;
            Some((name.clone(), *slot, graph.shape(*t).elements()))
        });
        Ok(Plan { outputs: outputs.collect(), dispatches, slots: assignment.slots, resources: graph.resources.clone(), constants, choices })
    }

    /// The variants that were chosen where there was a choice, by key.
    pub fn chosen(&self) -> BTreeMap<String, Variant> {
        let open = self.choices.iter().map(|c| &c.choice).filter(|choice| choice.candidates.len() > 1);
        open.map(|choice| (choice.key.clone(), choice.chosen)).collect()
    }

    /// Launches per kernel stem, for tests and the curious.
    pub fn launches(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for dispatch in &self.dispatches {
            *counts.entry(dispatch.stem).or_insert(0) += 1;
        }
        counts
    }
}

/// One operation (with what was fused behind it) as kernels over symbolic memory.
struct Lowered {
    kernels: Vec<Kernel>,
    scratch: Vec<(usize, DType)>,
    label: String,
    choice: Option<Choice>,
    late: Vec<LateSum>,
}

/// Every node that an effect, a placed value or an output depends on.
fn needed_nodes(graph: &Graph) -> HashSet<Tensor> {
    let mut needed = HashSet::new();
    let mut open: Vec<Tensor> = graph.effects.clone();
    open.extend(graph.placed.keys().map(|id| Tensor(*id)));
    open.extend(graph.outputs.iter().map(|(_, t)| *t));
    while let Some(t) = open.pop() {
        if needed.insert(t) {
            open.extend(&graph.node(t).inputs);
        }
    }
    needed
}

/// The memory of a node's value before buffers are assigned.
fn operand_of(graph: &Graph, t: Tensor) -> Operand {
    if let Some(placed) = graph.placed.get(&t.0) {
        return *placed;
    }
    let node = graph.node(t);
    match &node.source {
        Source::Leaf(operand) => *operand,
        Source::Op(op) => {
            let (len, dtype) = (node.ty.shape.elements(), node.ty.dtype);
            match op.view() {
                Some(start) => {
                    let below = operand_of(graph, node.inputs[0]);
                    Operand { offset: below.offset + start, len, ..below }
                }
                None => Operand { place: Place::Node(t.0), offset: 0, len, dtype },
            }
        }
    }
}

fn lower(graph: &Graph, group: &Group, tuning: &Tuning) -> Lowered {
    let node = graph.node(group.root);
    let mut epilogue = Epilogue::default();
    for (step, t) in &group.steps {
        let other = || operand_of(graph, graph.node(*t).inputs[1]);
        match *step {
            EpilogueStep::Activation(f) => {
                epilogue.activation = Some(f);
                epilogue.pre_activation = group.keep_root.then(|| operand_of(graph, group.root));
            }
            EpilogueStep::Gate(f) => epilogue.gate = Some((f, other())),
            EpilogueStep::Residual => epilogue.residual = Some(other()),
        }
    }
    let inputs = node.inputs.iter().map(|t| (operand_of(graph, *t), graph.ty(*t))).collect();
    let mut l = Lowering {
        inputs,
        output: operand_of(graph, group.result()),
        output_type: &node.ty,
        epilogue,
        further: group.further.iter().map(|(index, t)| (*index, operand_of(graph, *t))).collect(),
        tuning,
        choice: None,
        kernels: Vec::new(),
        scratch: Vec::new(),
        late: Vec::new(),
    };
    if let Source::Op(op) = &node.source {
        op.lower(&mut l);
    }
    Lowered { kernels: l.kernels, scratch: l.scratch, label: graph.node(group.result()).label.clone(), choice: l.choice, late: l.late }
}

fn resolve(kernel: &Kernel, label: &str, memory: impl Fn(&Operand) -> Memory) -> Dispatch {
    let bindings = kernel.args.iter().map(|arg| Binding {
        name: arg.name,
        memory: memory(&arg.operand),
        offset: arg.operand.offset,
        len: arg.operand.len,
        dtype: arg.operand.dtype,
        write: arg.write,
        touched: arg.touched,
        passes: arg.passes,
    });
    Dispatch {
        stem: kernel.stem,
        label: label.to_string(),
        constants: kernel.constants.clone(),
        params: kernel.params.clone(),
        bindings: bindings.collect(),
        grid: kernel.grid,
        operations: kernel.operations,
    }
}

/// WebGPU's rules for one dispatch: no buffer both read-only and writable, offsets of 256 bytes.
fn check(dispatch: &Dispatch) -> Result<()> {
    let fail = |message: String| Err(Error::Shape { op: dispatch.stem, label: dispatch.label.clone(), message });
    for (i, a) in dispatch.bindings.iter().enumerate() {
        if a.offset % crate::graph::ALIGNMENT != 0 {
            return fail(format!("binding “{}” starts at element {}, not a multiple of 64", a.name, a.offset));
        }
        if let Some(b) = dispatch.bindings[i + 1..].iter().find(|b| b.memory == a.memory && (a.write || b.write)) {
            return fail(format!("bindings “{}” and “{}” are one buffer, and one of them is written", a.name, b.name));
        }
    }
    Ok(())
}
