//! One entry per operation, each at several ragged sizes.

use unnoise::Result;
use unnoise::graph::ops::optimizer::RunState;
use unnoise::graph::ops::pixels::image_words;
use unnoise::graph::ops::reverse::{Reverse, column};
use unnoise::graph::ops::state::{counter, scalar};
use unnoise::graph::{Activation, Graph, Init, Tensor, TensorType};

use super::{Built, Case, counters, floats, image_cases, integers, layer_cases};

pub(super) type Shapes = &'static [&'static [usize]];

/// An operation on floats `x0`, `x1`, … of these shapes, differentiated by all of them.
pub(super) fn smooth(name: &str, shapes: Shapes, build: fn(&mut Graph, &[Tensor]) -> Result<Tensor>) -> Case {
    let build = move || {
        let mut graph = Graph::new();
        let mut inputs = Vec::new();
        for (i, shape) in shapes.iter().enumerate() {
            inputs.push(floats(&mut graph, &format!("x{i}"), shape)?);
        }
        let y = build(&mut graph, &inputs)?;
        graph.output("y", y)?;
        Ok(Built { graph, differentiate: Some((y, inputs)) })
    };
    Case { name: format!("{name} {shapes:?}"), build: Box::new(build), tolerance: 2e-6 }
}

/// An operation without derivative; it reports what it computes as outputs or leaves it in resources.
pub(super) fn plain(name: &str, build: impl Fn(&mut Graph) -> Result<()> + 'static) -> Case {
    let build = move || {
        let mut graph = Graph::new();
        build(&mut graph)?;
        Ok(Built { graph, differentiate: None })
    };
    Case { name: name.to_string(), build: Box::new(build), tolerance: 2e-6 }
}

macro_rules! at_shapes {
    ($out:ident, $name:expr, [$($shapes:expr),+ $(,)?], $build:expr) => {
        $( $out.push(smooth($name, &$shapes, $build)); )+
    };
}

pub(super) use at_shapes;

/// All cases.
pub fn ops() -> Vec<Case> {
    let mut all = Vec::new();
    matrix_products(&mut all);
    image_cases::images(&mut all);
    layer_cases::layers(&mut all);
    attention(&mut all);
    elementwise(&mut all);
    shapes(&mut all);
    images(&mut all);
    losses(&mut all);
    classifier(&mut all);
    random(&mut all);
    process(&mut all);
    optimizer(&mut all);
    peaks(&mut all);
    all
}

