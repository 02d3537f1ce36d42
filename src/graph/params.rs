//! Parameters: one flat arena, laid out as the model asks for them.

use super::{ALIGNMENT, Graph, Operand, Place, Shape, Tensor, TensorType};
use crate::{Error, Result};

/// How a parameter starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// All zero.
    Zeros,
    /// All one.
    Ones,
    /// Uniform in `[-bound, bound]`.
    Uniform(f64),
    /// Normal with mean 0 and this standard deviation.
    Normal(f64),
}

/// How files lay a parameter out, where PyTorch's way differs from this crate's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    /// The same.
    #[default]
    Same,
    /// `[in, out]` here, `[out, in]` there: the weight of a linear layer.
    Linear,
    /// `[k, k, in, out]` here, `[out, in, k, k]` there: the weight of a convolution.
    Conv,
}

/// One parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// Dotted name as in a PyTorch state dict.
    pub name: String,
    /// Extents in this crate's layout.
    pub shape: Shape,
    /// First element in its arena.
    pub offset: usize,
    /// Elements of the arena from one row (along its last axis) to the next: more than are in a row where parameters lie side by
    /// side.
    pub stride: usize,
    /// False for a parameter that the optimiser leaves alone; it lives in the arena `frozen` instead of `param`.
    pub trainable: bool,
    /// How it starts.
    pub init: Init,
    /// How files lay it out.
    pub layout: Layout,
}

impl Param {
    /// Extents in a file, as in a PyTorch state dict.
    pub fn file_shape(&self) -> Vec<usize> {
        match (self.layout, &self.shape[..]) {
            (Layout::Linear, &[i, o]) => vec![o, i],
            (Layout::Conv, &[height, width, i, o]) => vec![o, i, height, width],
            (_, shape) => shape.to_vec(),
        }
    }

    /// Places in its arena, element by element.
    pub fn places(&self) -> impl Iterator<Item = usize> {
        let (offset, stride, row) = (self.offset, self.stride, self.row());
        (0..self.shape.elements()).map(move |i| offset + i / row * stride + i % row)
    }

    /// Elements of a row.
    fn row(&self) -> usize {
        self.shape.last().copied().unwrap_or(1)
    }

    /// Where it ends in its arena.
    fn end(&self) -> usize {
        self.offset + (self.shape.elements() / self.row() - 1) * self.stride + self.row()
    }

    /// Its values in an arena, as a file holds them.
    pub fn read(&self, arena: &[f32]) -> Vec<f32> {
        self.to_file(&self.places().map(|at| arena[at]).collect::<Vec<f32>>())
    }

    /// Puts values, as a file holds them, into an arena.
    pub fn write(&self, file: &[f32], arena: &mut [f32]) {
        self.places().zip(self.from_file(file)).for_each(|(at, value)| arena[at] = value);
    }

    /// Values as a file holds them.
    pub fn to_file(&self, values: &[f32]) -> Vec<f32> {
        let (taps, inputs, outputs) = self.axes();
        let mut file = vec![0.0; values.len()];
        for (at, value) in self.file_places(taps, inputs, outputs).zip(values) {
            file[at] = *value;
        }
        file
    }

    /// The inverse of [`Param::to_file`].
    pub fn from_file(&self, file: &[f32]) -> Vec<f32> {
        let (taps, inputs, outputs) = self.axes();
        self.file_places(taps, inputs, outputs).map(|at| file[at]).collect()
    }

    /// Taps, inputs and outputs; all that stays in order counts as outputs.
    fn axes(&self) -> (usize, usize, usize) {
        match (self.layout, &self.shape[..]) {
            (Layout::Linear, &[i, o]) => (1, i, o),
            (Layout::Conv, &[height, width, i, o]) => (height * width, i, o),
            _ => (1, 1, self.shape.elements()),
        }
    }

