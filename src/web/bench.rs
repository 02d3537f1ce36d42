//! The measurements of `bench.html`.

use serde::Serialize;
use wasm_bindgen::prelude::*;

use super::convert::{to_error, to_js};
use super::device::request;
use crate::cpu::CpuBackend;
use crate::plan::Backend;
use crate::train::bench::{Measurement, PRODUCTS, models, product, training};
use crate::{Error, Result};

/// What `bench.html` prints.
#[derive(Serialize)]
struct Report {
    adapter: String,
    measurements: Vec<Measurement>,
}

/// Speed of training and of the matrix product on `webgpu` or `cpu`: `{ adapter, measurements }`.
#[wasm_bindgen]
pub async fn bench(backend: String) -> std::result::Result<JsValue, JsValue> {
    let run = async || -> Result<Report> {
        let mut backend: Box<dyn Backend> = match backend.as_str() {
            "cpu" => Box::new(CpuBackend::<f32>::new()),
            "webgpu" => Box::new(request().await?),
            other => return Err(Error::config("backend", format!("“{other}” is unknown: choose webgpu or cpu"))),
        };
        let mut measurements = Vec::new();
        for config in models() {
            measurements.push(training(backend.as_mut(), &config).await?);
        }
        for size in PRODUCTS {
            measurements.push(product(backend.as_mut(), size).await?);
        }
        let adapter = backend.info().name.clone();
        backend.destroy();
        Ok(Report { adapter, measurements })
    };
    run().await.map(|report| to_js(&report)).map_err(|e| to_error(&e))
}