fn matrix_products(all: &mut Vec<Case>) {
    at_shapes!(all, "matmul", [[&[1, 1], &[1, 1]], [&[7, 5], &[5, 3]], [&[33, 66], &[66, 17]], [&[65, 128], &[128, 36]]], |g, x| g
        .matmul(x[0], x[1], false, false));
    at_shapes!(all, "matmul Aᵀ", [[&[5, 7], &[5, 3]], [&[66, 33], &[66, 17]], [&[129, 64], &[129, 36]]], |g, x| g
        .matmul(x[0], x[1], true, false));
    at_shapes!(all, "matmul Bᵀ", [[&[7, 5], &[3, 5]], [&[33, 66], &[17, 66]], [&[65, 128], &[36, 128]]], |g, x| g
        .matmul(x[0], x[1], false, true));
    at_shapes!(all, "matmul AᵀBᵀ", [[&[5, 7], &[3, 5]], [&[66, 33], &[17, 66]], [&[12, 20], &[8, 12]]], |g, x| g
        .matmul(x[0], x[1], true, true));
    at_shapes!(all, "matmul batched", [[&[3, 4, 5], &[3, 5, 6]], [&[2, 3, 9, 8], &[2, 3, 8, 12]], [&[2, 1, 13], &[2, 13, 4]]], |g, x| g
        .matmul(x[0], x[1], false, false));
    at_shapes!(all, "matmul batched AᵀBᵀ", [[&[3, 5, 4], &[3, 6, 5]], [&[2, 8, 12], &[2, 4, 8]]], |g, x| g
        .matmul(x[0], x[1], true, true));
    at_shapes!(all, "matmul rows", [[&[3, 4, 5], &[5, 6]], [&[2, 3, 2, 8], &[8, 4]]], |g, x| g.matmul(x[0], x[1], false, false));
    at_shapes!(all, "matmul bias", [[&[7, 5], &[5, 3], &[3]], [&[34, 68], &[68, 20], &[20]], [&[3, 4, 5], &[5, 6], &[6]]], |g, x| g
        .matmul_bias(x[0], x[1], x[2]));
    // Large enough for the tile of 8×8 results per thread.
    at_shapes!(all, "matmul large", [[&[66, 12], &[12, 65]], [&[100, 10], &[10, 72]]], |g, x| g.matmul(x[0], x[1], false, false));
    // A layer whose activation, gate and sum all ride behind products.
    at_shapes!(
        all,
        "fused layers",
        [
            [&[9, 5], &[5, 8], &[8], &[8, 5], &[5]],
            [&[33, 12], &[12, 7], &[7], &[7, 12], &[12]],
            [&[70, 12], &[12, 68], &[68], &[68, 12], &[12]]
        ],
        |g, x| {
            // Weights of a size that keeps the sums near 1, as a network's are: larger ones would test cancellation.
            let (w, v) = (g.scale(x[1], 0.2)?, g.scale(x[3], 0.2)?);
            let z = g.matmul_bias(x[0], w, x[2])?;
            let h = g.activate(z, Activation::Silu)?;
            let y = g.matmul_bias(h, v, x[4])?;
            let y = g.add(y, x[0])?;
            g.activate(y, Activation::Tanh)
        }
    );
}

fn attention(all: &mut Vec<Case>) {
    for (batch, tokens, heads, head) in
        [(1, 1, 1, 1), (2, 5, 1, 3), (2, 7, 2, 4), (1, 9, 3, 8), (1, 6, 2, 12), (1, 3, 2, 32), (1, 4, 1, 64), (1, 5, 8, 1)]
    {
        let build = move || {
            let mut graph = Graph::new();
            let qkv = floats(&mut graph, "qkv", &[batch, tokens, 3 * heads * head])?;
            let y = graph.attention(qkv, heads)?;
            graph.output("y", y)?;
            Ok(Built { graph, differentiate: Some((y, vec![qkv])) })
        };
        all.push(Case { name: format!("attention {batch}×{tokens}, {heads} heads of {head}"), build: Box::new(build), tolerance: 2e-6 });
    }
    // Long sequences are compared with the twins only: central differences of them would take minutes.
    for (batch, tokens, heads, head) in
        [(2, 49, 8, 8), (2, 49, 1, 1), (1, 64, 4, 32), (1, 196, 8, 3), (1, 196, 3, 12), (1, 256, 1, 64), (1, 256, 5, 4)]
    {
        all.push(plain(&format!("attention of {tokens} tokens, {batch} times {heads} heads of {head}"), move |g| {
            let channels = heads * head;
            let (qkv, dy) = (floats(g, "qkv", &[batch, tokens, 3 * channels])?, floats(g, "dy", &[batch, tokens, channels])?);
            let y = g.attention(qkv, heads)?;
            let grads = g.grad_from(y, dy, &[qkv])?;
            g.output("y", y)?;
            g.output("dqkv", grads[0])
        }));
    }
}

