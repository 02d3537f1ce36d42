//! Unnoise trains small diffusion models on the visitor's own GPU and samples them while they learn.
//!
//! Rooms, and who may know whom: `web → train → {nn, diffusion, data} → graph`; `train → plan → graph`; `gpu` and `cpu`
//! implement what `plan` asks for. `docs/architecture.md` follows one training step through them.

pub mod cpu;
pub mod data;
pub mod diffusion;
mod error;
pub mod gpu;
pub mod graph;
pub mod nn;
pub mod plan;
pub mod threefry;
pub mod train;
pub mod web;

pub use error::{Error, Result};
