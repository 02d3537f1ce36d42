//! Finding a GPU in a browser, and finding out what it is.

use wasm_bindgen::JsValue;

use crate::gpu::{Gpu, GpuBackend};
use crate::plan::{DeviceInfo, DeviceKind};
use crate::{Error, Result};

/// Words by which software adapters name themselves.
const SOFTWARE: [&str; 5] = ["swiftshader", "llvmpipe", "lavapipe", "basic render", "software"];

/// Whether this scope (a window's or a worker's) has WebGPU at all.
pub(super) fn has_webgpu() -> bool {
    let navigator = get(&js_sys::global(), "navigator");
    let gpu = get(&navigator, "gpu");
    !gpu.is_undefined() && !gpu.is_null()
}

/// A property; undefined if there is none or it cannot be read.
fn get(object: &JsValue, key: &str) -> JsValue {
    js_sys::Reflect::get(object, &key.into()).unwrap_or(JsValue::UNDEFINED)
}

/// A backend on the browser's GPU.
///
/// # Errors
/// [`Error::NoAdapter`], also where the browser has no WebGPU.
pub(super) async fn request() -> Result<GpuBackend> {
    if !has_webgpu() {
        return Err(Error::NoAdapter("this browser has no WebGPU".into()));
    }
    let mut gpu = Gpu::request().await?;
    let info = describe(&gpu);
    gpu.describe(info);
    Ok(GpuBackend::new(gpu))
}

/// What the browser tells of the adapter beyond what wgpu reads.
fn describe(gpu: &Gpu) -> DeviceInfo {
    let Some(device) = gpu.device().as_webgpu() else { return gpu.info().clone() };
    let about = get(device.as_ref(), "adapterInfo");
    let text = |key: &str| get(&about, key).as_string().filter(|s| !s.is_empty());
    let parts: Vec<String> = ["vendor", "architecture"].into_iter().filter_map(text).collect();
    let name = text("description").or_else(|| (!parts.is_empty()).then(|| parts.join(" "))).unwrap_or_else(|| gpu.info().name.clone());
    let said = format!("{name} {}", parts.join(" ")).to_ascii_lowercase();
    let fallback = get(&about, "isFallbackAdapter").as_bool() == Some(true);
    let software = fallback || gpu.info().kind == DeviceKind::SoftwareGpu || SOFTWARE.iter().any(|word| said.contains(word));
    DeviceInfo { kind: if software { DeviceKind::SoftwareGpu } else { DeviceKind::Gpu }, name }
}
