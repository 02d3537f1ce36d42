//! What the machine can do at most, measured in the same run as all else.

use std::collections::BTreeMap;

use serde::Serialize;

use super::timing::{Patience, Repeatable, Timing};
use crate::Result;
use crate::graph::ops::bench::OPERATIONS_PER_ROUND;
use crate::graph::{Graph, TensorType};
use crate::plan::{Backend, DeviceKind, LocalFuture, Plan, ProgramId, Region};

/// Milliseconds that one launch should take: long beside what a launch costs, short beside what a browser's watchdog allows.
const LAUNCH: f64 = 4.0;
/// Most launches in one submit.
const TOGETHER: usize = 64;

/// The most that a plain kernel gets out of the machine.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub struct Peaks {
    /// Billions of floating-point operations per second, by multiplications and additions in registers.
    pub gflops: f64,
    /// Billions of bytes read and written per second, by a copy that no cache holds.
    pub gigabytes_per_second: f64,
}

impl Peaks {
    /// Measures them.
    ///
    /// # Errors
    /// The device's own.
    pub async fn measure(backend: &mut dyn Backend, patience: &Patience) -> Result<Peaks> {
        // A GPU needs hundreds of thousands of threads to hide what an operation takes, and more bytes than its caches hold.
        let gpu = backend.info().kind == DeviceKind::Gpu;
        let (threads, numbers) = if gpu { (1 << 18, 32 << 20) } else { (1 << 12, 16 << 20) };
        let mut rounds = 16;
        loop {
            let timing = speed(backend, patience, threads, Some(rounds)).await?;
            if timing.least >= LAUNCH / 4.0 || rounds >= 1 << 20 {
                let copy = speed(backend, patience, numbers, None).await?;
                let operations = threads * rounds * OPERATIONS_PER_ROUND;
                return Ok(Peaks { gflops: timing.billions(operations as f64), gigabytes_per_second: copy.billions(8.0 * numbers as f64) });
            }
            rounds = ((rounds as f64 * LAUNCH / timing.least.max(1e-6)) as usize).clamp(2 * rounds, 64 * rounds);
        }
    }
}

/// A program whose result stands in a buffer.
struct Program<'a> {
    backend: &'a mut dyn Backend,
    program: ProgramId,
    result: Region,
}

impl Repeatable for Program<'_> {
    fn run(&mut self, times: usize) -> LocalFuture<'_, Result<f64>> {
        Box::pin(async move {
            self.backend.run(&[(self.program, times)])?;
            self.backend.read(&[self.result]).await?;
            Ok(0.0)
        })
    }
}

/// Time of so many rounds of arithmetic on `numbers` floats, or of copying them.
async fn speed(backend: &mut dyn Backend, patience: &Patience, numbers: usize, rounds: Option<usize>) -> Result<Timing> {
    let mut g = Graph::new();
    let (x, target) = (g.resource("x", TensorType::f32([numbers]))?, g.resource("y", TensorType::f32([numbers]))?);
    let y = match rounds {
        Some(rounds) => g.bench_fma(x, rounds)?,
        None => g.bench_copy(x)?,
    };
    g.place(y, target, 0)?;
    let plan = Plan::compile(&g, &backend.tuning())?;
    let mut buffers = BTreeMap::new();
    for r in &plan.resources {
        buffers.insert(r.name.clone(), backend.allocate(&r.name, r.dtype, r.len)?);
    }
    let program = backend.load(&plan, &buffers).await?;
    let result = Region { buffer: buffers["y"], offset: 0, len: 1 };
    let timed = patience.time(TOGETHER, &mut Program { backend, program, result }).await;
    backend.unload(program);
    buffers.into_values().for_each(|id| backend.free(id));
    timed.map(|(timing, _)| timing)
}
