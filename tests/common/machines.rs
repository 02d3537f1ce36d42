//! The machines that tests run on. With `UNNOISE_VARIANT` the GPU is tuned as a real one is (`gpu`), or has that variant of its
//! kernels forced (`registers8` …): `./build.sh test variants` runs what compares and repeats with each in turn.
#![allow(dead_code, reason = "each test binary uses its share")]

use pollster::block_on;
use unnoise::cpu::CpuBackend;
use unnoise::gpu::{Gpu, GpuBackend};
use unnoise::graph::{Tuning, Variant};
use unnoise::plan::Backend;

/// The GPU backend. No adapter is a failure, never a skip.
pub fn gpu() -> GpuBackend {
    let gpu = block_on(Gpu::request()).expect("a Vulkan adapter; in software: apt-get install mesa-vulkan-drivers");
    let mut backend = GpuBackend::new(gpu);
    match std::env::var("UNNOISE_VARIANT").as_deref() {
        Err(_) => {}
        Ok("gpu") => backend.set_tuning(Tuning::GPU),
        Ok(name) => {
            let variant = serde_json::from_value::<Variant>(name.into()).unwrap_or_else(|e| panic!("UNNOISE_VARIANT: {e}, or gpu"));
            backend.set_tuning(Tuning::GPU.forcing(variant));
        }
    }
    backend
}

/// The GPU backend and the CPU's.
pub fn backends() -> Vec<Box<dyn Backend>> {
    vec![Box::new(gpu()), Box::new(CpuBackend::<f32>::new())]
}
