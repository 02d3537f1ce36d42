//! Trains an image diffusion model from scratch, on this machine's GPU or CPU, and writes it as a diffusers folder.
//!
//!     cargo run --release --example train -- --dataset mnist --preset small --epochs 5 --out runs/small
//!
//! Stopped and started again with the same `--out`, it goes on where it was. `--help` lists all options. The image sets lie in
//! `data/`, where `./build.sh` puts them.

#[path = "common/mod.rs"]
mod common;
#[path = "../tests/common/images.rs"]
mod images;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use common::{Arguments, backend, name_of, named};
use indicatif::{ProgressBar, ProgressStyle};
use pollster::block_on;
use unnoise::plan::{Backend, DeviceKind};
use unnoise::train::{ClassConditioning, Config, FILES, Folder, ImageDataset, LrSchedule, Preset, Snapshot, Trainer, Tuner, add_choices};

const HELP: &str = "\
usage: cargo run --release --example train -- [options]

  --dataset NAME        mnist (default) or fashion_mnist
  --preset NAME         tiny, small (default) or course
  --out FOLDER          where the run is kept (default runs/<dataset>-<preset>)
  --epochs N            passes over the training set (default 5); or
  --steps N             training steps
  --batch-size N        images per step
  --learning-rate X     of AdamW
  --lr-schedule NAME    constant (default) or cosine, which falls to 0 at the last step
  --ema-decay X         of the moving average that is exported
  --conditioning NAME   embedding (default), concat or none: how the model is told the class
  --seed N              of everything random (default 1)
  --backend NAME        gpu, cpu, or auto (default): a GPU if there is one
  --tune YES            yes (default) times variants of the kernels on the GPU while training begins, half a second in all, and goes on
                        with the fastest; no leaves it. The result is the same to the bit
  --checkpoint-every S  seconds between two checkpoints (default 60)

In the folder: run.safetensors (all that going on needs), losses.csv, and unet/, scheduler/ and model_index.json as diffusers
reads them.";

struct Options {
    config: Config,
    out: PathBuf,
    steps: usize,
    backend: String,
    tune: bool,
    every: f64,
}

fn options() -> Result<Options, Box<dyn Error>> {
    let mut given = Arguments::read(HELP)?;
    let dataset: ImageDataset = named("--dataset", given.value("dataset").as_deref().unwrap_or("mnist"))?;
    let preset: Preset = named("--preset", given.value("preset").as_deref().unwrap_or("small"))?;
    let mut config = preset.config(dataset);
    let training = &mut config.training;
    training.batch_size = given.parsed("batch-size")?.unwrap_or(training.batch_size);
    training.learning_rate = given.parsed("learning-rate")?.unwrap_or(training.learning_rate);
    training.ema_decay = given.parsed("ema-decay")?.unwrap_or(training.ema_decay);
    training.lr_schedule = named::<LrSchedule>("--lr-schedule", given.value("lr-schedule").as_deref().unwrap_or("constant"))?;
    config.seed = given.parsed("seed")?.unwrap_or(config.seed);
    let images = config.images.as_mut().ok_or("a preset is a run on images")?;
    if let Some(name) = given.value("conditioning") {
        images.set_conditioning(named::<ClassConditioning>("--conditioning", &name)?);
    }
    let per_epoch = images.count as f64 / config.training.batch_size.max(1) as f64;
    let epochs: f64 = given.parsed("epochs")?.unwrap_or(5.0);
    let steps = given.parsed("steps")?.unwrap_or((epochs * per_epoch).ceil() as usize);
    config.training.total_steps = steps.max(1);
    let usual = format!("runs/{}-{}", name_of(&dataset)?, name_of(&preset)?);
    let out = given.value("out").unwrap_or(usual).into();
    let backend = given.value("backend").unwrap_or_else(|| "auto".into());
    let tune = match given.value("tune").as_deref() {
        None | Some("yes") => true,
        Some("no") => false,
        Some(other) => return Err(format!("--tune {other}: choose yes or no").into()),
    };
    let every = given.parsed("checkpoint-every")?.unwrap_or(60.0);
    given.finish()?;
    config.validate()?;
    Ok(Options { config, out, steps, backend, tune, every })
}

/// The run in the folder, if it is this one; else a new one.
fn start(options: &Options) -> Result<Snapshot, Box<dyn Error>> {
    let path = options.out.join("run.safetensors");
    if !path.exists() {
        return Ok(Trainer::initial(&options.config)?);
    }
    let snapshot = Snapshot::from_bytes(&fs::read(&path)?)?;
    // More steps may be asked for than at first; all else must be the same run.
    let mut config = options.config.clone();
    config.training.total_steps = snapshot.config.training.total_steps;
    if snapshot.config != config {
        return Err(format!("{} holds a run of another configuration: choose another --out, or remove it", path.display()).into());
    }
    println!("going on at step {}", snapshot.step());
    Ok(snapshot)
}

