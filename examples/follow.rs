//! Trains the course's U-Net on the weights, images, timesteps and noise that diffusers was trained on, and says how far its losses
//! are from diffusers'.
//!
//!     python tests/python/make_course_fixtures.py --steps 200 --out long.safetensors
//!     cargo run --release --example follow -- long.safetensors

#[path = "common/mod.rs"]
mod common;
#[path = "../tests/common/course.rs"]
mod course;
#[path = "../tests/common/fixture.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod fixture;
#[path = "../tests/common/step.rs"]
mod step;

use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use common::Arguments;
use fixture::Fixture;
use indicatif::{ProgressBar, ProgressStyle};

const HELP: &str = "\
usage: cargo run --release --example follow -- FILE [options]

FILE is what tests/python/make_course_fixtures.py wrote: images, timesteps and losses of the course's U-Net in diffusers. Without
one it is the committed file of 20 steps.

  --steps N         follow only so many steps
  --backend NAME    gpu, cpu, or auto (default): a GPU if there is one";

const MADE_BY: &str = "tests/python/make_course_fixtures.py";

fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = Arguments::read(HELP)?;
    let committed = || concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/course_losses.safetensors").to_string();
    let path = arguments.word().unwrap_or_else(committed);
    let steps: Option<usize> = arguments.parsed("steps")?;
    let backend = arguments.value("backend").unwrap_or_else(|| "auto".into());
    arguments.finish()?;
    let fixture = Fixture::try_read(&path)?;
    if fixture.entry("made_by") != Some(MADE_BY) {
        return Err(format!("{path} was not made by {MADE_BY}").into());
    }
    let wanted = fixture.floats("losses");
    let steps = steps.unwrap_or(wanted.len());
    if steps == 0 || steps > wanted.len() {
        return Err(format!("--steps: {steps} is out of range: {path} has 1 to {}", wanted.len()).into());
    }
    let mut backend = common::backend(&backend)?;
    println!("{}, {steps} steps of diffusers {}, PyTorch {}", backend.info().name, fixture.text("diffusers"), fixture.text("torch"));
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} steps, {msg}, {elapsed_precise} gone, {eta_precise} left")?;
    let bar = ProgressBar::new(steps as u64).with_style(style);
    let clock = Instant::now();
    let losses = course::losses(backend.as_mut(), &fixture, steps, |step, loss| {
        bar.set_message(format!("loss {loss:.5}, diffusers' {:.5}", wanted[step]));
        bar.inc(1);
    })?;
    bar.finish_and_clear();
    for (step, (loss, theirs)) in losses.iter().zip(&wanted).enumerate().filter(|(step, _)| (step + 1) % 20 == 0 || step + 1 == steps) {
        println!("step {step:4}: loss {loss:.6}, diffusers' {theirs:.6}, {:+.1e}", loss / theirs - 1.0);
    }
    let (off, step) = course::largest_deviation(&losses, &fixture);
    println!("largest deviation {off:.2e}, at step {step}: {} against {}", losses[step], wanted[step]);
    println!("{:.2} s per step", clock.elapsed().as_secs_f64() / steps as f64);
    Ok(())
}

fn main() -> ExitCode {
    common::program(run)
}