fn elementwise(all: &mut Vec<Case>) {
    at_shapes!(all, "silu", [[&[1]], [&[7, 13]], [&[2, 3, 5, 11]]], |g, x| g.activate(x[0], Activation::Silu));
    at_shapes!(all, "gelu", [[&[1]], [&[7, 13]], [&[2, 3, 5, 11]]], |g, x| g.activate(x[0], Activation::Gelu));
    at_shapes!(all, "tanh", [[&[1]], [&[7, 13]], [&[2, 3, 5, 11]]], |g, x| g.activate(x[0], Activation::Tanh));
    at_shapes!(all, "relu", [[&[1]], [&[7, 13]], [&[2, 3, 5, 11]]], |g, x| g.activate(x[0], Activation::Relu));
    at_shapes!(all, "scale", [[&[1]], [&[67]], [&[3, 129]]], |g, x| g.scale(x[0], -0.7));
    at_shapes!(all, "add", [[&[65], &[65]], [&[5, 3], &[3]], [&[2, 1, 4], &[3, 1]], [&[2, 3, 4, 5], &[3, 1, 5]]], |g, x| g.add(x[0], x[1]));
    at_shapes!(all, "multiply", [[&[65], &[65]], [&[5, 3], &[3]], [&[2, 1, 4], &[3, 1]], [&[2, 3, 4, 5], &[3, 1, 5]]], |g, x| g
        .multiply(x[0], x[1]));
    at_shapes!(all, "square by sharing", [[&[3]], [&[65]], [&[4, 17]]], |g, x| g.multiply(x[0], x[0]));
}

fn peaks(all: &mut Vec<Case>) {
    for n in [4, 68, 5000] {
        all.push(plain(&format!("bench {n}"), move |g| {
            let x = floats(g, "x", &[n])?;
            let y = g.bench_fma(x, 1)?;
            g.output("fma", y)?;
            let y = g.bench_copy(x)?;
            g.output("copy", y)
        }));
    }
}

fn shapes(all: &mut Vec<Case>) {
    at_shapes!(all, "sum first axis", [[&[7]], [&[300, 5]], [&[600, 33]], [&[37, 1028]]], |g, x| g.sum(x[0], 0));
    at_shapes!(all, "sum middle axis", [[&[2, 3, 1]], [&[3, 65, 4]], [&[2, 17, 19]]], |g, x| g.sum(x[0], 1));
    at_shapes!(all, "mean last axis", [[&[2, 3]], [&[3, 5, 67]], [&[2, 2, 2, 300]]], |g, x| {
        let axis = g.shape(x[0]).rank() - 1;
        g.mean(x[0], axis)
    });
    at_shapes!(all, "sum of many", [[&[5000]], [&[4100, 3]], [&[9, 1000]]], |g, x| g.sum_all(x[0]));
    at_shapes!(all, "mean of all", [[&[5]], [&[41, 3]], [&[9, 10, 7]]], |g, x| g.mean_all(x[0]));
    at_shapes!(all, "broadcast", [[&[1]], [&[3, 1]], [&[1, 3, 1]]], |g, x| g.broadcast_to(x[0], [2, 4, 3, 5]));
    at_shapes!(all, "reshape", [[&[12]], [&[3, 4]], [&[2, 3, 2]]], |g, x| {
        let y = g.reshape(x[0], [4, 3])?;
        g.activate(y, Activation::Tanh)
    });
    // Where a slice begins at a multiple of 64 elements nothing is copied.
    at_shapes!(all, "slice in place", [[&[5, 64]], [&[4, 16, 4]], [&[7, 128]]], |g, x| {
        let (whole, part) = (g.activate(x[0], Activation::Tanh)?, g.slice(x[0], 0, 1, 2)?);
        let of_whole = g.slice(whole, 0, 0, 2)?;
        g.multiply(of_whole, part)
    });
    at_shapes!(all, "slice", [[&[2, 5]], [&[3, 5, 4]], [&[2, 5, 3, 3]]], |g, x| g.slice(x[0], 1, 1, 3));
    at_shapes!(
        all,
        "concat",
        [[&[3, 2], &[3, 5]], [&[3, 4], &[3, 8]], [&[2, 1, 3], &[2, 4, 3]], [&[2, 3, 2, 2], &[2, 1, 2, 2]]],
        |g, x| g.concat(x[0], x[1], 1)
    );
    for (rows, n, width) in [(3, 5, 1), (7, 65, 9), (5, 130, 16)] {
        let build = move || {
            let mut graph = Graph::new();
            let table = floats(&mut graph, "table", &[rows, width])?;
            let index = integers(&mut graph, "index", n)?;
            let y = graph.gather(table, index)?;
            graph.output("y", y)?;
            Ok(Built { graph, differentiate: Some((y, vec![table])) })
        };
        all.push(Case { name: format!("gather {rows}×{width}, {n} times"), build: Box::new(build), tolerance: 2e-6 });
        all.push(plain(&format!("gather integers {rows}, {n} times"), move |g| {
            let table = g.resource("labels", TensorType::u32([rows]))?;
            let index = integers(g, "index", n)?;
            let y = g.gather(table, index)?;
            g.output("y", y)
        }));
    }
}

