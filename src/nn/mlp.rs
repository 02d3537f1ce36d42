//! The networks of 2D points: a multilayer perceptron on the point beside its time embedding, as denoiser and as classifier.

use serde::{Deserialize, Serialize};

use super::{embedding, linear};
use crate::graph::{Activation, Graph, Tensor};
use crate::{Error, Result};

/// Shape of the MLP denoiser.
///
/// `ε_θ(x, t) = out(f(… f(hidden.0([emb(t), x])) …))`, with the sinusoidal embedding `emb` of width `time_embedding` and
/// `hidden_layers` layers of `width`. A model that is told classes adds a learned vector per class, `class_embedding`, to `emb`. In PyTorch's terms: `net.0`, `net.2`, … of an `nn.Sequential` of `Linear` and activation.
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
    /// Whether the model is told the point's class.
    pub class_conditioning: bool,
    /// Share of labels that training replaces by "no class", so that sampling can be guided (2207.12598).
    pub label_dropout: f64,
}

impl Default for MlpConfig {
    fn default() -> Self {
        MlpConfig {
            width: 128,
            hidden_layers: 3,
            activation: Activation::Silu,
            time_embedding: 64,
            class_conditioning: false,
            label_dropout: 0.1,
        }
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
        if !(0.0..=0.9).contains(&self.label_dropout) {
            let message = format!("{} is out of range: choose a share from 0 to 0.9; 0.1 is usual", self.label_dropout);
            return Err(Error::config("model.label_dropout", message));
        }
        Ok(())
    }

    /// Appends the denoiser: an output `[B, D]` for `x [B, D]` at timesteps `t [B]`; with `classes` as labels `[B]` and the number of
    /// rows in the table of classes.
    pub fn build(&self, g: &mut Graph, x: Tensor, t: Tensor, classes: Option<(Tensor, usize)>) -> Result<Tensor> {
        let outputs = g.shape(x)[1];
        self.network(g, x, t, classes, outputs)
    }

    /// Appends a classifier of the same shape: logits `[B, classes]` for noised points `x [B, D]` at timesteps `t [B]`.
    pub fn logits(&self, g: &mut Graph, x: Tensor, t: Tensor, classes: usize) -> Result<Tensor> {
        self.network(g, x, t, None, classes)
    }

    fn network(&self, g: &mut Graph, x: Tensor, t: Tensor, classes: Option<(Tensor, usize)>, outputs: usize) -> Result<Tensor> {
        let dim = g.shape(x)[1];
        let mut time = g.timestep_embedding(t, self.time_embedding, true, 0.0)?;
        if let Some((labels, rows)) = classes {
            let class = embedding(g, "class_embedding", labels, rows, self.time_embedding)?;
            time = g.add(time, class)?;
        }
        let mut h = g.concat(time, x, 1)?;
        let mut inputs = self.time_embedding + dim;
        for layer in 0..self.hidden_layers {
            let z = linear(g, &format!("net.{}", 2 * layer), h, inputs, self.width)?;
            h = g.activate(z, self.activation)?;
            inputs = self.width;
        }
        linear(g, &format!("net.{}", 2 * self.hidden_layers), h, inputs, outputs)
    }
}
