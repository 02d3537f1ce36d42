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
    /// 16 rows of 8 results per thread; nothing is shared. For software adapters, whose registers are memory.
    Registers16x8,
    /// 16×16 results per thread, likewise.
    Registers16,
    /// 4×4 results for each of 64 threads, 32×32 per group, which reads tiles through workgroup memory.
    Shared32,
    /// 8×8 results for each of 64 threads, 64×64 per group (128×32 of a narrow matrix), likewise.
    Shared64,
}

impl Variant {
    /// All of them.
    pub const ALL: [Variant; 6] =
        [Variant::Registers4, Variant::Registers8, Variant::Registers16x8, Variant::Registers16, Variant::Shared32, Variant::Shared64];

    /// Rows of results of one thread.
    pub fn rows(self) -> usize {
        match self {
            Variant::Registers4 | Variant::Shared32 => 4,
            Variant::Registers8 | Variant::Shared64 => 8,
            Variant::Registers16x8 | Variant::Registers16 => 16,
        }
    }

    /// Columns of results of one thread.
    pub fn columns(self) -> usize {
        match self {
            Variant::Registers4 | Variant::Shared32 => 4,
            Variant::Registers8 | Variant::Registers16x8 | Variant::Shared64 => 8,
            Variant::Registers16 => 16,
        }
    }

    /// Whether threads of a group share what they read.
    pub fn is_shared(self) -> bool {
        matches!(self, Variant::Shared32 | Variant::Shared64)
    }
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

/// Groups of 64 threads that fill a large GPU.
const WANTED_GROUPS: usize = 512;
/// Fewest terms of a part that a group sums: partial sums are written and read again, so a part must be several times longer than it
/// takes to fill a tile.
const SHORTEST_SHARED: usize = 512;
/// Most splits of a sum: adding them up takes as many passes over the result.
const MAX_SPLITS: usize = 64;

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

    /// Whether a variant is worth trying on such a machine. One that is forced is.
    pub fn suits(&self, variant: Variant) -> bool {
        let suited = match variant {
            Variant::Registers4 | Variant::Registers8 => true,
            Variant::Registers16x8 | Variant::Registers16 => !self.shares_sums(),
            Variant::Shared32 | Variant::Shared64 => self.shares_sums(),
        };
        suited || self.forced.is_some()
    }

    /// Into how many parts `rows × columns` sums over `terms` each are split, to be added up afterwards: enough to keep the machine
    /// busy, none shorter than `shortest`. Which variant computes them plays no part.
    pub fn splits(&self, rows: usize, columns: usize, terms: usize, shortest: usize) -> usize {
        let splits = if self.shares_sums() {
            WANTED_GROUPS.div_ceil(rows.div_ceil(32) * columns.div_ceil(32)).min(terms / shortest.max(SHORTEST_SHARED))
        } else {
            let squares = |side: usize| rows.div_ceil(side) * columns.div_ceil(side);
            let threads = if squares(8) >= self.wanted_threads { squares(8) } else { squares(4) };
            self.wanted_threads.div_ceil(threads).min(terms / shortest)
        };
        // As many as have something to sum.
        terms.div_ceil(terms.div_ceil(splits.clamp(1, MAX_SPLITS)))
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