fn images(all: &mut Vec<Case>) {
    at_shapes!(all, "mean of squares", [[&[1, 2, 2, 1]], [&[2, 5, 4, 3]], [&[3, 7, 9, 8]], [&[1, 3, 2, 65]]], |g, x| g.avg_pool2(x[0]));
    at_shapes!(all, "twice the size", [[&[1, 1, 1, 1]], [&[2, 3, 2, 5]], [&[3, 4, 7, 8]], [&[1, 2, 1, 65]]], |g, x| g.upsample2(x[0]));
    at_shapes!(all, "down and up", [[&[1, 3, 5, 2]], [&[2, 5, 2, 4]], [&[1, 9, 6, 3]]], |g, x| {
        let y = g.avg_pool2(x[0])?;
        let y = g.activate(y, Activation::Tanh)?;
        g.upsample2(y)
    });
    for (rows, batch, image) in [(1, 1, [1, 1, 1]), (9, 5, [3, 3, 1]), (4, 67, [5, 2, 3]), (6, 9, [8, 8, 1])] {
        all.push(plain(&format!("pixels of {rows} images {image:?}, {batch} times"), move |g| {
            let data = g.resource("pixels", TensorType::u32([rows * image_words(image)]))?;
            let index = integers(g, "index", batch)?;
            let y = g.gather_pixels(data, index, image)?;
            g.output("y", y)
        }));
    }
}

fn losses(all: &mut Vec<Case>) {
    at_shapes!(all, "mse", [[&[1, 1], &[1, 1]], [&[65, 2], &[65, 2]], [&[5, 3, 67], &[5, 3, 67]]], |g, x| g.mse(x[0], x[1], None));
    for shape in [&[1usize, 1][..], &[65, 2], &[5, 3, 67]] {
        let build = move || {
            let mut graph = Graph::new();
            let (p, q) = (floats(&mut graph, "p", shape)?, floats(&mut graph, "q", shape)?);
            let w = floats(&mut graph, "w", &shape[..1])?;
            let y = graph.mse(p, q, Some(w))?;
            graph.output("y", y)?;
            Ok(Built { graph, differentiate: Some((y, vec![p, q])) })
        };
        all.push(Case { name: format!("weighted mse {shape:?}"), build: Box::new(build), tolerance: 2e-6 });
    }
}

/// Labels are below 7: with fewer classes some count as the last.
fn classifier(all: &mut Vec<Case>) {
    for (batch, classes) in [(1, 1), (65, 3), (7, 10), (5, 130)] {
        let build = move || {
            let mut graph = Graph::new();
            let (logits, labels) = (floats(&mut graph, "logits", &[batch, classes])?, integers(&mut graph, "labels", batch)?);
            // Some logits far from 0, as those of a classifier that is sure.
            let scaled = graph.scale(logits, 8.0)?;
            let y = graph.cross_entropy(scaled, labels)?;
            graph.output("y", y)?;
            Ok(Built { graph, differentiate: Some((y, vec![logits])) })
        };
        all.push(Case { name: format!("cross-entropy {batch}×{classes}"), build: Box::new(build), tolerance: 2e-6 });
    }
}

