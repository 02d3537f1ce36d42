//! This engine beside Burn's wgpu backend: the same model, weights, inputs and optimiser on the same adapter, in turn.
//!
//! `cargo run --release -- [mlp|tiny|small|course] [batch] [step|forward] [repeats] [FILE]`. Outputs, the loss and the change of the
//! parameters in one step of AdamW are compared before anything is timed. Burn tunes its kernels before its first steps, which takes
//! minutes on a software adapter. The file is as `scripts/performance.mjs` reads it.

mod network;

use std::collections::BTreeMap;
use std::time::Instant;

use burn::optim::{AdamW, AdamWConfig, Optimizer};
use burn::tensor::{Device, DeviceKind, Int, Tensor, TensorData};
use network::{Inputs, Param, Params, network};
use pollster::block_on;
use unnoise::gpu::{Gpu, GpuBackend};
use unnoise::plan::Backend;
use unnoise::train::race::{Race, RaceCase, RaceModel, RaceTensor};

/// Of the largest value: above it the two have not computed the same.
const TOLERANCE: f32 = 1e-3;
/// Milliseconds that one timing should take at least.
const SPAN: f64 = 400.0;

type State<const D: usize> = Option<<AdamW as Optimizer>::State<D>>;

/// A parameter's share of the optimiser.
#[derive(Default)]
struct Moments {
    one: State<1>,
    two: State<2>,
    four: State<4>,
}

struct Peer<'a> {
    given: &'a RaceCase,
    device: Device,
    optimizer: AdamW,
    params: BTreeMap<String, Param>,
    moments: BTreeMap<String, Moments>,
    inputs: Inputs,
}

/// Whether the weight is of a linear layer, which PyTorch keeps as `[out, in]`.
fn is_linear(tensor: &RaceTensor) -> bool {
    tensor.shape.len() == 2 && tensor.name != "class_embedding.weight"
}

impl<'a> Peer<'a> {
    fn new(given: &'a RaceCase) -> Self {
        let device = Device::wgpu(DeviceKind::DefaultDevice).autodiff();
        let plain = device.clone().without_autodiff();
        let training = &given.config.training;
        let config = AdamWConfig::new()
            .with_beta_1(training.beta1 as f32)
            .with_beta_2(training.beta2 as f32)
            .with_epsilon(training.epsilon as f32)
            .with_weight_decay(training.weight_decay as f32);
        let param = |t: &RaceTensor| {
            let data = TensorData::new(t.values.clone(), t.shape.clone());
            match t.shape.len() {
                1 => Param::One(Tensor::from_data(data, &plain)),
                // Transposed and laid out anew.
                2 if is_linear(t) => {
                    let transposed = (0..t.values.len()).map(|i| t.values[(i % t.shape[0]) * t.shape[1] + i / t.shape[0]]).collect();
                    Param::Two(Tensor::from_data(TensorData::new(transposed, [t.shape[1], t.shape[0]]), &plain))
                }
                2 => Param::Two(Tensor::from_data(data, &plain)),
                _ => Param::Four(Tensor::from_data(data, &plain)),
            }
        };
        let batch = given.t.len();
        let shape = given.config.images.as_ref().map_or([batch, 1, 2, 1], |i| [batch, 1, i.side, i.side]);
        let width = given.config.images.as_ref().map_or(given.config.model.time_embedding, |i| i.unet.block_out_channels[0]);
        let labels: Vec<i32> = given.labels.iter().map(|l| *l as i32).collect();
        let inputs = Inputs {
            x: Tensor::from_data(TensorData::new(given.x.clone(), shape), &device),
            waves: Tensor::from_data(TensorData::new(waves(&given.t, width), [batch, width]), &device),
            labels: Tensor::<1, Int>::from_data(TensorData::new(labels, [given.labels.len()]), &device),
            noise: Tensor::from_data(TensorData::new(given.noise.clone(), shape), &device),
        };
        let params = given.params.iter().map(|t| (t.name.clone(), param(t))).collect();
        let moments = given.params.iter().map(|t| (t.name.clone(), Moments::default())).collect();
        Peer { given, device, optimizer: config.build(), params, moments, inputs }
    }