    /// For every element in this crate's order `[taps, inputs, outputs]`, its place in `[outputs, inputs, taps]`.
    fn file_places(&self, taps: usize, inputs: usize, outputs: usize) -> impl Iterator<Item = usize> {
        (0..taps * inputs * outputs).map(move |at| {
            let (tap, input, output) = (at / (inputs * outputs), (at / outputs) % inputs, at % outputs);
            (output * inputs + input) * taps + tap
        })
    }
}

/// What a graph reads of an arena in one piece: a parameter, or several side by side.
#[derive(Debug, Clone, PartialEq)]
struct Block {
    /// The parameter's name, or those of all.
    name: String,
    shape: Shape,
    /// First element, a multiple of [`ALIGNMENT`].
    offset: usize,
    trainable: bool,
}

/// Layout of all parameters of a model.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ParamTable {
    entries: Vec<Param>,
    blocks: Vec<Block>,
}

/// Names of the arenas: the values that train, and those that do not.
pub const PARAM: &str = "param";
/// See [`PARAM`].
pub const FROZEN: &str = "frozen";

impl ParamTable {
    /// All parameters in the order of their making.
    pub fn iter(&self) -> impl Iterator<Item = &Param> {
        self.entries.iter()
    }

    /// The parameter called `name`.
    pub fn get(&self, name: &str) -> Option<&Param> {
        self.entries.iter().find(|p| p.name == name)
    }

    /// Elements of the arena of trainable (or frozen) parameters, padding included.
    pub fn arena_len(&self, trainable: bool) -> usize {
        let ends = self.entries.iter().filter(|p| p.trainable == trainable).map(Param::end);
        ends.max().unwrap_or(0).next_multiple_of(ALIGNMENT)
    }

    /// Number of values in all parameters, without padding.
    pub fn count(&self) -> usize {
        self.entries.iter().map(|p| p.shape.elements()).sum()
    }
}

impl Graph {
    /// The trainable parameter `name` (within the current scope). A second call with the same name shares it.
    ///
    /// # Errors
    /// [`Error::Shape`] if the name is taken with another shape.
    pub fn param(&mut self, name: &str, shape: impl Into<Shape>, init: Init) -> Result<Tensor> {
        self.parameter(name, shape.into(), init, true, Layout::Same)
    }

    /// A parameter that the optimiser leaves alone; derivatives pass through it but not into it.
    pub fn frozen_param(&mut self, name: &str, shape: impl Into<Shape>, init: Init) -> Result<Tensor> {
        self.parameter(name, shape.into(), init, false, Layout::Same)
    }

    /// A trainable matrix `[in, out]` that files hold as PyTorch's `[out, in]`.
    pub fn linear_weight(&mut self, name: &str, inputs: usize, outputs: usize, init: Init) -> Result<Tensor> {
        self.parameter(name, [inputs, outputs].into(), init, true, Layout::Linear)
    }

    /// The weights and biases of fully connected layers that read the same input, side by side: a matrix `[in, n · out]` and its
    /// bias `[n · out]`, so that one product computes them all. Each of the `names` has its own `<name>.weight` and `<name>.bias`.
    pub fn linears_side_by_side(&mut self, names: &[&str], inputs: usize, outputs: usize, init: Init) -> Result<[Tensor; 2]> {
        let (names, width) = (names.iter().map(|name| self.full_name(name)).collect::<Vec<_>>(), names.len() * outputs);
        let trainable = !self.freezes;
        let mut leaf = |what: &str, shape: Shape, each: Shape, layout| {
            let names: Vec<String> = names.iter().map(|name| format!("{name}.{what}")).collect();
            let block = Block { name: names.join(" "), shape, offset: self.params.arena_len(trainable), trainable };
            self.block(block, |block| {
                let entry = |(i, name)| Param {
                    name,
                    shape: each.clone(),
                    offset: block.offset + i * outputs,
                    stride: width,
                    trainable,
                    init,
                    layout,
                };
                names.into_iter().enumerate().map(entry).collect()
            })
        };
        let weight = leaf("weight", [inputs, width].into(), [inputs, outputs].into(), Layout::Linear)?;
        Ok([weight, leaf("bias", [width].into(), [outputs].into(), Layout::Same)?])
    }

