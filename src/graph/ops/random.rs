//! Counter-based random numbers: Threefry-2x32 (Salmon et al., SC 2011) keyed by (seed, stream), counted by (step, element).
//!
//! Each element's number depends on those four and nothing else: not on the device, the grid or what was drawn before.

use super::{WORKGROUP, expected, no_derivative, state};
use crate::Result;
use crate::graph::{DType, Graph, Kernel, Lowering, Op, Shape, Tensor, TensorType};

/// Uniform integers below a bound; input `counters`.
#[derive(Debug)]
struct UniformInt {
    stream: u32,
    count: usize,
    bound: Bound,
}

/// Where the bound of uniform integers comes from.
#[derive(Debug, Clone, Copy)]
enum Bound {
    Fixed(usize),
    /// The counter at this place, read at every step.
    Counter(usize),
}

/// Labels, each replaced by `null` with this probability; inputs `counters`, `labels [B]`.
#[derive(Debug)]
struct DropLabels {
    stream: u32,
    probability: f64,
    null: u32,
}

/// Standard normals; input `counters`.
#[derive(Debug)]
struct Normal {
    stream: u32,
    shape: Shape,
}

impl Graph {
    /// `count` integers, uniform in `0 .. bound`. `counters` holds seed and step ([`state::counter`]); `stream` sets
    /// this use of randomness apart from every other.
    pub fn uniform_int(&mut self, counters: Tensor, stream: u32, count: usize, bound: usize) -> Result<Tensor> {
        self.apply(UniformInt { stream, count, bound: Bound::Fixed(bound) }, &[counters])
    }

    /// As [`Graph::uniform_int`] with the bound that stands at place `slot` of `counters` when the kernel runs, such as
    /// [`state::counter::DATA_COUNT`] for a data set that still grows. A bound of 0 gives 0.
    pub fn uniform_below(&mut self, counters: Tensor, stream: u32, count: usize, slot: usize) -> Result<Tensor> {
        self.apply(UniformInt { stream, count, bound: Bound::Counter(slot) }, &[counters])
    }

    /// `labels [B]`, each replaced by `null` with the given probability, independently: the training of classifier-free
    /// guidance (Ho and Salimans, 2207.12598, algorithm 1).
    ///
    /// Label `i` is replaced if its 32-bit word is below `probability · 2³²` (rounded): never at 0, always at 1.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] if the probability is not from 0 to 1, or the inputs are not counters and labels.
    pub fn drop_labels(&mut self, labels: Tensor, counters: Tensor, stream: u32, probability: f64, null: u32) -> Result<Tensor> {
        self.apply(DropLabels { stream, probability, null }, &[counters, labels])
    }

    /// Standard normals of `shape`.
    pub fn normal(&mut self, counters: Tensor, stream: u32, shape: impl Into<Shape>) -> Result<Tensor> {
        self.apply(Normal { stream, shape: shape.into() }, &[counters])
    }
}

fn check(inputs: &[&TensorType]) -> std::result::Result<(), String> {
    match inputs {
        [c] if c.dtype == DType::U32 && c.shape.elements() == state::counter::LEN => Ok(()),
        _ => Err(expected(&format!("the counters, {} integers", state::counter::LEN), inputs)),
    }
}

/// One Threefry block gives two words: a thread makes two elements.
fn push(l: &mut Lowering<'_>, kernel: Kernel, stream: u32) {
    let n = l.output().len;
    let kernel = kernel.param("n", n).param("stream", stream).read("counters", l.input(0)).write("y", l.output());
    l.push(kernel.threads(n.div_ceil(2), WORKGROUP));
}

impl Op for UniformInt {
    fn name(&self) -> &'static str {
        "uniform_int"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        check(inputs)?;
        match self.bound {
            Bound::Fixed(bound) if bound == 0 || u32::try_from(bound).is_err() => {
                Err(format!("needs a bound of 1 to 2³² - 1, given {bound}"))
            }
            Bound::Counter(slot) if slot >= state::counter::LEN => {
                Err(format!("reads its bound from one of {} counters, given place {slot}", state::counter::LEN))
            }
            _ => Ok(TensorType::u32([self.count])),
        }
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let kernel = Kernel::new("uniform_int");
        let kernel = match self.bound {
            Bound::Fixed(bound) => kernel.constant("COUNTED", false).param("bound", bound),
            Bound::Counter(slot) => kernel.constant("COUNTED", true).param("bound", slot),
        };
        push(l, kernel, self.stream);
    }
}

impl Op for DropLabels {
    fn name(&self) -> &'static str {
        "drop_labels"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        if !(0.0..=1.0).contains(&self.probability) {
            return Err(format!("needs a probability of 0 to 1, given {}", self.probability));
        }
        match inputs {
            [counters, labels] if labels.dtype == DType::U32 && labels.shape.rank() == 1 => check(&[counters]).map(|()| (*labels).clone()),
            _ => Err(expected("the counters and integer labels [B]", inputs)),
        }
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        // 2³² itself fits no word: what rounds to it is always dropped.
        let threshold = (self.probability * 4_294_967_296.0).round();
        let kernel = Kernel::new("drop_labels")
            .constant("ALWAYS", threshold >= 4_294_967_296.0)
            .param("threshold", threshold as u32)
            .param("null_label", self.null)
            .read("labels", l.input(1));
        push(l, kernel, self.stream);
    }
}

impl Op for Normal {
    fn name(&self) -> &'static str {
        "normal"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        check(inputs).map(|()| TensorType::f32(self.shape.clone()))
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        // The inverse error function is a polynomial of ten terms, and a logarithm.
        push(l, Kernel::new("normal").operations(30 * l.output().len), self.stream);
    }
}
