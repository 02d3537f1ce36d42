//! Layers and models as functions on the graph, with parameter names as in PyTorch.

mod linear;
mod mlp;

pub use linear::linear;
pub use mlp::MlpConfig;
