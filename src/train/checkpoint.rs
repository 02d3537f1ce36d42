//! Checkpoints: one safetensors file that PyTorch reads as a state dict and a run resumes from to the bit.
//!
//! Tensors: every parameter by its PyTorch name and layout; the same under `ema.`, `optimizer.exp_avg.` and
//! `optimizer.exp_avg_sq.`; `state.counters` and `state.scalars`. Metadata (strings): `format`, `version`, `config` (JSON), `step`.

use std::borrow::Cow;
use std::collections::HashMap;

use safetensors::tensor::{Dtype, SafeTensorError, SafeTensors, View};

use super::config::Config;
use super::programs::training_step;
use super::snapshot::Snapshot;
use crate::graph::ops::state::{counter, scalar};
use crate::graph::ParamTable;
use crate::{Error, Result};

/// Value of the metadata key `format`.
const FORMAT: &str = "unnoise-checkpoint";
/// Version of this layout.
const VERSION: &str = "1";
/// Files above this are refused before they are read: the largest model of this page stays far below.
const MAX_BYTES: usize = 512 << 20;

/// No run gets this far; a file that says so was damaged.
const MAX_STEP: u32 = 1 << 30;

const COUNTERS: &str = "state.counters";
const SCALARS: &str = "state.scalars";
/// Name prefixes of the arenas, in the order of [`Snapshot`]'s fields.
const PREFIXES: [&str; 4] = ["", "optimizer.exp_avg.", "optimizer.exp_avg_sq.", "ema."];

/// A tensor on its way into a file.
struct Stored {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl View for Stored {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }
    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

impl Snapshot {
    /// This state as a safetensors file.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if it cannot be written, which no state made by a run leads to.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let params = training_step(&self.config)?.params().clone();
        let mut tensors: Vec<(String, Stored)> = Vec::new();
        for (prefix, arena) in PREFIXES.into_iter().zip([&self.param, &self.m, &self.v, &self.ema]) {
            for param in params.iter().filter(|p| p.trainable) {
                let values = &arena[param.offset..param.offset + param.shape.elements()];
                let bytes = bytemuck::cast_slice(&param.to_file(values)).to_vec();
                let stored = Stored { dtype: Dtype::F32, shape: param.file_shape(), bytes };
                tensors.push((format!("{prefix}{}", param.name), stored));
            }
        }
        let counters = bytemuck::cast_slice(&self.counters[..counter::SAVED]).to_vec();
        tensors.push((COUNTERS.into(), Stored { dtype: Dtype::U32, shape: vec![counter::SAVED], bytes: counters }));
        let scalars = bytemuck::cast_slice(&self.scalars).to_vec();
        tensors.push((SCALARS.into(), Stored { dtype: Dtype::F32, shape: vec![scalar::LEN], bytes: scalars }));
        let config = serde_json::to_string(&self.config).map_err(|e| Error::checkpoint("config", e.to_string()))?;
        let metadata = HashMap::from([
            ("format".to_string(), FORMAT.to_string()),
            ("version".to_string(), VERSION.to_string()),
            ("config".to_string(), config),
            ("step".to_string(), self.step().to_string()),
        ]);
        safetensors::serialize(tensors, Some(metadata)).map_err(|e| Error::checkpoint("file", e.to_string()))
    }

    /// The state in a file written by [`Snapshot::to_bytes`], on this or another machine.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming the part at fault (`header`, a metadata key, a tensor) and the remedy: for files that are
    /// truncated, too large or no safetensors; for missing, surplus or misshapen tensors; for values that are not finite.
    pub fn from_bytes(bytes: &[u8]) -> Result<Snapshot> {
        if bytes.len() > MAX_BYTES {
            let message = format!("{} MiB; a checkpoint has at most {} MiB: is this the right file?", bytes.len() >> 20, MAX_BYTES >> 20);
            return Err(Error::checkpoint("file", message));
        }
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(unreadable)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(unreadable)?;
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
            .map_err(|e| Error::checkpoint("config", format!("{e}: the file was edited or damaged")))?;
        config.validate().map_err(|e| Error::checkpoint("config", e.to_string()))?;
        let params = training_step(&config)?.params().clone();
        let snapshot = read(&tensors, config, &params)?;
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

/// The crate's error in words that say what to do.
fn unreadable(error: SafeTensorError) -> Error {
    let message = match &error {
        SafeTensorError::HeaderTooSmall | SafeTensorError::InvalidHeaderLength => {
            "the file is shorter than its header says, or no safetensors file: was the download cut off?".to_string()
        }
        SafeTensorError::HeaderTooLarge => "the header claims more than 100 MB: this is no safetensors file".to_string(),
        SafeTensorError::MetadataIncompleteBuffer => {
            "the tensors do not fill the file exactly: it was cut off or something was appended; get the file again".to_string()
        }
        SafeTensorError::InvalidOffset(name) => {
            return Error::checkpoint(
                name.clone(),
                "its offsets leave a hole, overlap another tensor or lie outside the file: the file is damaged",
            );
        }
        other => format!("{other}: the file is damaged or no safetensors file"),
    };
    Error::checkpoint("header", message)
}

fn read(tensors: &SafeTensors<'_>, config: Config, params: &ParamTable) -> Result<Snapshot> {
    let bytes_of = |name: &str, dtype: Dtype, shape: &[usize]| {
        let Ok(view) = tensors.tensor(name) else {
            return Err(Error::checkpoint(name, format!("is missing; the configuration wants it with shape {shape:?}")));
        };
        if view.dtype() != dtype || view.shape() != shape {
            let message = format!("is {:?} {:?}, the configuration wants {dtype:?} {shape:?}", view.dtype(), view.shape());
            return Err(Error::checkpoint(name, message));
        }
        Ok(view.data().to_vec())
    };
    let floats = |name: &str, shape: &[usize]| {
        let values: Vec<f32> = bytemuck::pod_collect_to_vec(&bytes_of(name, Dtype::F32, shape)?);
        match values.iter().position(|v| !v.is_finite()) {
            Some(i) => Err(Error::checkpoint(name, format!("holds {} at element {i}: the run had diverged when it was saved", values[i]))),
            None => Ok(values),
        }
    };
    let mut arenas = Vec::new();
    for prefix in PREFIXES {
        let mut arena = vec![0.0; params.arena_len(true)];
        for param in params.iter().filter(|p| p.trainable) {
            let values = param.from_file(&floats(&format!("{prefix}{}", param.name), &param.file_shape())?);
            arena[param.offset..param.offset + values.len()].copy_from_slice(&values);
        }
        arenas.push(arena);
    }
    let scalars = floats(SCALARS, &[scalar::LEN])?;
    let mut counters: Vec<u32> = bytemuck::pod_collect_to_vec(&bytes_of(COUNTERS, Dtype::U32, &[counter::SAVED])?);
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
    Ok(Snapshot { config, counters, scalars, param: next(), m: next(), v: next(), ema: next() })
}
