//! Reads a diffusers folder, runs its model, and writes it again: one half of `tests/python/round_trip.py`.
//!
//!     cargo run --release --example folder -- check <folder in> <folder out>

#[path = "common/mod.rs"]
mod common;
#[path = "../tests/common/forward.rs"]
mod forward;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use common::{Arguments, read_folder, write_file};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use unnoise::train::FILES;

const HELP: &str = "\
usage: cargo run --release --example folder -- check IN OUT [options]

Loads the diffusers folder IN, runs its model on IN/input.safetensors (x f32 [B, C, H, W], t i32 [B] and, if the model takes
labels, class_labels i32 [B]), and writes to OUT the same model as a folder of its own, and output.safetensors
(output f32 [B, C, H, W]).

  --backend NAME    gpu, cpu, or auto (default): a GPU if there is one";

/// Channels last, from `[batch, channels, pixels]`; the inverse is the same with both extents exchanged.
fn swap(values: &[f32], batch: usize, channels: usize) -> Vec<f32> {
    let pixels = values.len().checked_div(batch * channels).unwrap_or(0);
    let mut out = Vec::with_capacity(values.len());
    for image in values.chunks_exact((pixels * channels).max(1)) {
        out.extend((0..pixels).flat_map(|pixel| (0..channels).map(move |channel| image[channel * pixels + pixel])));
    }
    out
}

/// Words of a tensor of that type, and its shape.
fn words(file: &SafeTensors<'_>, name: &str, dtype: Dtype) -> Result<(Vec<u32>, Vec<usize>), String> {
    let view = file.tensor(name).map_err(|_| format!("input.safetensors: {name} is missing"))?;
    if view.dtype() != dtype {
        return Err(format!("input.safetensors: {name} is {:?}, expected {dtype:?}", view.dtype()));
    }
    let words = view.data().chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    Ok((words, view.shape().to_vec()))
}

/// Integers that count something.
fn integers(file: &SafeTensors<'_>, name: &str) -> Result<Vec<u32>, String> {
    let (words, _) = words(file, name, Dtype::I32)?;
    match words.iter().find(|w| **w > i32::MAX as u32) {
        Some(negative) => Err(format!("input.safetensors: {name} holds {}", *negative as i32)),
        None => Ok(words),
    }
}

fn check(source: &Path, target: &Path, backend: &str) -> Result<(), Box<dyn Error>> {
    let folder = read_folder(source)?;
    let path = source.join("input.safetensors");
    let bytes = fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let file = SafeTensors::deserialize(&bytes).map_err(|e| format!("{}: {e}", path.display()))?;
    let (x, shape) = words(&file, "x", Dtype::F32)?;
    let t = integers(&file, "t")?;
    let unet = &folder.unet;
    let wanted = [t.len(), unet.in_channels, unet.sample_size, unet.sample_size];
    if shape != wanted {
        return Err(format!("input.safetensors: x is {shape:?}, the model and t want {wanted:?}").into());
    }
    let x: Vec<f32> = x.into_iter().map(f32::from_bits).collect();
    let labels = if unet.takes_labels() { Some(integers(&file, "class_labels")?) } else { None };
    let mut backend = common::backend(backend)?;
    let output = forward::output(backend.as_mut(), &folder, &swap(&x, t.len(), unet.in_channels), &t, labels.as_deref())?;

    for (name, bytes) in FILES.iter().zip(folder.write()?) {
        write_file(&target.join(name), &bytes)?;
    }
    let pixels = unet.sample_size * unet.sample_size;
    let bytes: Vec<u8> = swap(&output, t.len(), pixels).iter().flat_map(|v| v.to_le_bytes()).collect();
    let view = TensorView::new(Dtype::F32, vec![t.len(), unet.out_channels, unet.sample_size, unet.sample_size], &bytes)?;
    write_file(&target.join("output.safetensors"), &safetensors::serialize([("output", view)], None)?)?;
    println!("{}: {} images, kept in {}", backend.info().name, t.len(), target.display());
    Ok(())
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = Arguments::read(HELP)?;
    let backend = arguments.value("backend").unwrap_or_else(|| "auto".into());
    let words = [arguments.word(), arguments.word(), arguments.word()];
    arguments.finish()?;
    match words {
        [Some(verb), Some(source), Some(target)] if verb == "check" => check(source.as_ref(), target.as_ref(), &backend),
        [Some(verb), ..] if verb != "check" => Err(format!("“{verb}” is unknown: the one thing to do is check; --help tells more").into()),
        _ => Err("expected: check IN OUT; --help tells more".into()),
    }
}

fn main() -> ExitCode {
    common::program(run)
}
