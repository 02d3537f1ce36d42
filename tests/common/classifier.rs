//! A small convolutional classifier of digits, made of the engine's own operations and trained on MNIST in a few seconds: the
//! judge of generated digits. It stands on no other program, and is trained anew by each test binary that needs it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use pollster::block_on;
use safetensors::tensor::{Dtype, TensorView};
use unnoise::cpu::CpuBackend;
use unnoise::data::ImageSet;
use unnoise::graph::ops::optimizer::RunState;
use unnoise::graph::ops::pixels::image_words;
use unnoise::graph::ops::state::{counter, scalar};
use unnoise::graph::{Activation, Conv2d, Graph, Init, ParamTable, Tensor, TensorType};
use unnoise::nn::{Norm, conv2d, group_norm, linear};
use unnoise::plan::{Backend, BufferId, HostSlice, Plan, ProgramId, Region};
use unnoise::threefry::Stream;
use unnoise::{Error, Result};

/// Pixels per side, and classes.
const SIDE: usize = 28;
const CLASSES: usize = 10;
/// Channels behind each convolution; each halves the image: 14, 7 and 4 pixels a side.
const WIDTHS: [usize; 3] = [12, 24, 48];
/// Every norm has so many groups.
const GROUPS: usize = 4;
const BATCH: usize = 64;
/// Two passes over the training set.
const STEPS: usize = 1875;
/// Images judged at once.
const AT_ONCE: usize = 500;
const SEED: u32 = 20_240_607;

/// Logits `[B, 10]` for images `x [B, 28, 28, 1]` in `[-1, 1]`.
fn build(g: &mut Graph, x: Tensor) -> Result<Tensor> {
    let halving = Conv2d { stride: 2, ..Conv2d::SAME3 };
    let norm = Norm { groups: GROUPS, eps: 1e-5, activation: Some(Activation::Relu) };
    let (mut h, batch) = (x, g.shape(x)[0]);
    for (i, width) in WIDTHS.into_iter().enumerate() {
        h = conv2d(g, &format!("conv{i}"), h, width, halving, None)?;
        h = group_norm(g, &format!("norm{i}"), &[h], norm, None)?;
    }
    let features = g.shape(h).elements() / batch;
    let h = g.reshape(h, [batch, features])?;
    linear(g, "out", h, features, CLASSES)
}

/// One step on images drawn from a resident set of `count`.
fn step_graph(count: usize) -> Result<Graph> {
    let mut g = Graph::new();
    let shape = [SIDE, SIDE, 1];
    let counters = g.resource("counters", TensorType::u32([counter::LEN]))?;
    let pixels = g.resource("pixels", TensorType::u32([count, image_words(shape)]))?;
    let labels = g.resource("labels", TensorType::u32([count]))?;
    let index = g.uniform_int(counters, 1, BATCH, count)?;
    let x = g.gather_pixels(pixels, index, shape)?;
    let labels = g.gather(labels, index)?;
    let logits = build(&mut g, x)?;
    let loss = g.cross_entropy(logits, labels)?;
    let grads = g.grad_into_arena(loss)?;
    let partials = g.square_sums(grads)?;
    let scalars = g.resource("scalars", TensorType::f32([scalar::LEN]))?;
    let losses = g.resource("losses", TensorType::f32([STEPS]))?;
    let run = RunState { counters, scalars, losses };
    g.finish_step(partials, loss, run)?;
    g.adamw(run)?;
    Ok(g)
}

/// PyTorch's initial values.
fn initial(params: &ParamTable) -> Vec<f32> {
    let mut arena = vec![0.0; params.arena_len(true)];
    for (index, param) in params.iter().enumerate() {
        let mut random = Stream::new(SEED, 2, index as u32);
        for value in &mut arena[param.offset..param.offset + param.shape.elements()] {
            *value = match param.init {
                Init::Ones => 1.0,
                Init::Uniform(bound) => (bound * (2.0 * random.uniform() - 1.0)) as f32,
                Init::Zeros | Init::Normal(_) => 0.0,
            };
        }
    }
    arena
}

/// A plan on a CPU backend of its own, with its buffers.
struct Machine {
    backend: CpuBackend<f32>,
    ids: BTreeMap<String, BufferId>,
    program: ProgramId,
}