fn random(all: &mut Vec<Case>) {
    for n in [1, 63, 1001] {
        all.push(plain(&format!("uniform integers {n}"), move |g| {
            let counters = counters(g)?;
            let y = g.uniform_int(counters, 4, n, 1000)?;
            g.output("y", y)
        }));
        for slot in [counter::DATA_COUNT, counter::FROZEN] {
            all.push(plain(&format!("{n} uniform integers below counter {slot}"), move |g| {
                let counters = counters(g)?;
                let y = g.uniform_below(counters, 4, n, slot)?;
                g.output("y", y)
            }));
        }
        for probability in [0.0, 0.1, 1.0] {
            all.push(plain(&format!("{n} labels dropped at {probability}"), move |g| {
                let (labels, counters) = (integers(g, "labels", n)?, counters(g)?);
                let y = g.drop_labels(labels, counters, 6, probability, 10)?;
                g.output("y", y)
            }));
        }
        all.push(plain(&format!("normals {n}"), move |g| {
            let counters = counters(g)?;
            let y = g.normal(counters, 5, [n])?;
            g.output("y", y)
        }));
    }
}

fn process(all: &mut Vec<Case>) {
    for (batch, dim) in [(1, 1), (33, 2), (7, 130)] {
        all.push(plain(&format!("blend {batch}×{dim}"), move |g| {
            let (x, e) = (floats(g, "x", &[batch, dim])?, floats(g, "e", &[batch, dim])?);
            let (t, table) = (integers(g, "t", batch)?, floats(g, "table", &[5, 2])?);
            let y = g.blend(x, e, t, table)?;
            g.output("y", y)
        }));
        reverse_steps(all, batch, dim);
        all.push(plain(&format!("at step, {batch} times"), move |g| {
            let (table, counters) = (floats(g, "times", &[9])?, counters(g)?);
            let y = g.at_step(table, counters, batch)?;
            g.output("y", y)
        }));
    }
    for (batch, dim) in [(1, 2), (37, 6), (65, 64)] {
        all.push(plain(&format!("timestep embedding {batch}×{dim}"), move |g| {
            let counters = counters(g)?;
            let t = g.uniform_int(counters, 4, batch, 4000)?;
            let cos_first = g.timestep_embedding(t, dim, true, 0.0)?;
            let sin_first = g.timestep_embedding(t, dim, false, 0.5)?;
            g.output("cos first", cos_first)?;
            g.output("sin first", sin_first)?;
            // Between two timesteps as well.
            let between = floats(g, "times", &[batch])?;
            let between = g.timestep_embedding(between, dim, true, 0.0)?;
            g.output("between", between)
        }));
    }
    // A difference of angles in f32 of t·f up to 4000 is what PyTorch has, too: 4000 · 2⁻²⁴.
    for case in all.iter_mut().filter(|c| c.name.starts_with("timestep")) {
        case.tolerance = 3e-4;
    }
}

/// A sampler's table for counters at step 3: the row read is the fourth.
fn table(g: &mut Graph, frame: f64, range: f64) -> Result<Tensor> {
    let row = [0.9, -0.3, 0.4, 0.3, -0.2, 0.1, 0.2, 1.1, -0.4, 0.7, 0.2, -0.6, frame, range, 0.8, 0.6];
    let mut rows = vec![[0.0; column::COUNT]; 3];
    rows.extend([row; 2]);
    g.constant([5, column::COUNT], &rows.concat())
}

