//! Training and sampling runs: configuration, programs, trainer, sampler, checkpoints.

pub mod analysis;
pub mod bench;
mod checkpoint;
mod config;
mod folder;
mod images;
mod memory;
mod programs;
mod sampler;
mod snapshot;
mod tensors;
mod trainer;

pub use config::{Config, LrSchedule, OptimizerConfig, SampleOptions, WeightsChoice};
pub use folder::{FILES, Folder};
pub use images::{ClassConditioning, ImageConfig, ImageDataset, Preset};
pub use memory::MemoryPlan;
pub use sampler::{SampleRun, Sampler};
pub use snapshot::Snapshot;
pub use trainer::{Progress, Trainer};
