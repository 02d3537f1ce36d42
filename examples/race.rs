//! This engine's side of a race in another process: `benches/pytorch/bench.py --ours` starts it and takes turns with it.
//!
//! `cargo run --release --example race -- mlp|tiny|small|course BATCH step|forward cpu|gpu` prints the adapter's name. Then, for each
//! line on its input with a number of times, it does the work so often and prints the milliseconds of one.

use std::io::{BufRead, Write, stdin, stdout};

use pollster::block_on;
use unnoise::cpu::CpuBackend;
use unnoise::gpu::{Gpu, GpuBackend};
use unnoise::plan::Backend;
use unnoise::train::race::{Race, RaceModel};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, batch, what, on] = &args[..] else {
        return Err("usage: race mlp|tiny|small|course BATCH step|forward cpu|gpu".into());
    };
    let model: RaceModel = serde_json::from_value(model.as_str().into())?;
    let mut backend: Box<dyn Backend> = match on.as_str() {
        "cpu" => Box::new(CpuBackend::<f32>::new()),
        "gpu" => Box::new(GpuBackend::new(block_on(Gpu::request())?)),
        other => return Err(format!("“{other}”: choose cpu or gpu").into()),
    };
    let train = match what.as_str() {
        "step" => true,
        "forward" => false,
        other => return Err(format!("“{other}”: choose step or forward").into()),
    };
    let race = block_on(Race::new(backend.as_mut(), model, batch.parse()?))?;
    let mut out = stdout();
    writeln!(out, "{}", backend.info().name)?;
    for line in stdin().lock().lines() {
        let times = line?.trim().parse()?;
        let work = async { if train { race.train(backend.as_mut(), times).await } else { race.forward(backend.as_mut(), times).await } };
        writeln!(out, "{}", block_on(work)?)?;
        out.flush()?;
    }
    Ok(())
}
