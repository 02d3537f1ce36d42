//! Static tensor graph: shapes, operations, reverse-mode differentiation. It knows no GPU and no diffusion.
//!
//! A graph is built once per configuration by functions that append nodes; `src/plan` turns it into a flat list of kernels.
//! Nodes are kept in the order of their making, which is a topological order and the order of execution.

mod grad;
mod kernel;
mod op;
pub mod ops;
mod params;
mod shape;
mod tuning;

use std::collections::HashMap;
use std::rc::Rc;

pub use kernel::{Arg, Kernel, LateSum, Lowering, MAX_GROUPS, Operand, Place, Value};
pub use op::{Epilogue, EpilogueStep, Op};
pub use ops::{Activation, Conv2d};
pub use params::{FROZEN, Init, Layout, PARAM, Param, ParamTable};
pub use shape::{DType, Shape};
pub use tuning::{Choice, Tuning, Variant};

use crate::{Error, Result};

/// Index of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

/// Handle of a node's value; cheap to copy, meaningful only for the graph that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tensor(pub NodeId);

/// Shape and element type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorType {
    /// Extents, outermost first.
    pub shape: Shape,
    /// Element type.
    pub dtype: DType,
}

impl TensorType {
    /// Floats of this shape.
    pub fn f32(shape: impl Into<Shape>) -> Self {
        TensorType { shape: shape.into(), dtype: DType::F32 }
    }

    /// Unsigned integers of this shape.
    pub fn u32(shape: impl Into<Shape>) -> Self {
        TensorType { shape: shape.into(), dtype: DType::U32 }
    }
}

/// Where a node's value comes from.
#[derive(Debug, Clone)]
pub enum Source {
    /// Given: a parameter, a persistent buffer or a constant.
    Leaf(Operand),
    /// Computed.
    Op(Rc<dyn Op>),
}

/// One node.
#[derive(Debug, Clone)]
pub struct Node {
    /// Leaf or operation.
    pub source: Source,
    /// The operation's inputs.
    pub inputs: Vec<Tensor>,
    /// Shape and element type of the value.
    pub ty: TensorType,
    /// For errors and the profiler.
    pub label: String,
}

/// A persistent buffer that outlives a run of the program: parameters, state, data set, results.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// Its name; programs that name the same resource share the buffer.
    pub name: String,
    /// Element type.
    pub dtype: DType,
    /// Number of elements this graph uses of it.
    pub len: usize,
}

/// A graph under construction.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    pub(crate) nodes: Vec<Node>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) constants: Vec<f64>,
    pub(crate) params: ParamTable,
    /// Operations run for what they write into resources.
    pub(crate) effects: Vec<Tensor>,
    /// Nodes whose value is computed straight into a resource.
    pub(crate) placed: HashMap<NodeId, Operand>,
    /// Named values that can be read after a run.
    pub(crate) outputs: Vec<(String, Tensor)>,
    scope: Vec<String>,
    /// Parameters asked for now are frozen ones.
    freezes: bool,
}

/// Starts of parameters and constants are multiples of this many elements: WebGPU binds at offsets of 256 bytes.
pub const ALIGNMENT: usize = 64;

impl Graph {
    /// An empty graph.
    pub fn new() -> Self {
        Self::default()
    }

    /// A graph over parameters that an earlier graph has laid out: [`Graph::param`] finds them again by name.
    pub fn with_params(params: ParamTable) -> Self {
        Graph { params, ..Self::default() }
    }

    /// All parameters so far, with their places.
    pub fn params(&self) -> &ParamTable {
        &self.params
    }

    /// The persistent buffers that the graph names.
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// Shape of a value.
    pub fn shape(&self, t: Tensor) -> &Shape {
        &self.node(t).ty.shape
    }

    /// Shape and element type of a value.
    pub fn ty(&self, t: Tensor) -> &TensorType {
        &self.node(t).ty
    }

