//! Between JavaScript's values and Rust's.

use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;

use crate::{Error, Result};

/// A plain object: maps as objects, missing values as `null`.
pub(super) fn to_js(value: &impl Serialize) -> JsValue {
    let serializer = serde_wasm_bindgen::Serializer::json_compatible();
    // Only maps with keys that are no strings can fail, and these types have none.
    value.serialize(&serializer).unwrap_or(JsValue::NULL)
}

/// A Rust value from a plain object; fields left out take their defaults.
///
/// # Errors
/// [`Error::Config`] with the path of the field that has the wrong type, below `prefix`.
pub(super) fn from_js<T: DeserializeOwned>(value: JsValue, prefix: &str) -> Result<T> {
    serde_wasm_bindgen::from_value(value.clone()).map_err(|error| {
        let (path, message) = culprit::<T>(&value, &[]).unwrap_or_else(|| (Vec::new(), error.to_string()));
        let parts: Vec<&str> = [prefix].into_iter().filter(|p| !p.is_empty()).chain(path.iter().map(String::as_str)).collect();
        Error::config(parts.join("."), message)
    })
}

/// The deepest field that `T` refuses even alone: all fields are optional, so an object of one field shows whether it is good.
fn culprit<T: DeserializeOwned>(object: &JsValue, path: &[String]) -> Option<(Vec<String>, String)> {
    for entry in js_sys::Object::entries(object.dyn_ref()?).iter() {
        let entry: js_sys::Array = entry.dyn_into().ok()?;
        let (key, value) = (entry.get(0).as_string()?, entry.get(1));
        let path: Vec<String> = path.iter().cloned().chain([key]).collect();
        let alone = path.iter().rev().fold(value.clone(), |inner, key| {
            let object = js_sys::Object::new();
            // Setting a property of a fresh object cannot fail.
            let _ = js_sys::Reflect::set(&object, &key.into(), &inner);
            object.into()
        });
        if let Err(error) = serde_wasm_bindgen::from_value::<T>(alone) {
            return culprit::<T>(&value, &path).or_else(|| Some((path, error.to_string())));
        }
    }
    None
}

/// A JavaScript `Error` with `kind`, and `field` where there is one.
pub(super) fn to_error(error: &Error) -> JsValue {
    let (kind, field) = match error {
        Error::Config { field, .. } => ("config", Some(field)),
        Error::Checkpoint { field, .. } => ("checkpoint", Some(field)),
        Error::Data { part, .. } => ("data", Some(part)),
        Error::Shape { .. } => ("shape", None),
        Error::Derivative(_) => ("derivative", None),
        Error::NoAdapter(_) => ("no_adapter", None),
        Error::Limit { .. } => ("limit", None),
        Error::Shader { .. } => ("shader", None),
        Error::DeviceLost(_) => ("device_lost", None),
        Error::Gpu(_) => ("gpu", None),
    };
    let message = match error {
        // The page puts the message beside the control: the path would only repeat it.
        Error::Config { message, .. } => message.clone(),
        other => other.to_string(),
    };
    let js = js_sys::Error::new(&message);
    js.set_name("UnnoiseError");
    let set = |key: &str, value: &str| {
        // Setting a property of a fresh Error cannot fail.
        let _ = js_sys::Reflect::set(&js, &key.into(), &value.into());
    };
    set("kind", kind);
    if let Some(field) = field {
        set("field", field);
    }
    js.into()
}