impl Machine {
    fn new(graph: &Graph, contents: &[(&str, HostSlice<'_>)]) -> Result<Machine> {
        let mut backend = CpuBackend::<f32>::new();
        let plan = Plan::compile(graph, &backend.tuning())?;
        let mut ids = BTreeMap::new();
        for resource in &plan.resources {
            ids.insert(resource.name.clone(), backend.allocate(&resource.name, resource.dtype, resource.len)?);
        }
        for (name, values) in contents {
            backend.write(ids[*name], 0, *values)?;
        }
        let program = block_on(backend.load(&plan, &ids))?;
        Ok(Machine { backend, ids, program })
    }
}

/// A trained classifier.
pub struct Classifier {
    params: ParamTable,
    /// The arena of its parameters.
    values: Vec<f32>,
}

impl Classifier {
    /// Learns `set`, 28×28 grey digits, from a fixed seed.
    ///
    /// # Errors
    /// [`Error::Data`] if the set is of another kind.
    pub fn train(set: &ImageSet) -> Result<Classifier> {
        if (set.side(), set.channels(), set.classes()) != (SIDE, 1, CLASSES) || set.is_empty() {
            return Err(Error::data("set", "the classifier learns 28×28 grey images of ten classes"));
        }
        let graph = step_graph(set.len())?;
        let words: Vec<u32> = set.pixels().chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        let labels: Vec<u32> = set.labels().iter().map(|l| u32::from(*l)).collect();
        let params = graph.params().clone();
        let param = initial(&params);
        let mut counters = [0; counter::LEN];
        counters[counter::SEED] = SEED;
        let mut scalars = [0.0f32; scalar::LEN];
        for (at, value) in [
            (scalar::BASE_RATE, 4e-3),
            (scalar::COSINE_STEPS, STEPS as f32),
            (scalar::BETA1, 0.9),
            (scalar::BETA2, 0.999),
            (scalar::EPSILON, 1e-8),
            (scalar::WEIGHT_DECAY, 1e-2),
            (scalar::BETA1_POWER, 1.0),
            (scalar::BETA2_POWER, 1.0),
        ] {
            scalars[at] = value;
        }
        let contents = [
            ("pixels", HostSlice::U32(&words)),
            ("labels", HostSlice::U32(&labels)),
            ("param", HostSlice::F32(&param)),
            ("counters", HostSlice::U32(&counters)),
            ("scalars", HostSlice::F32(&scalars)),
        ];
        let Machine { mut backend, ids, program } = Machine::new(&graph, &contents)?;
        backend.run(&[(program, STEPS)])?;
        let region = Region { buffer: ids["param"], offset: 0, len: param.len() };
        let values = block_on(backend.read(&[region]))?.remove(0).floats();
        Ok(Classifier { params, values })
    }

    /// Logits `[n, 10]` of images `[n, 28, 28, 1]` in `[-1, 1]`.
    ///
    /// # Errors
    /// [`Error::Data`] if these are no whole images.
    pub fn logits(&self, images: &[f32]) -> Result<Vec<f32>> {
        let size = SIDE * SIDE;
        if !images.len().is_multiple_of(size) {
            return Err(Error::data("images", format!("{} numbers are no whole images of 28×28", images.len())));
        }
        let mut g = Graph::with_params(self.params.clone());
        let x = g.resource("x", TensorType::f32([AT_ONCE, SIDE, SIDE, 1]))?;
        let logits = build(&mut g, x)?;
        g.output("logits", logits)?;
        let Machine { mut backend, ids, program } = Machine::new(&g, &[("param", HostSlice::F32(&self.values))])?;
        let mut all = Vec::new();
        for chunk in images.chunks(AT_ONCE * size) {
            backend.write(ids["x"], 0, HostSlice::F32(chunk))?;
            backend.run(&[(program, 1)])?;
            let logits = block_on(backend.output(program, "logits"))?.floats();
            all.extend_from_slice(&logits[..chunk.len() / size * CLASSES]);
        }
        Ok(all)
    }

    /// The class of each of the images `[n, 28, 28, 1]` in `[-1, 1]`.
    ///
    /// # Errors
    /// [`Error::Data`] if these are no whole images.
    pub fn classify(&self, images: &[f32]) -> Result<Vec<u8>> {
        let best = |logits: &[f32]| (0..CLASSES).max_by(|a, b| logits[*a].total_cmp(&logits[*b])).unwrap_or(0) as u8;
        Ok(self.logits(images)?.chunks_exact(CLASSES).map(best).collect())
    }

    /// The parameters as a safetensors file, named and laid out as in PyTorch, with some images and their logits to check a
    /// reader by: `check.images [n, 28, 28]` and `check.logits [n, 10]`.
    ///
    /// # Errors
    /// [`Error::Data`] if `images` are no whole images.
    pub fn to_bytes(&self, images: &[f32]) -> Result<Vec<u8>> {
        let mut tensors: Vec<(String, Vec<usize>, Vec<f32>)> = Vec::new();
        for param in self.params.iter() {
            tensors.push((param.name.clone(), param.file_shape(), param.read(&self.values)));
        }
        let logits = self.logits(images)?;
        tensors.push(("check.images".into(), vec![images.len() / (SIDE * SIDE), SIDE, SIDE], images.to_vec()));
        tensors.push(("check.logits".into(), vec![logits.len() / CLASSES, CLASSES], logits));
        let bytes: Vec<Vec<u8>> = tensors.iter().map(|(_, _, values)| bytemuck::cast_slice(values).to_vec()).collect();
        let views: std::result::Result<Vec<_>, _> = tensors
            .iter()
            .zip(&bytes)
            .map(|((name, shape, _), bytes)| TensorView::new(Dtype::F32, shape.clone(), bytes).map(|view| (name.clone(), view)))
            .collect();
        let metadata = [("groups".to_string(), GROUPS.to_string())].into();
        let written = views.and_then(|views| safetensors::serialize(views, Some(metadata)));
        written.map_err(|e| Error::data("classifier", e.to_string()))
    }
}

/// Bytes of images as a model sees them, in `[-1, 1]`.
pub fn floats(pixels: &[u8]) -> Vec<f32> {
    pixels.iter().map(|p| f32::from(*p) * 2.0 / 255.0 - 1.0).collect()
}

/// The digits that a classifier trained on all of MNIST takes the images `[n, 28, 28, 1]` in `[-1, 1]` for. It is trained at the
/// first call; `images.rs` must be a module beside this one.
pub fn classify(images: &[f32]) -> Result<Vec<u8>> {
    mnist()?.classify(images)
}

/// That classifier.
pub fn mnist() -> Result<&'static Classifier> {
    static TRAINED: OnceLock<Result<Classifier>> = OnceLock::new();
    let train = || Classifier::train(&super::images::load("mnist", super::images::Split::Train, usize::MAX)?);
    TRAINED.get_or_init(train).as_ref().map_err(Clone::clone)
}