    /// The trainable weight of a convolution, `[kernel, kernel, inputs, outputs]`, which files hold as PyTorch's
    /// `[outputs, inputs, kernel, kernel]`.
    pub fn conv_weight(&mut self, name: &str, kernel: usize, inputs: usize, outputs: usize, init: Init) -> Result<Tensor> {
        self.parameter(name, [kernel, kernel, inputs, outputs].into(), init, true, Layout::Conv)
    }

    /// Runs `build` with every parameter that it asks for taken as frozen: a trained network becomes part of another program, its
    /// arena under the name [`FROZEN`].
    pub fn freezing<R>(&mut self, build: impl FnOnce(&mut Graph) -> R) -> R {
        let before = std::mem::replace(&mut self.freezes, true);
        let result = build(self);
        self.freezes = before;
        result
    }

    fn parameter(&mut self, name: &str, shape: Shape, init: Init, trainable: bool, layout: Layout) -> Result<Tensor> {
        let name = self.full_name(name);
        let trainable = trainable && !self.freezes;
        let block = Block { name: name.clone(), shape: shape.clone(), offset: self.params.arena_len(trainable), trainable };
        self.block(block, |block| {
            let stride = shape.last().copied().unwrap_or(1);
            vec![Param { name, shape, offset: block.offset, stride, trainable, init, layout }]
        })
    }

    /// The leaf of a block; `entries` are the parameters that it is made of if it is new.
    fn block(&mut self, block: Block, entries: impl FnOnce(&Block) -> Vec<Param>) -> Result<Tensor> {
        let fail = |message| Error::Shape { op: "param", label: block.name.clone(), message };
        super::check_extents(&block.shape).map_err(fail)?;
        let found = self.params.blocks.iter().find(|b| b.name == block.name).cloned();
        let block = match found {
            Some(b) if b.shape == block.shape && b.trainable == block.trainable => b,
            Some(b) => return Err(fail(format!("exists with shape {}, asked again with {}", b.shape, block.shape))),
            None => {
                self.params.entries.extend(entries(&block));
                self.params.blocks.push(block.clone());
                block
            }
        };
        let index = self.arena(if block.trainable { PARAM } else { FROZEN }, block.trainable);
        let ty = TensorType::f32(block.shape);
        let operand = Operand { place: Place::Resource(index), offset: block.offset, len: ty.shape.elements(), dtype: ty.dtype };
        Ok(self.leaf(operand, ty, block.name))
    }

    /// Index of the arena resource `name`, as long as the parameters laid out so far.
    fn arena(&mut self, name: &str, trainable: bool) -> u32 {
        let len = self.params.arena_len(trainable);
        let index = self.resources.iter().position(|r| r.name == name).unwrap_or_else(|| {
            self.resources.push(super::Resource { name: name.to_string(), dtype: super::DType::F32, len });
            self.resources.len() - 1
        });
        self.resources[index].len = len;
        index as u32
    }

    /// Leaves of all trainable parameters, those that lie side by side together, each with its place in the arena: what a
    /// training step differentiates by.
    pub(super) fn trainable(&mut self) -> Result<Vec<(Tensor, usize)>> {
        let blocks: Vec<Block> = self.params.blocks.iter().filter(|b| b.trainable).cloned().collect();
        let leaf = |block: Block| Ok((self.block(block.clone(), |_| Vec::new())?, block.offset));
        blocks.into_iter().map(leaf).collect()
    }

    /// A leaf over a whole arena shaped like the trainable parameters: `param` itself, or a companion (`grad`, `ema`, …).
    /// Ask for it when all parameters have been made.
    pub fn arena_resource(&mut self, name: &str) -> Result<Tensor> {
        let len = self.params.arena_len(true);
        self.resource(name, TensorType::f32([len.max(1)]))
    }
}
