//! Layers and models as functions on the graph, with parameter names as in PyTorch.

mod classifier;
mod conv;
mod linear;
mod mlp;
mod unet;

pub use classifier::image_logits;
pub use conv::{Norm, conv2d, embedding, group_norm, pointwise_of_two};
pub use linear::{linear, linears};
pub use mlp::MlpConfig;
pub use unet::{ClassEmbedType, DownBlockType, ResampleType, TimeScaleShift, UnetConfig, UpBlockType};
