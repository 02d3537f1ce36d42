//! The keys of a configuration, each taken once.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// The error of a key.
pub(super) fn refused(key: &str, message: impl Into<String>) -> Error {
    Error::config(format!("scheduler.{key}"), message)
}

/// Keys that have not been taken yet.
pub(super) struct Keys {
    left: Map<String, Value>,
}

impl Keys {
    /// Reads a JSON object, with the infinities and NaN that Python writes into JSON as strings.
    pub fn parse(text: &str) -> Result<Keys> {
        match serde_json::from_str(&without_infinities(text)) {
            Ok(Value::Object(left)) => Ok(Keys { left }),
            Ok(_) => Err(refused("json", "is no JSON object: expected the configuration of a scheduler")),
            Err(error) => Err(refused("json", format!("does not parse as JSON: {error}"))),
        }
    }

    fn take(&mut self, key: &str) -> Option<Value> {
        self.left.remove(key)
    }

    /// A finite number.
    pub fn number(&mut self, key: &str, default: f64) -> Result<f64> {
        match self.take(key) {
            None => Ok(default),
            Some(value) => value.as_f64().filter(|v| v.is_finite()).ok_or_else(|| refused(key, format!("{} is no number", shown(&value)))),
        }
    }

    /// A whole number from 0 up.
    pub fn count(&mut self, key: &str, default: usize) -> Result<usize> {
        let Some(value) = self.take(key) else { return Ok(default) };
        let number = value.as_u64().and_then(|v| usize::try_from(v).ok());
        number.ok_or_else(|| refused(key, format!("{} is no whole number from 0 up", shown(&value))))
    }

    /// A yes or no; `null` is no where diffusers allows it.
    pub fn flag(&mut self, key: &str, default: bool) -> Result<bool> {
        match self.take(key) {
            None => Ok(default),
            Some(Value::Bool(value)) => Ok(value),
            Some(Value::Null) => Ok(false),
            Some(value) => Err(refused(key, format!("{} is neither true nor false", shown(&value)))),
        }
    }

    /// One of a list of names, as `T` spells them.
    pub fn choice<T: DeserializeOwned>(&mut self, key: &str, default: T, names: &[&str]) -> Result<T> {
        let Some(value) = self.take(key) else { return Ok(default) };
        let known = value.as_str().is_some_and(|name| names.contains(&name));
        match serde_json::from_value(value.clone()) {
            Ok(read) if known => Ok(read),
            _ => Err(refused(key, format!("{} cannot be honoured: choose {}", shown(&value), or(names)))),
        }
    }

    /// A list of numbers, or `null`.
    pub fn list(&mut self, key: &str) -> Result<Option<Vec<f64>>> {
        let value = match self.take(key) {
            None | Some(Value::Null) => return Ok(None),
            Some(value) => value,
        };
        let numbers = value.as_array().and_then(|list| list.iter().map(Value::as_f64).collect::<Option<Vec<f64>>>());
        numbers.map(Some).ok_or_else(|| refused(key, format!("{} is no list of numbers", shown(&value))))
    }

    /// A key that may only have the values given, which change nothing.
    pub fn only(&mut self, key: &str, allowed: &[Value]) -> Result<()> {
        match self.take(key) {
            Some(value) if !allowed.contains(&value) => {
                let names: Vec<String> = allowed.iter().map(shown).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                Err(refused(key, format!("{} cannot be honoured: choose {}", shown(&value), or(&names))))
            }
            _ => Ok(()),
        }
    }

    /// A number, or `null`, that changes nothing, whatever it is.
    pub fn idle(&mut self, key: &str) -> Result<()> {
        match self.take(key) {
            Some(value) if !value.is_number() && !value.is_null() => Err(refused(key, format!("{} is no number", shown(&value)))),
            _ => Ok(()),
        }
    }

    /// A text.
    pub fn text(&mut self, key: &str) -> Option<Value> {
        self.take(key)
    }

    /// Refuses what is left, but for keys of diffusers' own book-keeping.
    pub fn finish(self, class: &str) -> Result<()> {
        match self.left.keys().find(|key| !key.starts_with('_')) {
            Some(key) => Err(refused(key, format!("is no key of {class} that is known here: leave it out"))),
            None => Ok(()),
        }
    }
}

/// A value as an error shows it: not longer than a line.
pub(super) fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// "a, b or c".
pub(super) fn or(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_string(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// Python's json module writes `Infinity`, `-Infinity` and `NaN`, which are no JSON; as strings they are.
fn without_infinities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut inside = false;
    while let Some(next) = rest.chars().next() {
        let word = ["-Infinity", "Infinity", "NaN"].into_iter().find(|word| !inside && rest.starts_with(word));
        if let Some(word) = word {
            out.push_str(&format!("\"{word}\""));
            rest = &rest[word.len()..];
            continue;
        }
        // Within a string, a backslash takes the next character along.
        let escaped = if inside && next == '\\' { rest.chars().nth(1).map_or(0, char::len_utf8) } else { 0 };
        inside ^= next == '"';
        let taken = next.len_utf8() + escaped;
        out.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn infinities_of_python_are_read() {
        let text = r#"{"a": -Infinity, "b": [NaN, Infinity], "c": "NaN \" Infinity", "d": "\\", "e": NaN}"#;
        let value: Value = serde_json::from_str(&without_infinities(text)).unwrap();
        assert_eq!(value["a"], "-Infinity");
        assert_eq!(value["b"][1], "Infinity");
        assert_eq!(value["c"], "NaN \" Infinity");
        assert_eq!((&value["d"], &value["e"]), (&"\\".into(), &"NaN".into()));
        assert_eq!(without_infinities("{\"ä\\"), "{\"ä\\");
    }

    #[test]
    fn long_values_are_cut() {
        assert!(shown(&Value::String("ä".repeat(1000))).chars().count() < 70);
    }
}
