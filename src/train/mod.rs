//! Training and sampling runs: configuration, programs, trainer, sampler, checkpoints.

pub mod analysis;
pub mod bench;
mod checkpoint;
mod config;
mod cost;
mod folder;
mod images;
mod inputs;
mod judge;
mod memory;
mod options;
mod programs;
pub mod race;
mod reverse;
mod sampler;
mod snapshot;
mod tables;
mod tensors;
mod trainer;
mod tune;

pub use config::{Classes, Config, Goal, LrSchedule, OptimizerConfig};
pub use cost::{sampling_cost, step_cost};
pub use folder::{FILES, Folder};
pub use images::{ClassConditioning, ImageConfig, ImageDataset, Preset};
pub use inputs::{SampleInputs, initial_noise};
pub use judge::{Judge, NoisedBatch};
pub use memory::MemoryPlan;
pub use options::{SampleOptions, SpacingChoice, WeightsChoice};
pub use sampler::{SampleRun, Sampler};
pub use snapshot::Snapshot;
pub use trainer::{Progress, Trainer};
pub use tune::{Choices, ENGINE, Tuned, Tuner, TuningRecords, add_choices};
