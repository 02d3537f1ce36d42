//! The measurements of `bench.html`.

use wasm_bindgen::prelude::*;

use super::convert::{to_error, to_js};
use super::device::request;
use crate::cpu::CpuBackend;
use crate::plan::Backend;
use crate::train::bench::{Depth, Event, cases, suite};
use crate::{Error, Result};

/// Measures on `webgpu` or `cpu`: `quick`, `standard` or `full`, and only cases whose name contains `only`. `report` is told each
/// [`crate::train::bench::Event`].
#[wasm_bindgen]
pub async fn bench(backend: String, depth: String, only: String, report: js_sys::Function) -> std::result::Result<(), JsValue> {
    let run = async || -> Result<()> {
        let unknown = |name: &str, given: &str, choices: &str| Error::config(name, format!("“{given}” is unknown: choose {choices}"));
        let depth = Depth::named(&depth).ok_or_else(|| unknown("depth", &depth, "quick, standard or full"))?;
        let mut backend: Box<dyn Backend> = match backend.as_str() {
            "cpu" => Box::new(CpuBackend::<f32>::new()),
            "webgpu" => Box::new(request().await?),
            other => return Err(unknown("backend", other, "webgpu or cpu")),
        };
        let mut cases = cases(depth, backend.info().kind);
        cases.retain(|case| case.name.contains(&only));
        let mut tell = |event: &Event| {
            // Whoever does not listen well is no reason to stop.
            let _ = report.call1(&JsValue::NULL, &to_js(event));
        };
        let measured = suite(backend.as_mut(), &cases, depth, &mut tell).await;
        backend.destroy();
        measured.map(|_| ())
    };
    run().await.map_err(|e| to_error(&e))
}
