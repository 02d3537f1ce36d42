//! What kernels know of the machine they will run on, and the choices between ways to compute the same.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

/// How a kernel like a matrix product holds the results it works on. Every variant adds up the terms of a sum in the same order,
/// one after the other, so that a choice is one of speed alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Variant {
    /// 4×4 results per thread in registers; nothing is shared.
    Registers4,
    /// 8×8 results per thread in registers; nothing is shared.
    Registers8,
}

impl Variant {
    /// All of them.
    pub const ALL: [Variant; 2] = [Variant::Registers4, Variant::Registers8];
}

/// A choice that a kernel offered, and how it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// Kernel and shape.
    pub key: String,
    /// What there was to choose from.
    pub candidates: Vec<Variant>,
    /// What was taken.
    pub chosen: Variant,
}

/// What kernels may know of the machine they will run on: enough to choose between variants of the same arithmetic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tuning {
    /// Threads below which a device has idle cores: large tiles per thread are only worth while above it.
    pub wanted_threads: usize,
    /// Taken wherever a kernel has it, whatever else was chosen.
    forced: Option<Variant>,
    /// Choices made by measuring, by key.
    choices: Option<Rc<BTreeMap<String, Variant>>>,
}

impl Tuning {
    /// A GPU.
    pub const GPU: Tuning = Tuning { wanted_threads: 8192, forced: None, choices: None };
    /// A CPU, or a GPU interface implemented on one: few cores, so as much work per thread as possible.
    pub const CPU: Tuning = Tuning { wanted_threads: 64, forced: None, choices: None };

    /// Whether threads should share the work of a sum. Where threads are loops on a few cores, meeting at barriers costs more
    /// than it saves.
    pub fn shares_sums(&self) -> bool {
        self.wanted_threads > 1024
    }

    /// Side of the square of results that one thread of a matrix product computes: 8 or 4.
    pub fn tile(&self, rows: usize, columns: usize) -> usize {
        if rows.div_ceil(8) * columns.div_ceil(8) >= self.wanted_threads { 8 } else { 4 }
    }

    /// Tile and number of splits for `rows × columns` sums over `depth` each: enough splits to keep all threads busy, none
    /// shorter than `min_chunk`, at most `max_splits`.
    pub fn split(&self, rows: usize, columns: usize, depth: usize, min_chunk: usize, max_splits: usize) -> (usize, usize) {
        // A narrow result leaves most of a large tile empty.
        let tile = if rows >= 64 && columns >= 32 && self.shares_sums() { 8 } else { self.tile(rows, columns) };
        let threads = rows.div_ceil(tile) * columns.div_ceil(tile);
        let splits = self.wanted_threads.div_ceil(threads).min(depth / min_chunk).clamp(1, max_splits);
        // As many splits as have something to sum.
        (tile, depth.div_ceil(depth.div_ceil(splits)))
    }

    /// The same machine with every choice made for `variant` where a kernel has it.
    pub fn forcing(&self, variant: Variant) -> Tuning {
        Tuning { forced: Some(variant), ..self.clone() }
    }

    /// The same machine with these choices.
    pub fn with_choices(&self, choices: BTreeMap<String, Variant>) -> Tuning {
        Tuning { choices: Some(Rc::new(choices)), ..self.clone() }
    }

    /// The choices made so far.
    pub fn choices(&self) -> BTreeMap<String, Variant> {
        self.choices.as_deref().cloned().unwrap_or_default()
    }

    /// What was chosen for the kernel of this key.
    pub fn variant(&self, key: &str) -> Option<Variant> {
        self.forced.or_else(|| self.choices.as_deref()?.get(key).copied())
    }
}
