//! This engine's side of the races of `bench.html`.

use js_sys::{Array, Float32Array, Object, Reflect, Uint32Array};
use serde_json::Value;
use wasm_bindgen::prelude::*;

use super::convert::{to_error, to_js};
use super::device::request;
use crate::cpu::CpuBackend;
use crate::plan::Backend;
use crate::train::race::{self, RaceCase, RaceModel, RaceTensor};
use crate::{Error, Result};

/// A model of this engine, ready to race. See `RaceEngine` in `www/src/bench/peers/api.ts`.
#[wasm_bindgen]
pub struct Race {
    backend: Box<dyn Backend>,
    race: race::Race,
}

#[wasm_bindgen]
impl Race {
    /// `model` (mlp, tiny, small or course) at a batch size, on `webgpu` or `cpu`.
    pub async fn create(model: String, batch: usize, backend: String) -> std::result::Result<Race, JsValue> {
        let make = async || -> Result<Race> {
            let known = serde_json::from_value::<RaceModel>(Value::String(model.clone()));
            let model = known.map_err(|_| Error::config("model", format!("“{model}” is unknown: choose mlp, tiny, small or course")))?;
            let mut backend: Box<dyn Backend> = match backend.as_str() {
                "cpu" => Box::new(CpuBackend::<f32>::new()),
                "webgpu" => Box::new(request().await?),
                other => return Err(Error::config("backend", format!("“{other}” is unknown: choose webgpu or cpu"))),
            };
            let race = race::Race::new(backend.as_mut(), model, batch).await?;
            Ok(Race { backend, race })
        };
        make().await.map_err(|e| to_error(&e))
    }

    /// Who does the work.
    pub fn adapter(&self) -> String {
        self.backend.info().name.clone()
    }

    /// Weights and inputs, and what this engine makes of them.
    pub async fn case(&mut self) -> std::result::Result<JsValue, JsValue> {
        self.race.case(self.backend.as_mut()).await.map(|case| case_to_js(&case)).map_err(|e| to_error(&e))
    }

    /// Milliseconds per training step, over `times`.
    pub async fn train(&mut self, times: usize) -> std::result::Result<f64, JsValue> {
        self.race.train(self.backend.as_mut(), times).await.map_err(|e| to_error(&e))
    }

    /// Milliseconds per forward pass, over `times`.
    pub async fn forward(&mut self, times: usize) -> std::result::Result<f64, JsValue> {
        self.race.forward(self.backend.as_mut(), times).await.map_err(|e| to_error(&e))
    }

    /// Ends the device.
    pub fn destroy(&mut self) {
        self.backend.destroy();
    }
}

fn set(object: &Object, key: &str, value: impl Into<JsValue>) {
    // Setting a property of a fresh object cannot fail.
    let _ = Reflect::set(object, &key.into(), &value.into());
}

fn tensors_to_js(tensors: &[RaceTensor]) -> Array {
    let tensor = |t: &RaceTensor| {
        let object = Object::new();
        set(&object, "name", t.name.as_str());
        set(&object, "shape", to_js(&t.shape));
        set(&object, "values", Float32Array::from(&t.values[..]));
        object
    };
    tensors.iter().map(tensor).collect()
}

fn case_to_js(case: &RaceCase) -> JsValue {
    let object = Object::new();
    set(&object, "config", to_js(&case.config));
    set(&object, "params", tensors_to_js(&case.params));
    set(&object, "updated", tensors_to_js(&case.updated));
    for (key, values) in [("x", &case.x), ("noise", &case.noise), ("output", &case.output)] {
        set(&object, key, Float32Array::from(&values[..]));
    }
    for (key, values) in [("t", &case.t), ("labels", &case.labels)] {
        set(&object, key, Uint32Array::from(&values[..]));
    }
    set(&object, "loss", case.loss);
    object.into()
}
