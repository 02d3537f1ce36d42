//! Speed, measured the same way natively and in browsers.

use std::collections::BTreeMap;

use serde::Serialize;
use web_time::Instant;

use super::config::Config;
use super::trainer::Trainer;
use crate::Result;
use crate::graph::{Graph, TensorType};
use crate::plan::{Backend, Plan, Region};

/// Seconds a measurement should take.
const SPAN: f64 = 1.5;

/// Speed of one thing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measurement {
    /// What was measured.
    pub name: String,
    /// Times per second.
    pub per_second: f64,
    /// Milliseconds each.
    pub milliseconds: f64,
    /// Billions of floating-point operations per second, where they were counted.
    pub gflops: Option<f64>,
}

impl Measurement {
    fn new(name: String, seconds: f64, operations: Option<f64>) -> Self {
        let gflops = operations.map(|o| o / seconds * 1e-9);
        Measurement { name, per_second: 1.0 / seconds, milliseconds: seconds * 1e3, gflops }
    }
}

/// The two models measured: the page's own, and the one that other engines' figures are known for.
pub fn models() -> [Config; 2] {
    let mut wide = Config::default();
    wide.model.width = 256;
    wide.training.batch_size = 1024;
    [Config::default(), wide]
}

/// Sizes `(m, k, n)` of the matrix products measured.
pub const PRODUCTS: [(usize, usize, usize); 3] = [(256, 256, 256), (1024, 256, 256), (512, 512, 512)];

/// Training steps per second of `config`, its work known to be done at both ends of the clock.
pub async fn training(backend: &mut dyn Backend, config: &Config) -> Result<Measurement> {
    let mut trainer = Trainer::new(backend, config).await?;
    // The first step pays for what is compiled on first use.
    trainer.run(backend, 1)?;
    trainer.report(backend).await?;
    let mut together = 1;
    let seconds = loop {
        let start = Instant::now();
        trainer.run(backend, together)?;
        trainer.report(backend).await?;
        let taken = start.elapsed().as_secs_f64();
        if taken > SPAN / 2.0 || together == Trainer::MAX_STEPS {
            break taken / together as f64;
        }
        together = ((together as f64 * (SPAN / taken).clamp(1.5, 8.0)) as usize).min(Trainer::MAX_STEPS);
    };
    let (model, batch) = (&config.model, config.training.batch_size);
    let name = format!("training step, width {}, {} hidden layers, batch {batch}", model.width, model.hidden_layers);
    trainer.destroy(backend);
    Ok(Measurement::new(name, seconds, None))
}

/// Speed of the matrix product `[m, k] · [k, n]`.
pub async fn product(backend: &mut dyn Backend, (m, k, n): (usize, usize, usize)) -> Result<Measurement> {
    let mut g = Graph::new();
    let (a, b) = (g.resource("a", TensorType::f32([m, k]))?, g.resource("b", TensorType::f32([k, n]))?);
    let c = g.matmul(a, b, false, false)?;
    let target = g.resource("c", TensorType::f32([m, n]))?;
    g.place(c, target, 0)?;
    let plan = Plan::compile(&g, &backend.tuning())?;
    let mut buffers = BTreeMap::new();
    for r in &plan.resources {
        buffers.insert(r.name.clone(), backend.allocate(&r.name, r.dtype, r.len)?);
    }
    let program = backend.load(&plan, &buffers).await?;
    let region = Region { buffer: buffers["c"], offset: 0, len: 1 };
    backend.run(&[(program, 1)])?;
    backend.read(&[region]).await?;
    let mut times = 1;
    let seconds = loop {
        let start = Instant::now();
        backend.run(&[(program, times)])?;
        backend.read(&[region]).await?;
        let taken = start.elapsed().as_secs_f64();
        if taken > SPAN / 4.0 || times >= 4096 {
            break taken / times as f64;
        }
        times = (times as f64 * (SPAN / taken).clamp(1.5, 8.0)) as usize;
    };
    backend.unload(program);
    buffers.into_values().for_each(|id| backend.free(id));
    Ok(Measurement::new(format!("matrix product {m}×{k} · {k}×{n}"), seconds, Some(2.0 * (m * k * n) as f64)))
}