    /// A pass without derivatives.
    fn forward(&self) -> Tensor<4> {
        let plain = |t: &Tensor<4>| t.clone().inner();
        let inputs = Inputs {
            x: plain(&self.inputs.x),
            waves: self.inputs.waves.clone().inner(),
            labels: self.inputs.labels.clone().inner(),
            noise: plain(&self.inputs.noise),
        };
        network(&Params(self.params.clone()), &self.given.config, &inputs)
    }

    /// A training step; returns the loss before it.
    fn step(&mut self) -> Tensor<1> {
        let tracked = self.params.iter().map(|(name, param)| {
            let param = match param.clone() {
                Param::One(t) => Param::One(t.autodiff().require_grad()),
                Param::Two(t) => Param::Two(t.autodiff().require_grad()),
                Param::Four(t) => Param::Four(t.autodiff().require_grad()),
            };
            (name.clone(), param)
        });
        let tracked = Params(tracked.collect());
        let output = network(&tracked, &self.given.config, &self.inputs);
        // Flat: Burn 0.22.1 fuses difference and square, and then reads a convolution's result, whose channels it keeps last, in the wrong
        // order (the difference alone is right).
        let elements = output.dims().iter().product::<usize>();
        let off = output.reshape([elements]) - self.inputs.noise.clone().reshape([elements]);
        let loss = off.square().mean();
        let mut grads = loss.backward();
        let rate = self.given.config.training.learning_rate;
        for (name, param) in tracked.0 {
            let moments = self.moments.get_mut(&name).expect("moments for every parameter");
            macro_rules! update {
                ($kind:ident, $tensor:ident, $state:ident) => {{
                    let grad = $tensor.grad_remove(&mut grads).expect("a derivative for every parameter");
                    let (updated, state) = self.optimizer.step(rate, $tensor.inner(), grad, moments.$state.take());
                    moments.$state = state;
                    Param::$kind(updated)
                }};
            }
            let updated = match param {
                Param::One(t) => update!(One, t, one),
                Param::Two(t) => update!(Two, t, two),
                Param::Four(t) => update!(Four, t, four),
            };
            self.params.insert(name, updated);
        }
        loss.inner()
    }

    /// A parameter in PyTorch's layout.
    fn read(&self, like: &RaceTensor) -> Vec<f32> {
        let data = match self.params[&like.name].clone() {
            Param::One(t) => t.into_data(),
            Param::Two(t) if is_linear(like) => t.transpose().into_data(),
            Param::Two(t) => t.into_data(),
            Param::Four(t) => t.into_data(),
        };
        data.try_to_vec().expect("floats")
    }

    fn sync(&self) {
        self.device.sync().expect("the device works");
    }

    /// Milliseconds each, all work done at both ends of the clock.
    fn time(&mut self, train: bool, times: usize) -> f64 {
        self.sync();
        let start = Instant::now();
        for _ in 0..times {
            if train {
                self.step();
            } else {
                self.forward();
            }
        }
        self.sync();
        start.elapsed().as_secs_f64() * 1e3 / times as f64
    }
}

/// Cosines, then sines of the timesteps: see `timeWaves` in `www/src/bench/peers/network.ts`.
fn waves(t: &[u32], width: usize) -> Vec<f32> {
    let half = width / 2;
    let wave = |t: u32, i: usize| {
        let angle = f64::from(t) * (-(10000f64.ln()) * (i % half) as f64 / half as f64).exp();
        (if i < half { angle.cos() } else { angle.sin() }) as f32
    };
    t.iter().flat_map(|t| (0..width).map(move |i| wave(*t, i))).collect()
}

