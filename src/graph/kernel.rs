//! What an operation asks of an executor: kernels, their arguments and their grids, as plain data.
//!
//! A kernel is named by its stem: `shaders/<stem>.wgsl` on the GPU, `src/cpu/<stem>.rs` on the CPU. Constants, uniform fields
//! and storage bindings are matched *by name* with the shader's declarations, so that no order has to be kept in two places.

use super::tuning::{Choice, Tuning, Variant};
use super::{DType, Epilogue, NodeId, TensorType};

/// Most workgroups WebGPU's default limits allow along one dimension of a dispatch.
pub const MAX_GROUPS: usize = 65_535;

/// A number that a kernel is given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// `u32` in the shader.
    U32(u32),
    /// `f32` in the shader, kept as `f64` for the oracle.
    F32(f64),
    /// `bool` in the shader; also what `#if NAME` tests.
    Bool(bool),
}

impl From<usize> for Value {
    fn from(v: usize) -> Self {
        Value::U32(u32::try_from(v).unwrap_or(u32::MAX))
    }
}
impl From<u32> for Value {
    fn from(v: u32) -> Self {
        Value::U32(v)
    }
}
impl From<f64> for Value {
    fn from(v: f64) -> Self {
        Value::F32(v)
    }
}
impl From<bool> for Value {
    fn from(v: bool) -> Self {
        Value::Bool(v)
    }
}

/// Where a tensor's elements live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The value of a node; the plan gives it a buffer.
    Node(NodeId),
    /// Scratch memory of the operation being lowered, numbered within it.
    Scratch(u32),
    /// A persistent buffer, by its index in [`super::Graph::resources`].
    Resource(u32),
    /// The program's own constants.
    Constants,
}

/// A range of elements somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operand {
    /// The memory.
    pub place: Place,
    /// First element.
    pub offset: usize,
    /// Number of elements.
    pub len: usize,
    /// Element type.
    pub dtype: DType,
}

impl Operand {
    /// What is left from element `start` on.
    pub fn from(self, start: usize) -> Operand {
        Operand { offset: self.offset + start, len: self.len - start, ..self }
    }
}

/// One storage binding of a kernel.
#[derive(Debug, Clone, PartialEq)]
pub struct Arg {
    /// Name of the binding in the shader.
    pub name: &'static str,
    /// Memory bound to it.
    pub operand: Operand,
    /// True for `read_write`.
    pub write: bool,
    /// Elements of it that a launch touches: a gather reads a few rows of its table.
    pub touched: usize,
    /// How often these travel between memory and the kernel.
    pub passes: u32,
}

/// One dispatch: a kernel with everything it needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Kernel {
    /// File stem of the shader and of its twin.
    pub stem: &'static str,
    /// Values injected as `const` lines: they shape the code, one pipeline per distinct set.
    pub constants: Vec<(&'static str, Value)>,
    /// Fields of the shader's uniform `Params`.
    pub params: Vec<(&'static str, Value)>,
    /// Storage bindings.
    pub args: Vec<Arg>,
    /// Workgroups along x, y, z.
    pub grid: [u32; 3],
    /// Floating-point operations: a multiplication and an addition are two.
    pub operations: u64,
}

impl Kernel {
    /// A kernel without arguments yet, one workgroup.
    pub fn new(stem: &'static str) -> Self {
        Kernel { stem, constants: Vec::new(), params: Vec::new(), args: Vec::new(), grid: [1, 1, 1], operations: 0 }
    }

    /// Adds a constant.
    pub fn constant(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.constants.push((name, value.into()));
        self
    }

    /// Adds a uniform field.
    pub fn param(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.params.push((name, value.into()));
        self
    }

    /// Adds a `read` binding.
    pub fn read(self, name: &'static str, operand: Operand) -> Self {
        self.arg(name, operand, false)
    }

    /// Adds a `read_write` binding.
    pub fn write(self, name: &'static str, operand: Operand) -> Self {
        self.arg(name, operand, true)
    }

    fn arg(mut self, name: &'static str, operand: Operand, write: bool) -> Self {
        self.args.push(Arg { name, operand, write, touched: operand.len, passes: 1 });
        self
    }

    /// Adds a `read` binding if there is one, and says so in the flag constant of that name.
    pub fn read_if(self, flag: &'static str, name: &'static str, operand: Option<Operand>) -> Self {
        let with_flag = self.constant(flag, operand.is_some());
        match operand {
            Some(operand) => with_flag.read(name, operand),
            None => with_flag,
        }
    }

    /// Adds a `read_write` binding if there is one, and says so in the flag constant of that name.
    pub fn write_if(self, flag: &'static str, name: &'static str, operand: Option<Operand>) -> Self {
        let with_flag = self.constant(flag, operand.is_some());
        match operand {
            Some(operand) => with_flag.write(name, operand),
            None => with_flag,
        }
    }

    /// One thread per item, `workgroup` threads per group; past 65,535 groups the grid folds into y
    /// (`linear_index` in `shaders/lib/index.wgsl` unfolds it).
    pub fn threads(self, items: usize, workgroup: usize) -> Self {
        self.groups(items.div_ceil(workgroup))
    }

    /// `groups` workgroups in a row, folded into y past 65,535.
    pub fn groups(mut self, groups: usize) -> Self {
        let groups = groups.max(1);
        let x = groups.min(MAX_GROUPS);
        self.grid = [x as u32, groups.div_ceil(x) as u32, 1];
        self
    }

    /// Says how many floating-point operations it does; a multiplication and an addition are two.
    pub fn operations(mut self, operations: usize) -> Self {
        self.operations = operations as u64;
        self
    }

    /// Says that the binding of this name is gone through so many times: a norm reads its input for the statistics and again to
    /// apply them. What is updated in place travels twice.
    pub fn passes(mut self, name: &str, passes: u32) -> Self {
        for arg in self.args.iter_mut().filter(|arg| arg.name == name) {
            arg.passes = passes;
        }
        self
    }

    /// Says that of the binding of this name so many elements are touched, at most.
    pub fn touches(mut self, name: &str, elements: usize) -> Self {
        for arg in self.args.iter_mut().filter(|arg| arg.name == name) {
            arg.touched = elements.min(arg.operand.len);
        }
        self
    }

    /// An explicit grid.
    pub fn grid(mut self, x: usize, y: usize, z: usize) -> Self {
        self.grid = [x as u32, y as u32, z as u32];
        self
    }
}

/// A sum over the rows of a matrix that may wait until something reads it, so that many are done in one launch:
/// `target[i] = Σ_r source[r · stride + i]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LateSum {
    /// The first row begins where it does. Memory of the operation's own: scratch, or an input that no other operation sums late.
    pub source: Operand,
    /// Rows.
    pub rows: usize,
    /// Elements from a row to the next.
    pub stride: usize,
    /// As many elements as are taken of each row.
    pub target: Operand,
}

