//! Mean squared error with a weight per sample: `loss = 1/(B·D) Σ_b w_b Σ_d (p_bd - q_bd)²`.

use super::{WORKGROUP, expected, no_derivative, reduce::push_reduce};
use crate::Result;
use crate::graph::{DType, Graph, Kernel, Lowering, Op, Tensor, TensorType};

/// Inputs `prediction [B, …]`, `target` of the same shape and, if there are any, `weights [B]`; output `[1]`.
#[derive(Debug)]
struct Mse;

/// `dprediction = 2/(B·D) w_b (p - q) · dloss`; inputs `dloss [1]`, prediction, target, weights.
#[derive(Debug)]
struct MseGrad;

impl Graph {
    /// Mean squared error of `prediction` against `target`, both `[B, …]`; `weights [B]` scale each sample's share.
    pub fn mse(&mut self, prediction: Tensor, target: Tensor, weights: Option<Tensor>) -> Result<Tensor> {
        let inputs: Vec<Tensor> = [prediction, target].into_iter().chain(weights).collect();
        self.apply(Mse, &inputs)
    }
}

fn check(inputs: &[&TensorType]) -> std::result::Result<(), String> {
    match inputs {
        [p, q, rest @ ..]
            if p == q
                && p.dtype == DType::F32
                && p.shape.rank() >= 1
                && rest.iter().all(|w| w.dtype == DType::F32 && *w.shape == p.shape[..1]) =>
        {
            Ok(())
        }
        _ => Err(expected("prediction and target [B, …] of one shape, and weights [B] if any", inputs)),
    }
}

impl Op for Mse {
    fn name(&self) -> &'static str {
        "mse"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        check(inputs).map(|()| TensorType::f32([1]))
    }

    fn grad(&self, g: &mut Graph, inputs: &[Tensor], _y: Tensor, dy: Tensor, needed: &[bool]) -> Result<Vec<Option<Tensor>>> {
        if needed.get(2) == Some(&true) {
            return Err(crate::Error::Derivative("mse has none with respect to its weights".into()));
        }
        let mut with_dy = vec![dy];
        with_dy.extend_from_slice(inputs);
        let dp = g.apply(MseGrad, &with_dy)?;
        let dq = if needed[1] { Some(g.scale(dp, -1.0)?) } else { None };
        let mut grads = vec![needed[0].then_some(dp), dq];
        grads.resize(inputs.len(), None);
        Ok(grads)
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let batch = l.input_type(0).shape[0];
        let dim = l.input(0).len / batch;
        let per_sample = l.scratch(batch, DType::F32);
        // A group of 64 threads takes as many samples as their length leaves idle threads for.
        let lanes = dim.next_power_of_two().min(WORKGROUP);
        let kernel = Kernel::new("mse")
            .constant("LANES", lanes)
            .param("batch", batch)
            .param("dim", dim)
            .read("prediction", l.input(0))
            .read("target_value", l.input(1))
            .read_if("WEIGHTS", "weights", l.optional(2))
            .write("loss", per_sample);
        l.push(kernel.operations(3 * batch * dim).groups(batch.div_ceil(WORKGROUP / lanes)));
        push_reduce(l, per_sample, l.output(), (1, batch, 1), 1.0 / batch as f64);
    }
}

impl Op for MseGrad {
    fn name(&self) -> &'static str {
        "mse_grad"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        check(&inputs[1..]).map(|()| inputs[1].clone())
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let n = l.output().len;
        let dim = n / l.output_type().shape[0];
        let kernel = Kernel::new("mse_grad")
            .param("n", n)
            .param("dim", dim)
            .param("factor", 2.0 / n as f64)
            .read("dloss", l.input(0))
            .read("prediction", l.input(1))
            .read("target_value", l.input(2))
            .read_if("WEIGHTS", "weights", l.optional(3))
            .write("dprediction", l.output());
        l.push(kernel.operations(3 * n).threads(n, WORKGROUP));
    }
}
