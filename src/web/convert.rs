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
    let deserializer = serde_wasm_bindgen::Deserializer::from(value);
    serde_path_to_error::deserialize(deserializer).map_err(|e| {
        let path = e.path().to_string();
        let field = match (prefix, path.as_str()) {
            ("", path) => path.to_string(),
            (prefix, ".") => prefix.to_string(),
            (prefix, path) => format!("{prefix}.{path}"),
        };
        Error::config(field, e.inner().to_string())
    })
}

/// A JavaScript `Error` with `kind`, and `field` where there is one.
pub(super) fn to_error(error: &Error) -> JsValue {
    let (kind, field) = match error {
        Error::Config { field, .. } => ("config", Some(field)),
        Error::Checkpoint { field, .. } => ("checkpoint", Some(field)),
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