/// `max |a - b| / max |a|`.
fn relative(pairs: impl Iterator<Item = (f32, f32)>) -> f32 {
    let (mut difference, mut largest) = (0f32, 0f32);
    for (want, got) in pairs {
        largest = largest.max(want.abs());
        let off = (want - got).abs();
        difference = if off <= difference { difference } else { off };
    }
    difference / largest
}

/// What Linux calls the processor.
fn processor() -> String {
    let said = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = said.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or_else(|| std::env::consts::ARCH.to_string(), |(_, model)| model.to_string())
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) { (sorted[middle - 1] + sorted[middle]) / 2.0 } else { sorted[middle] }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let arg = |at: usize, default: &str| args.get(at).map_or(default, String::as_str).to_string();
    let (name, batch, what) = (arg(0, "course"), arg(1, "8").parse::<usize>()?, arg(2, "step"));
    let repeats = arg(3, "5").parse::<usize>()?;
    let model: RaceModel = serde_json::from_value(name.clone().into())?;
    let train = what == "step";

    let mut backend = GpuBackend::new(block_on(Gpu::request())?);
    let race = block_on(Race::new(&mut backend, model, batch))?;
    let given = block_on(race.case(&mut backend))?;
    let mut peer = Peer::new(&given);

    let output: Vec<f32> = peer.forward().into_data().try_to_vec().map_err(|e| format!("{e:?}"))?;
    let output = relative(given.output.iter().copied().zip(output));
    let loss = peer.step().into_scalar::<f32>();
    let loss = (loss - given.loss).abs() / given.loss;
    let updates: Vec<(f32, f32)> = given
        .params
        .iter()
        .zip(&given.updated)
        .flat_map(|(before, after)| {
            let got = peer.read(before);
            (0..got.len()).map(|i| (after.values[i] - before.values[i], got[i] - before.values[i])).collect::<Vec<_>>()
        })
        .collect();
    let update = relative(updates.into_iter());
    eprintln!("differing by {output:.1e} in the output, {loss:.1e} in the loss, {update:.1e} in the parameters' change");
    if [output, loss, update].iter().any(|d| d.is_nan() || *d > TOLERANCE) {
        return Err("Burn does not compute the same: nothing is timed".into());
    }

    let mut ours = |times: usize| if train { block_on(race.train(&mut backend, times)) } else { block_on(race.forward(&mut backend, times)) };
    let often = |each: f64| ((SPAN / each).ceil() as usize).clamp(1, 64);
    // The first few are warm-up, in which Burn also tunes its kernels; then each is told how often to do it.
    ours(1)?;
    for _ in 0..3 {
        peer.time(train, 1);
    }
    let (ours_often, burn_often) = (often(ours(1)?), often(peer.time(train, 1)));
    let (mut ours_ms, mut burn_ms, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..repeats {
        let (a, b) = (ours(ours_often)?, peer.time(train, burn_often));
        eprintln!("  {a:.1} ms, Burn {b:.1} ms: {:.2}", b / a);
        ours_ms.push(a);
        burn_ms.push(b);
        ratios.push(b / a);
    }
    println!("Burn takes {:.2} times as long (median)", median(&ratios));
    if let Some(file) = args.get(4) {
        let adapter = &backend.info().name;
        let row = serde_json::json!({
            "model": name, "batch": batch, "what": what, "ours_on": adapter, "ours_ms": ours_ms,
            "peer": "Burn, wgpu", "peer_version": "0.22.1", "peer_on": adapter, "peer_ms": burn_ms,
            "max_difference": output.max(loss).max(update),
        });
        let date = chrono::Local::now().format("%Y-%m-%d").to_string();
        let command = format!("./build.sh bench burn {}", args.join(" "));
        let whole = serde_json::json!({ "date": date, "command": command, "where": processor(), "rows": [row] });
        std::fs::write(file, format!("{whole:#}\n")).map_err(|e| format!("{file}: {e}"))?;
    }
    Ok(())
}
