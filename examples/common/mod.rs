//! What the examples share.
#![allow(dead_code, reason = "each example uses its share")]

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::str::FromStr;

use lexopt::prelude::*;
use pollster::block_on;
use serde::Serialize;
use serde::de::DeserializeOwned;
use unnoise::cpu::CpuBackend;
use unnoise::gpu::{Gpu, GpuBackend};
use unnoise::plan::{Backend, DeviceKind};
use unnoise::train::{FILES, Folder};

/// What stands on the command line: options `--name value`, and words.
pub struct Arguments {
    options: Vec<(String, String)>,
    words: std::collections::VecDeque<String>,
}

impl Arguments {
    /// Reads the command line; with `--help` prints `help` and ends the program.
    pub fn read(help: &str) -> Result<Arguments, Box<dyn Error>> {
        let mut arguments = Arguments { options: Vec::new(), words: std::collections::VecDeque::new() };
        let mut parser = lexopt::Parser::from_env();
        while let Some(arg) = parser.next()? {
            match arg {
                Long("help") | Short('h') => {
                    println!("{help}");
                    std::process::exit(0);
                }
                Long(name) => {
                    let name = name.to_string();
                    arguments.options.push((name, parser.value()?.string()?));
                }
                Value(word) => arguments.words.push_back(word.string()?),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(arguments)
    }

    /// The next word.
    pub fn word(&mut self) -> Option<String> {
        self.words.pop_front()
    }

    /// The value of an option, if it is given.
    pub fn value(&mut self, name: &str) -> Option<String> {
        let at = self.options.iter().position(|(given, _)| given == name)?;
        Some(self.options.remove(at).1)
    }

    /// The same as a number.
    pub fn parsed<T: FromStr>(&mut self, name: &str) -> Result<Option<T>, String> {
        let number = |text: String| text.parse().map_err(|_| format!("--{name}: “{text}” is no number that can be used"));
        self.value(name).map(number).transpose()
    }

    /// Complains of what nobody asked for.
    pub fn finish(self) -> Result<(), String> {
        match (self.options.first(), self.words.front()) {
            (Some((name, _)), _) => Err(format!("--{name} is unknown, or given twice; --help lists the options")),
            (None, Some(word)) => Err(format!("“{word}” is too much; --help tells what to give")),
            (None, None) => Ok(()),
        }
    }
}

/// Runs a program; what it fails with is printed as it reads, and the exit code is 1.
pub fn program(work: impl FnOnce() -> Result<(), Box<dyn Error>>) -> ExitCode {
    match work() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A model as diffusers keeps it: the folder of a pipeline, or that of a model alone.
pub fn read_folder(path: &Path) -> Result<Folder, Box<dyn Error>> {
    let [config, weights, scheduler] = if path.join(FILES[0]).exists() {
        [0, 1, 2].map(|i| path.join(FILES[i]))
    } else {
        ["config.json", "diffusion_pytorch_model.safetensors", "scheduler_config.json"].map(|name| path.join(name))
    };
    if !config.exists() {
        return Err(format!("{}: holds neither {} nor config.json: it is no folder of diffusers'", path.display(), FILES[0]).into());
    }
    let fault = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    let text = |path: &Path| fs::read_to_string(path).map_err(|e| fault(path, e));
    let schedule = if scheduler.exists() { Some(text(&scheduler)?) } else { None };
    let bytes = fs::read(&weights).map_err(|e| fault(&weights, e))?;
    let read = Folder::read(&text(&config)?, &bytes, schedule.as_deref());
    Ok(read.map_err(|e| format!("{}: {e}", path.display()))?)
}

/// Writes a file, and the folders above it where they are missing.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let fault = |e: std::io::Error| format!("{}: {e}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(fault)?;
    }
    fs::write(path, bytes).map_err(fault)
}

/// A value by its name in configurations.
pub fn named<T: DeserializeOwned>(option: &str, name: &str) -> Result<T, String> {
    serde_json::from_value(serde_json::Value::String(name.into())).map_err(|e| format!("{option}: {e}"))
}

/// The name of such a value.
pub fn name_of(value: &impl Serialize) -> Result<String, String> {
    let text = serde_json::to_string(value).map_err(|e| e.to_string())?;
    Ok(text.trim_matches('"').to_string())
}

/// The backend called `gpu`, `cpu` or `auto`: a GPU if there is one, else the CPU, which is quicker than a GPU in software.
pub fn backend(name: &str) -> Result<Box<dyn Backend>, Box<dyn Error>> {
    let gpu = || block_on(Gpu::request()).map(GpuBackend::new);
    Ok(match name {
        "cpu" => Box::new(CpuBackend::<f32>::new()),
        "gpu" => Box::new(gpu()?),
        "auto" => match gpu() {
            Ok(gpu) if gpu.info().kind == DeviceKind::Gpu => Box::new(gpu),
            _ => Box::new(CpuBackend::<f32>::new()),
        },
        other => return Err(format!("--backend: “{other}” is unknown: choose gpu, cpu or auto").into()),
    })
}