/// Handed to [`super::Op::lower`]: the memory of inputs and output, and a list to push kernels on.
pub struct Lowering<'a> {
    pub(crate) inputs: Vec<(Operand, &'a TensorType)>,
    pub(crate) output: Operand,
    pub(crate) output_type: &'a TensorType,
    pub(crate) epilogue: Epilogue,
    /// What else is wanted of it, by number.
    pub(crate) further: Vec<(usize, Operand)>,
    pub(crate) tuning: &'a Tuning,
    pub(crate) choice: Option<Choice>,
    pub(crate) kernels: Vec<Kernel>,
    pub(crate) scratch: Vec<(usize, DType)>,
    pub(crate) late: Vec<LateSum>,
}

impl Lowering<'_> {
    /// Memory of input `i`.
    pub fn input(&self, i: usize) -> Operand {
        self.inputs[i].0
    }

    /// Memory of input `i`, if the operation has so many.
    pub fn optional(&self, i: usize) -> Option<Operand> {
        self.inputs.get(i).map(|(operand, _)| *operand)
    }

    /// Shape and element type of input `i`.
    pub fn input_type(&self, i: usize) -> &TensorType {
        self.inputs[i].1
    }

    /// Memory of the output.
    pub fn output(&self) -> Operand {
        self.output
    }

    /// Shape and element type of the output.
    pub fn output_type(&self) -> &TensorType {
        self.output_type
    }

    /// What the plan fused behind this operation; empty unless [`super::Op::absorbs`] said yes.
    pub fn epilogue(&self) -> Epilogue {
        self.epilogue
    }

    /// Memory of the `index`-th value that is written beside the output, if anything reads it ([`super::Graph::further`]).
    pub fn further(&self, index: usize) -> Option<Operand> {
        self.further.iter().find(|(i, _)| *i == index).map(|(_, operand)| *operand)
    }

    /// What is known of the machine.
    pub fn tuning(&self) -> &Tuning {
        self.tuning
    }

    /// Chooses between ways to compute the same: what the tuning says of `key`, which names stem and shape, if it is among the
    /// candidates; else `default`. At most one choice per operation.
    pub fn choose(&mut self, key: String, candidates: &[Variant], default: Variant) -> Variant {
        let chosen = self.tuning.variant(&key).filter(|v| candidates.contains(v)).unwrap_or(default);
        self.choice = Some(Choice { key, candidates: candidates.to_vec(), chosen });
        chosen
    }

    /// Memory that lives for this operation's kernels only.
    pub fn scratch(&mut self, len: usize, dtype: DType) -> Operand {
        self.scratch.push((len, dtype));
        Operand { place: Place::Scratch(self.scratch.len() as u32 - 1), offset: 0, len, dtype }
    }

    /// Leaves a sum for later, if that is worth while: many small launches are what a GPU is slow at, and results in persistent
    /// memory (gradients in their arena) are not read before all are there. Says whether it did.
    pub fn sum_late(&mut self, sums: &[LateSum]) -> bool {
        let fits = |sum: &LateSum| {
            let fours = [sum.source.offset, sum.stride, sum.target.offset, sum.target.len].iter().all(|n| n.is_multiple_of(4));
            fours && matches!(sum.target.place, Place::Resource(_)) && matches!(sum.source.place, Place::Scratch(_) | Place::Node(_))
        };
        let late = self.tuning.shares_sums() && sums.iter().all(fits);
        if late {
            self.late.extend(sums);
        }
        late
    }

    /// Appends a kernel.
    pub fn push(&mut self, kernel: Kernel) {
        self.kernels.push(kernel);
    }
}
