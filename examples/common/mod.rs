//! What the examples share.
#![allow(dead_code, reason = "each example uses its share")]

use std::error::Error;

use pollster::block_on;
use serde::Serialize;
use serde::de::DeserializeOwned;
use unnoise::cpu::CpuBackend;
use unnoise::gpu::{Gpu, GpuBackend};
use unnoise::plan::{Backend, DeviceKind};

/// A value by its name in configurations.
pub fn named<T: DeserializeOwned>(option: &str, name: &str) -> Result<T, String> {
    serde_json::from_value(serde_json::Value::String(name.into())).map_err(|e| format!("{option}: {e}"))
}

/// The name of such a value.
pub fn name_of(value: &impl Serialize) -> Result<String, String> {
    let text = serde_json::to_string(value).map_err(|e| e.to_string())?;
    Ok(text.trim_matches('"').to_string())
}

/// The backend called `gpu`, `cpu` or `auto`: a GPU if there is one, else the CPU, which is quicker than a GPU in software.
pub fn backend(name: &str) -> Result<Box<dyn Backend>, Box<dyn Error>> {
    let gpu = || block_on(Gpu::request()).map(GpuBackend::new);
    Ok(match name {
        "cpu" => Box::new(CpuBackend::<f32>::new()),
        "gpu" => Box::new(gpu()?),
        "auto" => match gpu() {
            Ok(gpu) if gpu.info().kind == DeviceKind::Gpu => Box::new(gpu),
            _ => Box::new(CpuBackend::<f32>::new()),
        },
        other => return Err(format!("--backend: “{other}” is unknown: choose gpu, cpu or auto").into()),
    })
}