    /// The node behind a handle.
    pub fn node(&self, t: Tensor) -> &Node {
        &self.nodes[t.0.0 as usize]
    }

    /// Runs `build` with `name` put before the labels and parameter names made in it, joined with dots as in PyTorch.
    pub fn scoped<R>(&mut self, name: &str, build: impl FnOnce(&mut Graph) -> R) -> R {
        self.scope.push(name.to_string());
        let result = build(self);
        self.scope.pop();
        result
    }

    /// `name` within the current scope.
    pub fn full_name(&self, name: &str) -> String {
        let mut parts: Vec<&str> = self.scope.iter().map(String::as_str).collect();
        if !name.is_empty() {
            parts.push(name);
        }
        parts.join(".")
    }

    /// Appends an operation and returns its value.
    ///
    /// # Errors
    /// [`Error::Shape`] with the operation's name, the label and the shapes, if they do not fit.
    pub fn apply(&mut self, op: impl Op + 'static, inputs: &[Tensor]) -> Result<Tensor> {
        let label = self.full_name("");
        let types: Vec<&TensorType> = inputs.iter().map(|t| self.ty(*t)).collect();
        let fail = |message: String| Error::Shape { op: op.name(), label: label.clone(), message };
        let ty = op.infer(&types).map_err(fail)?;
        check_extents(&ty.shape).map_err(fail)?;
        let node = Node { source: Source::Op(Rc::new(op)), inputs: inputs.to_vec(), ty, label };
        Ok(self.push(node))
    }

    /// Appends an operation that is run for what it writes into its resource inputs.
    pub fn effect(&mut self, op: impl Op + 'static, inputs: &[Tensor]) -> Result<()> {
        let node = self.apply(op, inputs)?;
        self.effects.push(node);
        Ok(())
    }

    /// A leaf over the whole persistent buffer `name`. Asked twice, the graph names the same buffer.
    ///
    /// # Errors
    /// [`Error::Shape`] if the name is taken with another length or type, or an extent is zero.
    pub fn resource(&mut self, name: &str, ty: TensorType) -> Result<Tensor> {
        let fail = |message| Error::Shape { op: "resource", label: name.to_string(), message };
        check_extents(&ty.shape).map_err(fail)?;
        let len = ty.shape.elements();
        let index = match self.resources.iter().position(|r| r.name == name) {
            Some(i) if self.resources[i].len == len && self.resources[i].dtype == ty.dtype => i,
            Some(i) => return Err(fail(format!("is already {:?}, asked again as {ty:?}", self.resources[i]))),
            None => {
                self.resources.push(Resource { name: name.to_string(), dtype: ty.dtype, len });
                self.resources.len() - 1
            }
        };
        let operand = Operand { place: Place::Resource(index as u32), offset: 0, len, dtype: ty.dtype };
        Ok(self.leaf(operand, ty, name.to_string()))
    }

    /// A leaf with fixed values, row-major.
    pub fn constant(&mut self, shape: impl Into<Shape>, values: &[f64]) -> Result<Tensor> {
        let shape = shape.into();
        let label = self.full_name("constant");
        if shape.elements() != values.len() {
            let message = format!("shape {shape} holds {} values, given {}", shape.elements(), values.len());
            return Err(Error::Shape { op: "constant", label, message });
        }
        let offset = self.constants.len().next_multiple_of(ALIGNMENT);
        self.constants.resize(offset, 0.0);
        self.constants.extend_from_slice(values);
        let operand = Operand { place: Place::Constants, offset, len: values.len(), dtype: DType::F32 };
        Ok(self.leaf(operand, TensorType::f32(shape), label))
    }

    /// Makes `t` readable after a run under `name`.
    pub fn output(&mut self, name: &str, t: Tensor) -> Result<()> {
        // A leaf or a view has no memory of its own that the plan could hand out.
        let t = if self.owns_memory(t) { t } else { self.copy(t)? };
        self.outputs.push((name.to_string(), t));
        Ok(())
    }

