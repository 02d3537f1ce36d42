//! `cargo bench`: what this machine trains and samples in a second, on every backend. `bench.html` is its twin for browsers.

mod print;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use lexopt::prelude::*;
use pollster::block_on;
use serde::Serialize;
use unnoise::cpu::CpuBackend;
use unnoise::gpu::{Gpu, GpuBackend};
use unnoise::graph::Tuning;
use unnoise::plan::{Backend, Cost, DeviceKind};
use unnoise::train::bench::{Case, Depth, Event, Report, Work, cases, suite};
use unnoise::train::{sampling_cost, step_cost};

const HELP: &str = "\
usage: ./build.sh bench native [options], or cargo bench --bench engine -- [options]

  --quick           a first answer in half a minute
  --full            all batches on every backend, and how cost grows; takes many minutes where there is no GPU
  --only PATTERN    only cases whose name contains this: train/course, sample, growth, …; several may be given
  --backend NAME    cpu or webgpu (default both)
  --json FILE       write everything that was measured";

/// Everything, for programs.
#[derive(Serialize)]
struct Whole {
    date: String,
    command: String,
    machine: String,
    /// What every case computes and moves with the kernels that a GPU is given; measured or not.
    plans: Vec<Planned>,
    backends: Vec<Report>,
}

#[derive(Serialize)]
struct Planned {
    name: String,
    cost: Cost,
}

fn plans() -> Result<Vec<Planned>, Box<dyn Error>> {
    let mut plans = Vec::new();
    for Case { name, work } in cases(Depth::Full, DeviceKind::Gpu) {
        let cost = match &work {
            Work::Training(config) => step_cost(config, &Tuning::GPU)?,
            Work::Sampling(config, options) => sampling_cost(config, options, &Tuning::GPU)?,
            Work::Growth(_) => continue,
        };
        plans.push(Planned { name, cost });
    }
    Ok(plans)
}

struct Options {
    depth: Depth,
    only: Vec<String>,
    backend: Option<String>,
    json: Option<PathBuf>,
}

fn options() -> Result<Option<Options>, Box<dyn Error>> {
    let mut given = Options { depth: Depth::Standard, only: Vec::new(), backend: None, json: None };
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Long("quick") => given.depth = Depth::Quick,
            Long("full") => given.depth = Depth::Full,
            Long("only") => given.only.push(parser.value()?.string()?),
            Long("backend") => given.backend = Some(parser.value()?.string()?),
            Long("json") => given.json = Some(parser.value()?.into()),
            // Cargo says so to every bench.
            Long("bench") => {}
            Long("help") | Short('h') => return Ok(None),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(given))
}

fn backends(wanted: Option<&str>) -> Result<Vec<Box<dyn Backend>>, Box<dyn Error>> {
    let mut found: Vec<Box<dyn Backend>> = Vec::new();
    if wanted.is_none_or(|name| name == "cpu") {
        found.push(Box::new(CpuBackend::<f32>::new()));
    }
    if wanted.is_none_or(|name| name == "webgpu") {
        match block_on(Gpu::request()) {
            Ok(gpu) => found.push(Box::new(GpuBackend::new(gpu))),
            Err(error) if wanted.is_some() => return Err(error.into()),
            Err(error) => println!("{error}"),
        }
    }
    if found.is_empty() {
        return Err(format!("--backend: “{}” is unknown: choose cpu or webgpu", wanted.unwrap_or_default()).into());
    }
    Ok(found)
}

fn run(given: &Options) -> Result<(), Box<dyn Error>> {
    let (date, machine) = (today()?, machine());
    println!("{date}, {machine}");
    let mut reports = Vec::new();
    for mut backend in backends(given.backend.as_deref())? {
        let mut wanted = cases(given.depth, backend.info().kind);
        wanted.retain(|case| given.only.is_empty() || given.only.iter().any(|part| case.name.contains(part.as_str())));
        if wanted.is_empty() {
            return Err(format!("--only: no case is called like {}", given.only.join(" or ")).into());
        }
        let report = block_on(suite(backend.as_mut(), &wanted, given.depth, &mut |event| match event {
            Event::Peaks { adapter, peaks } => print::peaks(adapter, peaks),
            Event::Began { name, .. } => eprintln!("  {name} …"),
            Event::Ended { outcome } => print::outcome(outcome),
        }))?;
        print::analysis(&report);
        reports.push(report);
    }
    if let Some(path) = &given.json {
        let command = std::env::args().skip(1).filter(|arg| arg != "--bench").collect::<Vec<_>>().join(" ");
        let command = format!("./build.sh bench native {command}").trim().to_string();
        let whole = Whole { date, command, machine, plans: plans()?, backends: reports };
        write(path, &serde_json::to_string(&whole)?)?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let fault = |e: std::io::Error| format!("{}: {e}", path.display());
    // A bench runs in the folder of its crate: so are paths understood.
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(fault)?;
    }
    fs::write(path, format!("{text}\n")).map_err(fault)
}

/// The date in Greenwich, as 2026-01-31.
fn today() -> Result<String, Box<dyn Error>> {
    let days = (SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() / 86_400) as i64;
    // Years that begin in March end with their leap day; 719,468 days lie between 0000-03-01 and 1970-01-01.
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let (day, month) = (of_year - (153 * shifted + 2) / 5 + 1, if shifted < 10 { shifted + 3 } else { shifted - 9 });
    Ok(format!("{:04}-{month:02}-{day:02}", era * 400 + year + i64::from(month <= 2)))
}

/// What the system says of the processor.
fn machine() -> String {
    let said = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = said.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map(|(_, model)| model.to_string());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    format!("{}, {cores} cores, {os} {arch}", model.as_deref().unwrap_or("a processor without a name"))
}

fn main() -> ExitCode {
    let done = match options() {
        Ok(Some(given)) => run(&given),
        Ok(None) => {
            println!("{HELP}");
            Ok(())
        }
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
