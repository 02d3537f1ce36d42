//! The configuration as diffusers writes it: `config.json` of a `UNet2DModel`.

use serde_json::{Map, Value, json};

use super::{DownBlockType, UnetConfig, UpBlockType};
use crate::{Error, Result};

/// Put before keys in errors.
const FILE: &str = "config.json, ";
/// The version whose files and outputs this crate is compared with.
const DIFFUSERS_VERSION: &str = "0.42.1";

/// Keys that this crate reads only at the value that `UNet2DModel` has by default: what they would change is not built.
fn fixed() -> [(&'static str, Value); 3] {
    [("time_embedding_type", json!("positional")), ("dropout", json!(0.0)), ("mid_block_type", json!("UNetMidBlock2D"))]
}

/// `UNet2DModel`'s own defaults, for keys that a file leaves out.
fn defaults() -> UnetConfig {
    use DownBlockType::{AttnDownBlock2D, DownBlock2D};
    use UpBlockType::{AttnUpBlock2D, UpBlock2D};
    UnetConfig {
        sample_size: 0,
        in_channels: 3,
        out_channels: 3,
        down_block_types: vec![DownBlock2D, AttnDownBlock2D, AttnDownBlock2D, AttnDownBlock2D],
        up_block_types: vec![AttnUpBlock2D, AttnUpBlock2D, AttnUpBlock2D, UpBlock2D],
        block_out_channels: vec![224, 448, 672, 896],
        ..UnetConfig::default()
    }
}

impl UnetConfig {
    /// Reads a `config.json`.
    ///
    /// # Errors
    /// [`Error::Config`] naming the first key whose value is of the wrong kind, out of range, or asks for something that this
    /// crate does not have.
    pub fn from_diffusers(text: &str) -> Result<UnetConfig> {
        let file: Value = serde_json::from_str(text).map_err(|e| Error::config("config.json", format!("is no JSON: {e}")))?;
        let Value::Object(file) = file else {
            return Err(Error::config("config.json", "is no JSON object: expected the configuration of a UNet2DModel"));
        };
        let refuse = |key: &str, value: &Value, why: &str| Err(Error::config(format!("{FILE}{key}"), format!("{value} {why}")));
        let mut known = object(&defaults());
        for (key, value) in &file {
            let value = normalised(key, value);
            if key == "_class_name" && value != "UNet2DModel" {
                return refuse(key, &value, "is another model: only UNet2DModel can be read");
            } else if key.starts_with('_') {
                continue;
            } else if let Some((_, only)) = fixed().iter().find(|(k, _)| k == key) {
                if value != *only && value.as_f64() != only.as_f64().or(Some(f64::NAN)) {
                    return refuse(key, &value, &format!("cannot be built: only {only} can"));
                }
            } else if known.contains_key(key) {
                let mut tried = known.clone();
                tried.insert(key.clone(), value.clone());
                if let Err(error) = serde_json::from_value::<UnetConfig>(Value::Object(tried.clone())) {
                    return refuse(key, &value, &format!("cannot be used: {error}"));
                }
                known = tried;
            } else if key == "time_embedding_dim" && !value.is_null() {
                let usual = file.get("block_out_channels").and_then(|w| w.get(0)).and_then(Value::as_u64).map(|w| json!(4 * w));
                if usual.as_ref() != Some(&value) {
                    return refuse(key, &value, "cannot be built: only four times the first width (or null) can");
                }
            } else if !(value.is_null() || value == false || key == "num_train_timesteps") {
                return refuse(key, &value, "is a setting that is not known here; remove it if the model does without");
            }
        }
        // Every key has been tried above.
        let config: UnetConfig = serde_json::from_value(Value::Object(known)).map_err(|e| Error::config("config.json", e.to_string()))?;
        config.validate(FILE)?;
        Ok(config)
    }

    /// The `config.json` of this model, as `UNet2DModel.from_pretrained` reads it.
    pub fn to_diffusers(&self) -> String {
        let mut file = object(self);
        file.insert("_class_name".into(), json!("UNet2DModel"));
        file.insert("_diffusers_version".into(), json!(DIFFUSERS_VERSION));
        for (key, value) in fixed() {
            file.insert(key.into(), value);
        }
        // Where Python wants integers, `1.0` would do, but is not what diffusers writes.
        for key in ["freq_shift", "mid_block_scale_factor"] {
            if let Some(whole) = file.get(key).and_then(Value::as_f64).filter(|v| v.fract() == 0.0) {
                file.insert(key.into(), json!(whole as i64));
            }
        }
        format!("{:#}\n", Value::Object(file))
    }
}

fn object(config: &UnetConfig) -> Map<String, Value> {
    match serde_json::to_value(config) {
        Ok(Value::Object(map)) => map,
        // A struct of plain fields is an object.
        _ => Map::new(),
    }
}

/// Other spellings of what this crate reads in one.
fn normalised(key: &str, value: &Value) -> Value {
    match (key, value) {
        ("act_fn", Value::String(name)) if name == "swish" => json!("silu"),
        ("sample_size", Value::Array(sides)) if sides.len() == 2 && sides[0] == sides[1] => sides[0].clone(),
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let config = UnetConfig { attention_head_dim: None, num_class_embeds: Some(11), norm_num_groups: 16, ..UnetConfig::default() };
        assert_eq!(UnetConfig::from_diffusers(&config.to_diffusers()), Ok(config));
    }

    #[test]
    fn what_cannot_be_built_is_named() {
        let with = |key: &str, value: Value| {
            let mut file: Value = serde_json::from_str(&UnetConfig::default().to_diffusers()).expect("JSON");
            file[key] = value;
            UnetConfig::from_diffusers(&file.to_string())
        };
        for (key, value) in [
            ("time_embedding_type", json!("fourier")),
            ("dropout", json!(0.1)),
            ("mid_block_type", Value::Null),
            ("down_block_types", json!(["DownBlock2D", "SkipDownBlock2D", "DownBlock2D"])),
            ("down_block_types", json!(["DownBlock2D"])),
            ("up_block_types", json!("UpBlock2D")),
            ("act_fn", json!("mish")),
            ("class_embed_type", json!("identity")),
            ("resnet_time_scale_shift", json!("ada_group")),
            ("sample_size", json!(30)),
            ("sample_size", json!([28, 32])),
            ("sample_size", Value::Null),
            ("sample_size", json!(-4)),
            ("norm_num_groups", json!(7)),
            ("norm_eps", json!("small")),
            ("attention_head_dim", json!(3)),
            ("block_out_channels", json!([32, 64])),
            ("num_class_embeds", json!(0)),
            ("time_embedding_dim", json!(99)),
            ("cross_attention_dim", json!(64)),
            ("_class_name", json!("UNet2DConditionModel")),
        ] {
            let error = with(key, value.clone()).expect_err(key);
            let Error::Config { field, message } = &error else { panic!("{error}") };
            // Where two keys do not go together, one is the field and the message has the other.
            assert!(field.ends_with(key) || message.contains(key), "{key}: {error}");
        }
        for (key, value) in [
            ("act_fn", json!("swish")),
            ("sample_size", json!([28, 28])),
            ("num_train_timesteps", json!(1000)),
            ("time_embedding_dim", json!(128)),
            ("_anything", json!({})),
            ("use_new_thing", json!(false)),
            ("dropout", json!(0)),
        ] {
            with(key, value.clone()).unwrap_or_else(|e| panic!("{key} {value}: {e}"));
        }
        assert!(UnetConfig::from_diffusers("{").is_err() && UnetConfig::from_diffusers("[]").is_err());
        assert!(UnetConfig::from_diffusers("{}").is_err(), "sample_size has no default");
    }
}
