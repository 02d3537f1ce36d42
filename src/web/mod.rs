//! What the page and an npm user call: the only room that knows wasm-bindgen.

pub mod schedules;
pub mod types;

#[cfg(target_arch = "wasm32")]
mod analysis;
#[cfg(all(target_arch = "wasm32", feature = "bench"))]
mod bench;
#[cfg(target_arch = "wasm32")]
mod convert;
#[cfg(target_arch = "wasm32")]
mod device;
#[cfg(target_arch = "wasm32")]
mod engine;
#[cfg(target_arch = "wasm32")]
mod machine;
pub mod pace;
#[cfg(all(target_arch = "wasm32", feature = "bench"))]
mod race;
#[cfg(target_arch = "wasm32")]
mod sample;
#[cfg(target_arch = "wasm32")]
mod shared;
#[cfg(target_arch = "wasm32")]
mod slot;
#[cfg(target_arch = "wasm32")]
mod state;
#[cfg(target_arch = "wasm32")]
mod tune;

#[cfg(all(target_arch = "wasm32", feature = "bench"))]
pub use bench::bench;
#[cfg(target_arch = "wasm32")]
pub use engine::{Engine, check_config, check_sample_options, default_config, default_sample_options, memory_plan, preset_config};
#[cfg(target_arch = "wasm32")]
pub use machine::Machine;
#[cfg(all(target_arch = "wasm32", feature = "bench"))]
pub use race::Race;
#[cfg(target_arch = "wasm32")]
pub use sample::Sample;
#[cfg(target_arch = "wasm32")]
pub use schedules::{read_scheduler, sampler_table, schedule_table, write_scheduler};