/// Writes to a temporary file first, so that a run that is stopped meanwhile leaves the old one.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let temporary = path.with_extension("part");
    fs::write(&temporary, bytes)?;
    fs::rename(temporary, path)
}

fn keep(out: &Path, snapshot: &Snapshot, losses: &str) -> Result<(), Box<dyn Error>> {
    write(&out.join("run.safetensors"), &snapshot.to_bytes()?)?;
    write(&out.join("losses.csv"), losses.as_bytes())?;
    for (name, bytes) in FILES.iter().zip(Folder::of(snapshot)?.write()?) {
        write(&out.join(name), &bytes)?;
    }
    Ok(())
}

fn main() -> ExitCode {
    common::program(run)
}

fn run() -> Result<(), Box<dyn Error>> {
    let options = options()?;
    let config = &options.config;
    let wanted = config.images.as_ref().ok_or("a preset is a run on images")?;
    let mut set = images::load(&name_of(&wanted.dataset)?, images::Split::Train, wanted.count)?;
    if set.side() != wanted.side {
        set = set.resized(wanted.side)?;
    }
    let snapshot = start(&options)?;
    let mut backend = backend(&options.backend)?;
    let backend: &mut dyn Backend = backend.as_mut();
    println!(
        "{}, {} parameters, {} images, {} steps of {}",
        backend.info().name,
        snapshot.parameters(),
        set.len(),
        options.steps,
        config.training.batch_size
    );
    let mut trainer = block_on(Trainer::start(backend, &snapshot))?;
    trainer.add_images(backend, &set)?;
    let old = fs::read_to_string(options.out.join("losses.csv")).unwrap_or_default();
    let mut losses: String = old.lines().take(1 + snapshot.step() as usize).map(|line| format!("{line}\n")).collect();
    if losses.is_empty() {
        losses = "step,loss\n".into();
    }
    let bar = ProgressBar::new(options.steps as u64)
        .with_style(ProgressStyle::with_template("{wide_bar} {pos}/{len} steps, loss {msg}, {elapsed_precise} gone, {eta_precise} left")?);
    bar.set_position(u64::from(snapshot.step()));
    bar.reset_eta();
    let (mut at_once, mut saved) = (1usize, Instant::now());
    let mut recent: Vec<f32> = Vec::new();
    let mut tuning = options.tune && backend.info().kind != DeviceKind::Cpu;
    let mut tuner: Option<Tuner> = None;
    while (trainer.submitted() as usize) < options.steps {
        let now = at_once.min(options.steps - trainer.submitted() as usize);
        let clock = Instant::now();
        trainer.run(backend, now)?;
        let report = block_on(trainer.report(backend))?;
        if let Some(step) = report.frozen_at {
            return Err(format!("the loss of step {step} was not finite; the last checkpoint is good: lower --learning-rate").into());
        }
        let took = clock.elapsed().as_secs_f64();
        at_once = ((at_once as f64 * (0.5 / took).clamp(0.5, 2.0)) as usize).clamp(1, Trainer::MAX_STEPS);
        for (step, loss) in (report.first_step..).zip(&report.losses) {
            losses.push_str(&format!("{step},{loss}\n"));
        }
        recent.extend(&report.losses);
        recent.drain(..recent.len().saturating_sub(100));
        let mean = recent.iter().sum::<f32>() / recent.len() as f32;
        let rate = now as f64 * config.training.batch_size as f64 / took;
        bar.set_message(format!("{mean:.4}, {rate:.0} images/s"));
        bar.set_position(u64::from(report.step));
        if tuning {
            let tuner = match &mut tuner {
                Some(tuner) => tuner,
                none => none.insert(trainer.tuner(backend, took / now as f64)?),
            };
            block_on(tuner.turn(backend))?;
            if tuner.is_done() {
                tuning = false;
                add_choices(backend, tuner.choices());
                block_on(trainer.retune(backend))?;
            }
        }
        if saved.elapsed().as_secs_f64() > options.every {
            keep(&options.out, &block_on(trainer.snapshot(backend))?, &losses)?;
            saved = Instant::now();
        }
    }
    bar.finish();
    let snapshot = block_on(trainer.snapshot(backend))?;
    keep(&options.out, &snapshot, &losses)?;
    let mean = recent.iter().sum::<f32>() / recent.len().max(1) as f32;
    println!("step {}, mean of the last {} losses {mean:.4}; kept in {}", snapshot.step(), recent.len(), options.out.display());
    Ok(())
}
