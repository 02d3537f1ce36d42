//! Where the time of a step goes: launches of one kernel at one shape taken together.

use std::collections::BTreeMap;

use serde::Serialize;

use super::peaks::Peaks;
use crate::graph::Variant;
use crate::plan::{Dispatch, LaunchTime, Plan};

/// The launches of one kernel at one shape in a step.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub struct KernelShare {
    /// Stem of the shader.
    pub kernel: String,
    /// Its shape, as far as it has a name.
    pub shape: String,
    /// How it was computed, where there was a choice.
    #[cfg_attr(all(test, not(target_arch = "wasm32")), ts(type = "string | null"))]
    pub variant: Option<Variant>,
    /// Launches in a step.
    pub launches: usize,
    /// Milliseconds of a step.
    pub milliseconds: f64,
    /// Share of all kernels' time.
    pub share: f64,
    /// Billions of floating-point operations per second.
    pub gflops: f64,
    /// Billions of bytes per second.
    pub gigabytes_per_second: f64,
    /// Floating-point operations per byte.
    pub intensity: f64,
    /// Share of the measured arithmetic.
    pub of_arithmetic: f64,
    /// Share of the measured bandwidth.
    pub of_bandwidth: f64,
}

#[derive(Default)]
struct Sum {
    launches: usize,
    milliseconds: f64,
    operations: u64,
    bytes: u64,
}

/// Times of a plan's launches, grouped, the slowest group first; empty where there is no clock.
pub(super) fn shares(plan: &Plan, times: &[LaunchTime], peaks: &Peaks) -> Vec<KernelShare> {
    let mut groups: BTreeMap<(&str, String, Option<Variant>), Sum> = BTreeMap::new();
    for (index, (dispatch, time)) in plan.dispatches.iter().zip(times).enumerate() {
        let (shape, variant) = shape(plan, index, dispatch);
        let sum = groups.entry((dispatch.stem, shape, variant)).or_default();
        sum.launches += 1;
        sum.milliseconds += time.milliseconds / time.calls.max(1) as f64;
        sum.operations += dispatch.operations;
        sum.bytes += dispatch.bytes();
    }
    let all: f64 = groups.values().map(|sum| sum.milliseconds).sum();
    let mut shares: Vec<KernelShare> = groups.into_iter().map(|(key, sum)| share(key, &sum, all, peaks)).collect();
    shares.sort_by(|a, b| b.milliseconds.total_cmp(&a.milliseconds));
    shares
}

/// What the launch is told apart by: the key of the choice it was made by or, where there was none, what it writes.
fn shape(plan: &Plan, index: usize, dispatch: &Dispatch) -> (String, Option<Variant>) {
    let chosen = plan.choices.iter().find(|chosen| chosen.dispatches.contains(&index));
    let written = || dispatch.bindings.iter().filter(|b| b.write).map(|b| b.len).max().unwrap_or(0);
    match chosen.filter(|c| c.choice.key.starts_with(dispatch.stem)) {
        Some(chosen) => (chosen.choice.key[dispatch.stem.len()..].trim().to_string(), Some(chosen.choice.chosen)),
        None => (format!("→ {}", written()), None),
    }
}

fn share((kernel, shape, variant): (&str, String, Option<Variant>), sum: &Sum, all: f64, peaks: &Peaks) -> KernelShare {
    // Where the clock is coarse, a short kernel may take no time at all: its speed is then unknown.
    let per_second = |count: u64| if sum.milliseconds > 0.0 { count as f64 / (sum.milliseconds * 1e6) } else { 0.0 };
    let (gflops, gigabytes_per_second) = (per_second(sum.operations), per_second(sum.bytes));
    KernelShare {
        kernel: kernel.to_string(),
        shape,
        variant,
        launches: sum.launches,
        milliseconds: sum.milliseconds,
        share: if all > 0.0 { sum.milliseconds / all } else { 0.0 },
        gflops,
        gigabytes_per_second,
        intensity: sum.operations as f64 / sum.bytes.max(1) as f64,
        of_arithmetic: gflops / peaks.gflops,
        of_bandwidth: gigabytes_per_second / peaks.gigabytes_per_second,
    }
}
