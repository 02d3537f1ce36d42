//! Draws images from a model: a diffusers folder, or the checkpoint of a run. Writes them as one PNG and, if asked, as numbers.
//!
//!     cargo run --release --example sample -- --folder runs/mnist-small --out grid.png --labels all
//!
//! `--help` lists all options.

#[path = "common/mod.rs"]
mod common;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use common::{Arguments, named, read_folder, write_file};
use indicatif::{ProgressBar, ProgressStyle};
use pollster::block_on;
use unnoise::diffusion::SamplerName;
use unnoise::plan::Backend;
use unnoise::train::{ImageConfig, ImageDataset, OptimizerConfig, SampleOptions, Sampler, Snapshot, Trainer};

const HELP: &str = "\
usage: cargo run --release --example sample -- --folder MODEL [options]

  --folder MODEL      a folder of diffusers' (that of a pipeline, or of a model alone), or a checkpoint such as run.safetensors
  --out FILE          the PNG of all images in a grid (default grid.png)
  --npy FILE          the images as numbers too: float32 [num, side, side, channels], about -1 to 1
  --num N             images (default 80)
  --columns N         images in a row of the grid (default 10)
  --label N           draw this class only
  --labels LIST       classes in turn: all, or numbers such as 0,1,7; without either the model is told no class
  --guidance X        classifier-free guidance towards the classes; 1 (default) is off
  --steps N           evaluations of the model per image (default 50)
  --sampler NAME      ddim (default), ddpm, euler, euler_ancestral, heun, dpmpp or lms
  --with LIST         further options of samplers as docs/sampling.md names them, such as solver_order=3,use_karras_sigmas=true
  --eta X             of ddim: share of fresh noise, 0 to 1 (default): it mends what early steps got wrong
  --seed N            of the noise (default 1)
  --weights NAME      of a checkpoint: ema (default), the moving average, or raw
  --batch-size N      images at once (default 256); each such batch has a seed of its own, one more than the last
  --backend NAME      gpu, cpu, or auto (default): a GPU if there is one";

/// Pixels between the images of the grid, and their grey.
const GAP: (usize, u8) = (2, 64);

struct Options {
    model: PathBuf,
    out: PathBuf,
    npy: Option<PathBuf>,
    columns: usize,
    labels: Option<String>,
    backend: String,
    /// Of all images; the labels are not yet set.
    sample: SampleOptions,
    batch: usize,
}

fn options() -> Result<Options, Box<dyn Error>> {
    let mut given = Arguments::read(HELP)?;
    let model = given.value("folder").ok_or("--folder is missing: name a folder of diffusers', or a checkpoint; --help tells more")?;
    let out = given.value("out").unwrap_or_else(|| "grid.png".into()).into();
    let npy = given.value("npy").map(PathBuf::from);
    let columns = given.parsed("columns")?.unwrap_or(10);
    let labels = match (given.value("label"), given.value("labels")) {
        (Some(_), Some(_)) => return Err("--label and --labels cannot both be given".into()),
        (one, many) => one.or(many),
    };
    let backend = given.value("backend").unwrap_or_else(|| "auto".into());
    let default = SampleOptions { num_samples: 80, clip_sample: true, max_frames: 2, ..SampleOptions::default() };
    let sampler = given.value("sampler").map_or(Ok(default.sampler), |name| named("--sampler", &name))?;
    // The others have no clipping in diffusers, and refuse it here.
    let clip_sample = matches!(sampler, SamplerName::Ddim | SamplerName::Ddpm | SamplerName::Heun);
    let more = given.value("with");
    let sample = SampleOptions {
        num_samples: given.parsed("num")?.unwrap_or(default.num_samples),
        num_inference_steps: given.parsed("steps")?.unwrap_or(default.num_inference_steps),
        sampler,
        clip_sample,
        eta: given.parsed("eta")?.unwrap_or(1.0),
        seed: given.parsed("seed")?.unwrap_or(default.seed),
        guidance_scale: given.parsed("guidance")?.unwrap_or(default.guidance_scale),
        weights: given.value("weights").map_or(Ok(default.weights), |name| named("--weights", &name))?,
        ..default
    };
    let sample = with(sample, more.as_deref().unwrap_or_default())?;
    let batch = given.parsed("batch-size")?.unwrap_or(256);
    given.finish()?;
    for (name, number) in [("num", sample.num_samples), ("columns", columns), ("batch-size", batch)] {
        if number == 0 {
            return Err(format!("--{name}: 0 makes no images: choose 1 or more").into());
        }
    }
    if sample.guidance_scale != 1.0 && labels.is_none() {
        return Err("--guidance leads towards a class: give --label or --labels too".into());
    }
    Ok(Options { model: model.into(), out, npy, columns, labels, backend, sample, batch })
}

/// The options with those of a list of `key=value`; values are JSON, or names.
fn with(options: SampleOptions, list: &str) -> Result<SampleOptions, Box<dyn Error>> {
    let mut all = serde_json::to_value(options)?;
    for pair in list.split(',').filter(|pair| !pair.trim().is_empty()) {
        let (key, value) = pair.split_once('=').ok_or_else(|| format!("--with: “{pair}” is no key=value"))?;
        let value = serde_json::from_str(value.trim()).unwrap_or_else(|_| value.trim().into());
        all[key.trim()] = value;
    }
    Ok(serde_json::from_value(all).map_err(|e| format!("--with: {e}"))?)
}

