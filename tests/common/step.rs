//! The last part of a training step on given inputs, alike for every model that is compared with PyTorch.
#![allow(dead_code, reason = "each test uses its share")]

use unnoise::Result;
use unnoise::graph::ops::optimizer::RunState;
use unnoise::graph::ops::state::{counter, scalar};
use unnoise::graph::{Graph, Tensor, TensorType};

/// Losses kept on the device: no comparison takes as many steps.
const LOSSES: usize = 1024;

/// Differentiates `loss` by all parameters and updates them: the arenas `param`, `grad`, `m`, `v` and `ema`, and the state in
/// `counters`, `scalars` and `losses`.
pub fn optimise(g: &mut Graph, loss: Tensor) -> Result<()> {
    let grads = g.grad_into_arena(loss)?;
    let partials = g.square_sums(grads)?;
    let counters = g.resource("counters", TensorType::u32([counter::LEN]))?;
    let scalars = g.resource("scalars", TensorType::f32([scalar::LEN]))?;
    let losses = g.resource("losses", TensorType::f32([LOSSES]))?;
    let run = RunState { counters, scalars, losses };
    g.finish_step(partials, loss, run)?;
    g.adamw(run)
}

/// `‖got - want‖ / ‖want‖`.
pub fn relative(got: &[f32], want: &[f32]) -> f64 {
    assert_eq!(got.len(), want.len());
    let square = |v: f32| f64::from(v) * f64::from(v);
    let difference: f64 = got.iter().zip(want).map(|(g, w)| square(g - w)).sum();
    (difference / want.iter().map(|w| square(*w)).sum::<f64>()).sqrt()
}
