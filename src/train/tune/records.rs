//! Choices kept from visit to visit, and those in a checkpoint.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::graph::Variant;
use crate::plan::{Backend, DeviceInfo, DeviceKind};

/// Variants by the key of their kernel.
pub type Choices = BTreeMap<String, Variant>;

/// This engine to measurements: its version, and a sum over its shaders.
pub const ENGINE: &str = concat!(env!("CARGO_PKG_VERSION"), " ", env!("UNNOISE_SHADERS"));
/// Most choices kept for one adapter: some hundred configurations.
const MOST: usize = 4000;

/// What was measured on each adapter, with one version of the engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TuningRecords {
    engine: String,
    adapters: BTreeMap<String, Choices>,
}

impl Default for TuningRecords {
    fn default() -> Self {
        TuningRecords { engine: ENGINE.into(), adapters: BTreeMap::new() }
    }
}

impl TuningRecords {
    /// From what [`TuningRecords::to_json`] wrote. Anything else, and records of another version, are as if there were none.
    pub fn from_json(text: &str) -> Self {
        serde_json::from_str(text).ok().filter(|r: &Self| r.engine == ENGINE).unwrap_or_default()
    }

    /// As text.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What is known of an adapter.
    pub fn known(&self, adapter: &str) -> Choices {
        self.adapters.get(adapter).cloned().unwrap_or_default()
    }

    /// Keeps what was found on an adapter; true if that is news.
    pub fn keep(&mut self, adapter: &str, choices: &Choices) -> bool {
        let known = self.adapters.entry(adapter.to_string()).or_default();
        let before = known.clone();
        if known.len() + choices.len() > MOST {
            known.clear();
        }
        known.extend(choices.clone());
        *known != before
    }
}

/// The choices that a run was computed with, as a checkpoint has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tuned {
    /// Version of this layout.
    pub version: u32,
    /// The adapter they were made for.
    pub adapter: String,
    /// The choices.
    pub choices: Choices,
}

impl Tuned {
    /// Of a run on this device; none where there is nothing to choose.
    pub(in crate::train) fn of(device: &DeviceInfo, choices: &Choices) -> Option<Self> {
        let tunable = device.kind != DeviceKind::Cpu && !choices.is_empty();
        tunable.then(|| Tuned { version: Self::VERSION, adapter: device.name.clone(), choices: choices.clone() })
    }

    /// Has the backend choose likewise from now on.
    pub(in crate::train) fn put_on(&self, backend: &mut dyn Backend) {
        add_choices(backend, &self.choices);
    }

    /// The layout's version.
    pub const VERSION: u32 = 1;

    /// From a checkpoint's metadata; nothing if it is no record of this version. A run does not depend on it.
    pub(in crate::train) fn from_json(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().filter(|t: &Self| t.version == Self::VERSION)
    }
}

/// Has the backend make these choices from now on, beside those that it has.
pub fn add_choices(backend: &mut dyn Backend, choices: &Choices) {
    let mut all = backend.tuning().choices();
    all.extend(choices.clone());
    backend.set_tuning(backend.tuning().with_choices(all));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_go_there_and_back_and_nothing_else_is_believed() {
        let mut records = TuningRecords::default();
        let choices = Choices::from([("matmul 1x2x3".to_string(), Variant::Registers8)]);
        assert!(records.keep("a GPU", &choices));
        assert!(!records.keep("a GPU", &choices), "nothing new");
        let text = records.to_json();
        let read = TuningRecords::from_json(&text);
        assert_eq!((read.known("a GPU"), read.known("another")), (choices, Choices::new()));
        let stale = text.replace(ENGINE, "0.0.1 0123");
        for bad in ["", "{", "null", "[1]", r#"{"engine":3}"#, &stale, &text.replace("registers8", "registers9"), &text[..text.len() - 2]] {
            assert_eq!(TuningRecords::from_json(bad), TuningRecords::default(), "{bad}");
        }
    }

    #[test]
    fn records_do_not_grow_without_end() {
        let mut records = TuningRecords::default();
        for batch in 0..5 * MOST {
            records.keep("a GPU", &Choices::from([(format!("matmul {batch}"), Variant::Registers4)]));
        }
        assert!(records.known("a GPU").len() <= MOST);
    }
}