/// The model as a run, with next to no room for training.
fn load(path: &Path) -> Result<Snapshot, Box<dyn Error>> {
    let mut snapshot = if path.is_dir() {
        // The set says where a run goes on learning; sampling knows nothing of it.
        read_folder(path)?.snapshot(ImageDataset::Own, OptimizerConfig { batch_size: 1, ..OptimizerConfig::default() })?
    } else {
        let bytes = fs::read(path).map_err(|e| format!("--folder {}: {e}", path.display()))?;
        Snapshot::from_bytes(&bytes).map_err(|e| format!("{}: {e}", path.display()))?
    };
    let images = snapshot.config.images.as_mut().ok_or_else(|| format!("{}: this run learns points, not images", path.display()))?;
    (images.count, snapshot.config.training.batch_size) = (1, 1);
    Ok(snapshot)
}

/// The class of each of `count` images; none at all if none are asked for.
fn classes(text: Option<&str>, images: &ImageConfig, count: usize) -> Result<Vec<u32>, String> {
    let list: Vec<u32> = match text {
        None => return Ok(Vec::new()),
        Some("all") => (0..images.classes as u32).collect(),
        Some(text) => {
            let number = |word: &str| word.trim().parse().map_err(|_| format!("--labels: “{word}” is no class"));
            text.split(',').map(number).collect::<Result<_, _>>()?
        }
    };
    Ok(list.into_iter().cycle().take(count).collect())
}

fn draw(options: &Options, snapshot: &Snapshot, images: &ImageConfig, backend: &mut dyn Backend) -> Result<Vec<f32>, Box<dyn Error>> {
    let trainer = block_on(Trainer::start(backend, snapshot))?;
    let num = options.sample.num_samples;
    let (batch, size) = (options.batch.min(num), images.side * images.side * images.channels);
    // The last batch is as large as the others, so that one program draws them all.
    let labels = classes(options.labels.as_deref(), images, num.next_multiple_of(batch))?;
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} images, {elapsed_precise} gone, {eta_precise} left")?;
    let bar = ProgressBar::new(num as u64).with_style(style);
    let (mut kept, mut drawn) = (None, Vec::with_capacity(num * size));
    for (i, first) in (0..num).step_by(batch).enumerate() {
        let part = SampleOptions {
            num_samples: batch,
            seed: options.sample.seed.wrapping_add(i as u32),
            labels: labels.get(first..first + batch).unwrap_or_default().to_vec(),
            ..options.sample.clone()
        };
        let run = block_on(async { Sampler::run(&mut kept, backend, &trainer, &part).await?.await })?;
        drawn.extend_from_slice(run.last());
        bar.set_position((first + batch).min(num) as u64);
    }
    bar.finish_and_clear();
    drawn.truncate(num * size);
    match drawn.iter().position(|v| !v.is_finite()) {
        Some(at) => Err(format!("image {} holds {}: the model's weights are no good", at / size, drawn[at]).into()),
        None => Ok(drawn),
    }
}

/// All images in rows of `columns`, as a PNG.
fn grid(values: &[f32], side: usize, channels: usize, columns: usize) -> Result<Vec<u8>, png::EncodingError> {
    let (count, gap) = (values.len() / (side * side * channels), GAP.0);
    let columns = columns.min(count);
    let (width, height) = (columns * (side + gap) + gap, count.div_ceil(columns) * (side + gap) + gap);
    let mut pixels = vec![GAP.1; width * height * channels];
    for (i, row) in values.chunks_exact(side * channels).enumerate() {
        let (image, y) = (i / side, i % side);
        let (top, left) = (image / columns * (side + gap) + gap + y, image % columns * (side + gap) + gap);
        let at = (top * width + left) * channels;
        for (pixel, value) in pixels[at..at + side * channels].iter_mut().zip(row) {
            *pixel = ((value + 1.0) * 127.5).round().clamp(0.0, 255.0) as u8;
        }
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(if channels == 3 { png::ColorType::Rgb } else { png::ColorType::Grayscale });
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(bytes)
}

/// NumPy's format, version 1.0.
fn npy(values: &[f32], shape: [usize; 4]) -> Vec<u8> {
    let [n, height, width, channels] = shape;
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({n}, {height}, {width}, {channels}), }}");
    // Magic, version, length and header end at a multiple of 64, with a line feed.
    header.push_str(&" ".repeat(63 - (10 + header.len()) % 64));
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    bytes
}

fn run() -> Result<(), Box<dyn Error>> {
    let options = options()?;
    let snapshot = load(&options.model)?;
    let images = snapshot.config.images.clone().ok_or("no model of images")?;
    let mut backend = common::backend(&options.backend)?;
    println!("{}, {} parameters, step {}", backend.info().name, snapshot.parameters(), snapshot.step());
    let drawn = draw(&options, &snapshot, &images, backend.as_mut())?;
    write_file(&options.out, &grid(&drawn, images.side, images.channels, options.columns)?)?;
    println!("{} images in {}", options.sample.num_samples, options.out.display());
    if let Some(path) = &options.npy {
        write_file(path, &npy(&drawn, [options.sample.num_samples, images.side, images.side, images.channels]))?;
        println!("and as numbers in {}", path.display());
    }
    Ok(())
}

fn main() -> ExitCode {
    common::program(run)
}
