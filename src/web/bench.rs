//! The measurements of `bench.html`.

use serde::Deserialize;
use wasm_bindgen::prelude::*;

use super::convert::{from_js, to_error, to_js};
use super::device::request;
use crate::cpu::CpuBackend;
use crate::plan::Backend;
use crate::train::bench::{Depth, cases, suite};
use crate::{Error, Result};

/// What is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wish {
    depth: Depth,
    /// Part of the names of the cases wanted; all if empty.
    only: String,
}

/// Measures on `webgpu` or `cpu`: `wish` is `{ depth, only }`. `report` is told each [`crate::train::bench::Event`]; the result is a
/// [`crate::train::bench::Report`].
#[wasm_bindgen]
pub async fn bench(backend: String, wish: JsValue, report: js_sys::Function) -> std::result::Result<JsValue, JsValue> {
    let run = async || -> Result<JsValue> {
        let wish: Wish = from_js(wish.clone(), "bench")?;
        let mut backend: Box<dyn Backend> = match backend.as_str() {
            "cpu" => Box::new(CpuBackend::<f32>::new()),
            "webgpu" => Box::new(request().await?),
            other => return Err(Error::config("backend", format!("“{other}” is unknown: choose webgpu or cpu"))),
        };
        let mut cases = cases(wish.depth, backend.info().kind);
        cases.retain(|case| case.name.contains(&wish.only));
        let measured = suite(backend.as_mut(), &cases, wish.depth, |event| {
            // Whoever does not listen well is no reason to stop.
            let _ = report.call1(&JsValue::NULL, &to_js(event));
        });
        let measured = measured.await;
        backend.destroy();
        measured.map(|report| to_js(&report))
    };
    run().await.map_err(|e| to_error(&e))
}
