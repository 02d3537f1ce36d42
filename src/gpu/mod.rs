//! The only room that knows wgpu: device, shader composer, pipelines, executor, readback, profiler.

mod device;
mod executor;
mod memory;
mod pipelines;
mod profile;
mod readback;
mod shader;

pub use device::Gpu;
pub use executor::GpuBackend;
pub use shader::{Composed, Declared, compose, kernel_stems};