fn reverse_steps(all: &mut Vec<Case>, batch: usize, dim: usize) {
    // Frames beyond those there are and negative ones keep nothing.
    for (frame, flags) in [(2.0, 0b00000), (-1.0, 0b00001), (3.0, 0b10011), (4.0, 0b00010), (0.0, 0b10110), (1.0, 0b01101), (1.0, 0b00111)]
    {
        let [noise, predicted, history, clean, clip] = [0, 1, 2, 3, 4].map(|bit| flags >> bit & 1 == 1);
        all.push(plain(&format!("linear step {batch}×{dim}, flags {flags:05b}, frame {frame}"), move |g| {
            let (x, m) = (floats(g, "x", &[batch, dim])?, floats(g, "m", &[batch, dim])?);
            let with = Reverse {
                coefficients: table(g, frame, 0.5)?,
                counters: counters(g)?,
                frames: floats(g, "frames", &[4, batch, dim])?,
                noise: if noise { Some(floats(g, "z", &[batch, dim])?) } else { None },
                predicted: if predicted { Some(floats(g, "predicted", &[4, batch, dim])?) } else { None },
                history: if history { Some(floats(g, "history", &[3, batch, dim])?) } else { None },
                clean: if clean { Some(floats(g, "clean", &[batch, dim])?) } else { None },
                clip,
            };
            g.linear_step(x, m, with)?;
            g.next_step(with.counters)
        }));
    }
    for (frame, ratio, range) in [(1.0, 0.995, 4.0), (-1.0, 0.5, 1.2), (4.0, 1.0, 100.0), (0.0, 0.0, 2.0)] {
        all.push(plain(&format!("threshold {batch}×{dim} at {ratio}, range {range}, frame {frame}"), move |g| {
            let (x, m) = (floats(g, "x", &[batch, dim])?, floats(g, "m", &[batch, dim])?);
            // Far enough out that the quantile counts.
            let (x, m) = (g.scale(x, 2.0)?, g.scale(m, 3.0)?);
            let coefficients = table(g, frame, range)?;
            let (counters, frames) = (counters(g)?, floats(g, "frames", &[4, batch, dim])?);
            let predicted = if frame == 0.0 { None } else { Some(floats(g, "predicted", &[4, batch, dim])?) };
            let to = Reverse { coefficients, counters, frames, predicted, noise: None, history: None, clean: None, clip: false };
            let clean = g.threshold(x, m, ratio, to)?;
            g.output("clean", clean)
        }));
    }
    for frame in [2.0, -1.0] {
        all.push(plain(&format!("known parts {batch}×{dim}, frame {frame}"), move |g| {
            let [x, known, mask, z] = ["x", "known", "mask", "z"].map(|name| floats(g, name, &[batch, dim]));
            let coefficients = table(g, frame, 1.0)?;
            let (counters, frames) = (counters(g)?, floats(g, "frames", &[4, batch, dim])?);
            let with = Reverse { coefficients, counters, frames, predicted: None, noise: None, history: None, clean: None, clip: false };
            g.keep_known(x?, [known?, mask?], z?, with)
        }));
    }
    for (guided, gradient, scale) in [(true, false, 2.5), (true, true, 1.0), (false, true, 1.0), (false, false, 3.0)] {
        all.push(plain(&format!("guide {batch}×{dim}, guided {guided} by {scale}, gradient {gradient}"), move |g| {
            let m = floats(g, "m", &[if guided { 2 * batch } else { batch }, dim])?;
            let table = g.constant([4, 2], &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, scale, -0.7])?;
            let gradient = if gradient { Some(floats(g, "gradient", &[batch, dim])?) } else { None };
            let counters = counters(g)?;
            let y = g.guide(m, table, counters, guided, gradient)?;
            g.output("y", y)
        }));
    }
}

fn optimizer(all: &mut Vec<Case>) {
    for n in [3, 65, 5000] {
        all.push(plain(&format!("adamw {n}"), move |g| {
            g.param("w", [n], Init::Zeros)?;
            let grads = g.arena_resource("grad")?;
            let (scalars, losses) = (floats(g, "scalars", &[scalar::LEN])?, floats(g, "losses", &[8])?);
            let run = RunState { counters: counters(g)?, scalars, losses };
            let loss = floats(g, "loss", &[1])?;
            let partials = g.square_sums(grads)?;
            g.output("partials", partials)?;
            g.finish_step(partials, loss, run)?;
            g.adamw(run)
        }));
    }
}