    /// Has the value of `t` computed straight into `target` (a resource) from element `offset` on.
    ///
    /// A value that something else reads too is copied there: WebGPU refuses a dispatch that reads and writes one buffer.
    pub fn place(&mut self, t: Tensor, target: Tensor, offset: usize) -> Result<()> {
        // Views that nobody reads need not stand between the value and its place.
        let (mut t, mut passed) = (t, Vec::new());
        while let Some(below) = self.sole_view(t) {
            passed.push(t);
            t = below;
        }
        let further = |n: &Node| matches!(&n.source, Source::Op(op) if op.further().is_some());
        let reads = |(i, n): (usize, &Node)| n.inputs.contains(&t) && !passed.contains(&Tensor(NodeId(i as u32))) && !further(n);
        let used = self.nodes.iter().enumerate().any(reads) || self.outputs.iter().any(|(_, o)| *o == t);
        let t = if used || !self.owns_memory(t) || self.placed.contains_key(&t.0) { self.copy(t)? } else { t };
        let len = self.shape(t).elements();
        let fail = |message| Error::Shape { op: "place", label: self.node(target).label.clone(), message };
        let Source::Leaf(operand) = &self.node(target).source else {
            return Err(fail("the target is no resource".into()));
        };
        if offset + len > operand.len || operand.dtype != self.ty(t).dtype {
            return Err(fail(format!("{:?} does not fit at {offset} of {} elements", self.ty(t), operand.len)));
        }
        let operand = Operand { offset: operand.offset + offset, len, ..*operand };
        self.placed.insert(t.0, operand);
        Ok(())
    }

    /// What lies below `t`, if `t` is a view that nobody reads and nobody else looks at what lies below: such a view need
    /// not stand between a value and its place.
    fn sole_view(&self, t: Tensor) -> Option<Tensor> {
        let readers = |t: Tensor| self.nodes.iter().filter(|n| n.inputs.contains(&t)).count();
        let named = |t: Tensor| self.outputs.iter().any(|(_, o)| *o == t);
        match &self.node(t).source {
            Source::Op(op) if op.is_view() && readers(t) == 0 => {
                let below = self.node(t).inputs[0];
                let whole = self.shape(below).elements() == self.shape(t).elements();
                let free = whole && readers(below) == 1 && !named(below) && matches!(self.node(below).source, Source::Op(_));
                free.then_some(below)
            }
            _ => None,
        }
    }

    /// The operations that `t` is an input of, in order.
    pub(crate) fn readers(&self, t: Tensor) -> impl Iterator<Item = Tensor> {
        let nodes = self.nodes.iter().enumerate().skip(t.0.0 as usize + 1);
        nodes.filter(move |(_, n)| n.inputs.contains(&t)).map(|(i, _)| Tensor(NodeId(i as u32)))
    }

    fn owns_memory(&self, t: Tensor) -> bool {
        matches!(&self.node(t).source, Source::Op(op) if !op.is_view())
    }

    fn leaf(&mut self, operand: Operand, ty: TensorType, label: String) -> Tensor {
        self.push(Node { source: Source::Leaf(operand), inputs: Vec::new(), ty, label })
    }

    fn push(&mut self, node: Node) -> Tensor {
        self.nodes.push(node);
        Tensor(NodeId(self.nodes.len() as u32 - 1))
    }
}

/// Every extent at least 1, at most four of them, and fewer than 2³⁰ elements in all (WebGPU binds 4 GiB at the very most).
fn check_extents(shape: &Shape) -> std::result::Result<(), String> {
    let len = shape.iter().try_fold(1usize, |n, &extent| n.checked_mul(extent));
    if shape.rank() > Shape::MAX_RANK || len.is_none_or(|n| n == 0 || n > 1 << 30) {
        return Err(format!("shape {shape} is not usable: give 1 to 4 extents of at least 1, at most 2³⁰ elements in all"));
    }
    Ok(())
}
