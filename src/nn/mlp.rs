//! The denoiser of 2D points: a multilayer perceptron on the point beside its time embedding.

use serde::{Deserialize, Serialize};

use super::linear;
use crate::graph::{Activation, Graph, Tensor};
use crate::{Error, Result};

/// Shape of the MLP denoiser.
///
/// `ε_θ(x, t) = out(f(… f(hidden.0([emb(t), x])) …))`, with the sinusoidal embedding `emb` of width `time_embedding` and
/// `hidden_layers` layers of `width`. In PyTorch's terms: `net.0`, `net.2`, … of an `nn.Sequential` of `Linear` and activation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct MlpConfig {
    /// Units of a hidden layer.
    pub width: usize,
    /// Number of hidden layers.
    pub hidden_layers: usize,
    /// Non-linearity after each hidden layer.
    pub activation: Activation,
    /// Width of the time embedding; even.
    pub time_embedding: usize,
}

impl Default for MlpConfig {
    fn default() -> Self {
        MlpConfig { width: 128, hidden_layers: 3, activation: Activation::Silu, time_embedding: 64 }
    }
}

impl MlpConfig {
    /// Checks every field.
    ///
    /// # Errors
    /// [`Error::Config`] naming the field (`model.…`) and its range.
    pub fn validate(&self) -> Result<()> {
        let range = |field: &str, value: usize, low: usize, high: usize| {
            if (low..=high).contains(&value) {
                return Ok(());
            }
            Err(Error::config(format!("model.{field}"), format!("{value} is out of range: choose {low} to {high}")))
        };
        range("width", self.width, 1, 2048)?;
        range("hidden_layers", self.hidden_layers, 1, 16)?;
        range("time_embedding", self.time_embedding, 2, 1024)?;
        if !self.time_embedding.is_multiple_of(2) {
            let message = format!("{} is odd: half of the embedding are sines, half cosines, so choose an even width", self.time_embedding);
            return Err(Error::config("model.time_embedding", message));
        }
        Ok(())
    }

    /// Appends the network: predicted noise `[B, D]` for `x [B, D]` at timesteps `t [B]`.
    pub fn build(&self, g: &mut Graph, x: Tensor, t: Tensor) -> Result<Tensor> {
        let dim = g.shape(x)[1];
        let embedding = g.timestep_embedding(t, self.time_embedding, true, 0.0)?;
        let mut h = g.concat(embedding, x, 1)?;
        let mut inputs = self.time_embedding + dim;
        for layer in 0..self.hidden_layers {
            let z = linear(g, &format!("net.{}", 2 * layer), h, inputs, self.width)?;
            h = g.activate(z, self.activation)?;
            inputs = self.width;
        }
        linear(g, &format!("net.{}", 2 * self.hidden_layers), h, inputs, dim)
    }
}
