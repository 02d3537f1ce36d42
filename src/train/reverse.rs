//! The graphs of a sampling run: its start, and one step of the way from noise to data.

use super::config::Config;
use super::programs::{classify, predict, samples_shape, stream};
use crate::Result;
use crate::graph::ops::reverse::{GUIDE_COLUMNS, HISTORY, Reverse, column};
use crate::graph::ops::state::counter;
use crate::graph::{Graph, ParamTable, Tensor, TensorType};

/// What a sampling program is made for; another needs another program.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct SampleShape {
    pub count: usize,
    /// Rows of the table that there is room for.
    pub rows: usize,
    pub frames: usize,
    /// Fresh noise enters the steps.
    pub noise: bool,
    /// Steps look back at earlier ones.
    pub history: bool,
    /// Predicted clean samples stay within a range.
    pub clip: bool,
    /// They stay within a range found from this quantile of theirs.
    pub threshold: Option<f64>,
    /// Predictions with and without the class are mixed.
    pub guided: bool,
    /// A classifier has its say.
    pub classified: bool,
    /// Part of the samples is known.
    pub masked: bool,
}

struct SampleBuffers {
    counters: Tensor,
    x: Tensor,
    frames: Tensor,
}

fn sample_buffers(g: &mut Graph, config: &Config, shape: SampleShape) -> Result<SampleBuffers> {
    let x = samples_shape(config, shape.count);
    let frames = [shape.frames, x.elements()];
    Ok(SampleBuffers {
        counters: g.resource("sample counters", TensorType::u32([counter::LEN]))?,
        x: g.resource("x", TensorType::f32(x))?,
        frames: g.resource("frames", TensorType::f32(frames))?,
    })
}

/// `x ~ N(0, I)` times the resource `start scale`, kept as the first frame.
pub(super) fn sampling_start(config: &Config, shape: SampleShape) -> Result<Graph> {
    let mut g = Graph::new();
    let SampleBuffers { counters, x, frames } = sample_buffers(&mut g, config, shape)?;
    let noise = g.normal(counters, stream::SAMPLE_START, samples_shape(config, shape.count))?;
    let scale = g.resource("start scale", TensorType::f32([1]))?;
    let noise = g.multiply(noise, scale)?;
    g.place(noise, x, 0)?;
    g.place(noise, frames, 0)?;
    Ok(g)
}

/// One reverse step: the network's output, guided, and the update by this step's row of the table. The predicted clean sample
/// of every frame is kept as well.
pub(super) fn sampling_step(config: &Config, params: &ParamTable, shape: SampleShape) -> Result<Graph> {
    let mut g = Graph::with_params(params.clone());
    let SampleBuffers { counters, x, frames } = sample_buffers(&mut g, config, shape)?;
    let SampleShape { count, rows, .. } = shape;
    let like_x = samples_shape(config, count);
    let times = g.resource("times", TensorType::f32([rows]))?;
    let coefficients = g.resource("coefficients", TensorType::f32([rows, column::COUNT]))?;
    let evaluated = if shape.guided { 2 * count } else { count };
    let t = g.at_step(times, counters, evaluated)?;
    let labels = if config.classes().is_some() { Some(g.resource("sample labels", TensorType::u32([evaluated]))?) } else { None };
    let input = if shape.guided { g.concat(x, x, 0)? } else { x };
    let mut output = predict(&mut g, config, input, t, labels)?;
    if shape.guided || shape.classified {
        let table = g.resource("guidance", TensorType::f32([rows, GUIDE_COLUMNS]))?;
        let gradient = if shape.classified { Some(classifier_gradient(&mut g, config, x, times, counters, count)?) } else { None };
        output = g.guide(output, table, counters, shape.guided, gradient)?;
    }
    let noise = if shape.noise { Some(g.normal(counters, stream::SAMPLE_STEP, like_x.clone())?) } else { None };
    let predicted = Some(g.resource("predicted", g.ty(frames).clone())?);
    let history = if shape.history { Some(g.resource("history", TensorType::f32([HISTORY, like_x.elements()]))?) } else { None };
    let mut with = Reverse { coefficients, counters, frames, predicted, noise, history, clean: None, clip: shape.clip };
    if let Some(ratio) = shape.threshold {
        with.clean = Some(g.threshold(x, output, ratio, with)?);
        // It has been kept on the way.
        with.predicted = None;
    }
    g.linear_step(x, output, with)?;
    if let (true, Some(noise)) = (shape.masked, noise) {
        let known = g.resource("known", TensorType::f32(like_x.clone()))?;
        let mask = g.resource("mask", TensorType::f32(like_x))?;
        g.keep_known(x, [known, mask], noise, with)?;
    }
    g.next_step(counters)?;
    Ok(g)
}

/// `∇_x` of the mean of `-log p(y | x)` by the frozen classifier, for the samples' own labels.
fn classifier_gradient(g: &mut Graph, config: &Config, x: Tensor, times: Tensor, counters: Tensor, count: usize) -> Result<Tensor> {
    let t = g.at_step(times, counters, count)?;
    let labels = g.resource("classifier labels", TensorType::u32([count]))?;
    let logits = g.freezing(|g| g.scoped(CLASSIFIER, |g| classify(g, config, x, t)))?;
    let loss = g.cross_entropy(logits, labels)?;
    let gradients = g.grad(loss, &[x])?;
    gradients.first().copied().ok_or_else(|| crate::Error::Derivative("the classifier does not depend on its input".into()))
}

/// Scope of the classifier's parameters, so that they do not meet the denoiser's.
const CLASSIFIER: &str = "classifier";
