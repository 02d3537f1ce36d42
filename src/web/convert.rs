//! Between JavaScript's values and Rust's, by way of JSON: one reader and one writer for all types.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use wasm_bindgen::prelude::*;

use crate::{Error, Result};

/// A plain object; missing values, and numbers that are not finite, are `null`.
pub(super) fn to_js(value: &impl Serialize) -> JsValue {
    // Only maps with keys that are no strings can fail, and these types have none; what was written as JSON parses.
    let text = serde_json::to_value(value).unwrap_or_default().to_string();
    js_sys::JSON::parse(&text).unwrap_or(JsValue::NULL)
}

/// A Rust value from a plain object; fields left out take their defaults.
///
/// # Errors
/// [`Error::Config`] with the path of the field that has the wrong type, below `prefix`.
pub(super) fn from_js<T: DeserializeOwned>(value: JsValue, prefix: &str) -> Result<T> {
    let text = js_sys::JSON::stringify(&value).ok().and_then(|text| text.as_string());
    let value: Value = text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let error = match serde_json::from_value::<T>(value.clone()) {
        Ok(read) => return Ok(read),
        Err(error) => error,
    };
    let (path, message) = culprit::<T>(&value, &[]).unwrap_or_else(|| (Vec::new(), error.to_string()));
    let parts: Vec<&str> = [prefix].into_iter().filter(|p| !p.is_empty()).chain(path.iter().map(String::as_str)).collect();
    Err(Error::config(parts.join("."), message))
}

/// The deepest field that `T` refuses even alone: all fields are optional, so an object of one field shows whether it is good.
fn culprit<T: DeserializeOwned>(object: &Value, path: &[String]) -> Option<(Vec<String>, String)> {
    for (key, value) in object.as_object()? {
        let path: Vec<String> = path.iter().cloned().chain([key.clone()]).collect();
        let alone = path.iter().rev().fold(value.clone(), |inner, key| Value::Object(Map::from_iter([(key.clone(), inner)])));
        if let Err(error) = serde_json::from_value::<T>(alone) {
            return culprit::<T>(value, &path).or_else(|| Some((path, error.to_string())));
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
