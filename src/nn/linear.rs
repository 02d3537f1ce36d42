//! Fully connected layer, named and initialised as `torch.nn.Linear`.

use crate::Result;
use crate::graph::{Graph, Init, Tensor};

/// `x · W + b` with `x […, inputs]`: parameters `<name>.weight` and `<name>.bias`, uniform in `±1/√inputs` as PyTorch's default.
pub fn linear(g: &mut Graph, name: &str, x: Tensor, inputs: usize, outputs: usize) -> Result<Tensor> {
    let bound = Init::Uniform(1.0 / (inputs as f64).sqrt());
    g.scoped(name, |g| {
        let weight = g.linear_weight("weight", inputs, outputs, bound)?;
        let bias = g.param("bias", [outputs], bound)?;
        g.matmul_bias(x, weight, bias)
    })
}

/// Several such layers over one `x`, as one product: `[…, n · outputs]`, one layer's results after the other's. Each of the `names`
/// has parameters of its own.
pub fn linears(g: &mut Graph, names: &[&str], x: Tensor, inputs: usize, outputs: usize) -> Result<Tensor> {
    let [weight, bias] = g.linears_side_by_side(names, inputs, outputs, Init::Uniform(1.0 / (inputs as f64).sqrt()))?;
    g.matmul_bias(x, weight, bias)
}
