//! Checkpoints: one safetensors file that PyTorch reads as a state dict and a run resumes from to the bit.
//!
//! Tensors: every parameter by its PyTorch name and layout; the same under `ema.`, `optimizer.exp_avg.` and
//! `optimizer.exp_avg_sq.`; `state.counters` and `state.scalars`. Metadata (strings): `format`, `version`, `config` (JSON), `step`
//! and, from a GPU, `tuning` (JSON): the adapter, and which variant of each kernel it ran.

use std::collections::HashMap;

use safetensors::tensor::SafeTensors;

use super::config::Config;
use super::programs::training_step;
use super::snapshot::Snapshot;
use super::tensors::{Stored, arena, floats, integers, open, unreadable};
use super::tune::Tuned;
use crate::graph::ParamTable;
use crate::graph::ops::state::{counter, scalar};
use crate::{Error, Result};

/// Value of the metadata key `format`.
const FORMAT: &str = "unnoise-checkpoint";
/// Version of this layout.
const VERSION: &str = "1";
/// No run gets this far; a file that says so was damaged.
const MAX_STEP: u32 = 1 << 30;

const COUNTERS: &str = "state.counters";
const SCALARS: &str = "state.scalars";
/// Name prefixes of the arenas, in the order of [`Snapshot`]'s fields.
const PREFIXES: [&str; 4] = ["", "optimizer.exp_avg.", "optimizer.exp_avg_sq.", "ema."];

impl Snapshot {
    /// This state as a safetensors file.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if it cannot be written, which no state made by a run leads to.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let params = training_step(&self.config)?.params().clone();
        let mut tensors: Vec<(String, Stored)> = Vec::new();
        for (prefix, arena) in PREFIXES.into_iter().zip([&self.param, &self.m, &self.v, &self.ema]) {
            let stored = params.iter().filter(|p| p.trainable).map(|p| (format!("{prefix}{}", p.name), Stored::param(p, arena)));
            tensors.extend(stored);
        }
        tensors.push((COUNTERS.into(), Stored::integers(&self.counters[..counter::SAVED])));
        tensors.push((SCALARS.into(), Stored::floats(vec![scalar::LEN], &self.scalars)));
        let config = serde_json::to_value(&self.config).map_err(|e| Error::checkpoint("config", e.to_string()))?.to_string();
        let mut metadata = HashMap::from([
            ("format".to_string(), FORMAT.to_string()),
            ("version".to_string(), VERSION.to_string()),
            ("config".to_string(), config),
            ("step".to_string(), self.step().to_string()),
        ]);
        if let Some(tuned) = &self.tuned {
            let text = serde_json::to_string(tuned).map_err(|e| Error::checkpoint("tuning", e.to_string()))?;
            metadata.insert("tuning".to_string(), text);
        }
        safetensors::serialize(tensors, Some(metadata)).map_err(|e| Error::checkpoint("file", e.to_string()))
    }

    /// The state in a file written by [`Snapshot::to_bytes`], on this or another machine.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming the part at fault (`header`, a metadata key, a tensor) and the remedy: for files that are
    /// truncated, too large or no safetensors; for missing, surplus or misshapen tensors; for values that are not finite.
    pub fn from_bytes(bytes: &[u8]) -> Result<Snapshot> {
        let tensors = open(bytes)?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(unreadable)?;
        let empty = HashMap::new();
        let metadata = header.metadata().as_ref().unwrap_or(&empty);
        let entry = |key: &str| {
            let missing = || Error::checkpoint(key, "is missing from the metadata: save the run again with this page");
            metadata.get(key).ok_or_else(missing)
        };
        if entry("format")? != FORMAT {
            let message = format!("is “{}”, expected “{FORMAT}”: this file holds something else", entry("format")?);
            return Err(Error::checkpoint("format", message));
        }
        if entry("version")? != VERSION {
            let message = format!("is {}, this page reads {VERSION}: open the file with the page that saved it", entry("version")?);
            return Err(Error::checkpoint("version", message));
        }
        let config: Config = serde_json::from_str(entry("config")?)
            .and_then(serde_json::from_value::<Config>)
            .map_err(|e| Error::checkpoint("config", format!("{e}: the file was edited or damaged")))?;
        config.validate().map_err(|e| Error::checkpoint("config", e.to_string()))?;
        let params = training_step(&config)?.params().clone();
        let tuned = metadata.get("tuning").and_then(|text| Tuned::from_json(text));
        let snapshot = Snapshot { tuned, ..read(&tensors, config, &params)? };
        let known = 2 + PREFIXES.len() * params.iter().filter(|p| p.trainable).count();
        if tensors.len() != known {
            let expected = |name: &str| {
                name == COUNTERS
                    || name == SCALARS
                    || PREFIXES.iter().any(|p| name.strip_prefix(p).is_some_and(|n| params.get(n).is_some()))
            };
            let surplus = tensors.names().into_iter().find(|n| !expected(n)).unwrap_or_default();
            let message = "belongs to no parameter of the model in the file's configuration: the two do not go together";
            return Err(Error::checkpoint(surplus, message));
        }
        Ok(snapshot)
    }
}

fn read(tensors: &SafeTensors<'_>, config: Config, params: &ParamTable) -> Result<Snapshot> {
    let mut arenas = Vec::new();
    for prefix in PREFIXES {
        arenas.push(arena(tensors, params, prefix)?);
    }
    let scalars = floats(tensors, SCALARS, &[scalar::LEN])?;
    let mut counters = integers(tensors, COUNTERS, counter::SAVED)?;
    counters.resize(counter::LEN, 0);
    if counters[counter::SEED] != config.seed {
        let message = format!("holds seed {}, the configuration says {}: the file was edited", counters[counter::SEED], config.seed);
        return Err(Error::checkpoint(COUNTERS, message));
    }
    if counters[counter::STEP] > MAX_STEP {
        let message = format!("says step {}, more than any run has done: the file is damaged", counters[counter::STEP]);
        return Err(Error::checkpoint(COUNTERS, message));
    }
    // All values are finite: a run that had been frozen may try again.
    counters[counter::FROZEN] = 0;
    let mut arenas = arenas.into_iter();
    let mut next = || arenas.next().unwrap_or_default();
    Ok(Snapshot { config, counters, scalars, param: next(), m: next(), v: next(), ema: next(), tuned: None })
}
