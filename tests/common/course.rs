//! The course's U-Net, trained on the images, timesteps and noise of a file that `tests/python/make_course_fixtures.py` wrote.
//!
//! Shared by the test and by the example `follow`; `fixture.rs` and `step.rs` must be modules beside it.

use std::collections::{BTreeMap, HashMap};

use pollster::block_on;
use unnoise::Result;
use unnoise::diffusion::{BetaSchedule, ForwardTable, Schedule, ScheduleConfig};
use unnoise::graph::ops::pixels::image_words;
use unnoise::graph::ops::state::scalar;
use unnoise::graph::{Graph, TensorType};
use unnoise::nn::UnetConfig;
use unnoise::plan::{Backend, BufferId, HostSlice, Plan, Region};
use unnoise::threefry::Stream;

use super::fixture::{Fixture, SEED, adamw, fingerprint, weights};
use super::step::optimise;

/// Stream of the noise.
const NOISE: u32 = 3;
/// Steps of the noise schedule.
const TIMESTEPS: usize = 1000;

/// One step as the course takes it; which images, timesteps and noise stands in resources.
fn step_graph(config: &UnetConfig, batch: usize, images: usize) -> Result<Graph> {
    let mut g = Graph::new();
    let shape = [config.sample_size, config.sample_size, config.in_channels];
    let squared = ScheduleConfig { beta_schedule: BetaSchedule::SquaredcosCapV2, ..ScheduleConfig::default() };
    let pairs = ForwardTable::new(&Schedule::new(&squared)?).pairs_f32();
    let table = g.constant([TIMESTEPS, 2], &pairs.into_iter().flatten().map(f64::from).collect::<Vec<_>>())?;
    let pixels = g.resource("pixels", TensorType::u32([images, image_words(shape)]))?;
    let index = g.resource("index", TensorType::u32([batch]))?;
    let t = g.resource("t", TensorType::u32([batch]))?;
    let x0 = g.gather_pixels(pixels, index, shape)?;
    let noise = g.resource("noise", g.ty(x0).clone())?;
    let xt = g.blend(x0, noise, t, table)?;
    let prediction = config.build(&mut g, xt, t, None)?;
    let loss = g.mse(prediction, noise, None)?;
    optimise(&mut g, loss)?;
    Ok(g)
}

/// The losses of the first `steps` steps, each before its update. `each` is told every one of them.
///
/// # Panics
/// If the file lacks something, or numbers that both sides draw are not the same.
pub fn losses(backend: &mut dyn Backend, fixture: &Fixture, steps: usize, mut each: impl FnMut(usize, f32)) -> Result<Vec<f32>> {
    let config = UnetConfig::from_diffusers(fixture.text("config"))?;
    let batch: usize = fixture.json("batch");
    let size = config.sample_size * config.sample_size * config.in_channels;
    let words: Vec<u32> = fixture.integers("images");
    let graph = step_graph(&config, batch, 4 * words.len() / size)?;
    let plan = Plan::compile(&graph, &backend.tuning())?;
    let mut ids: BTreeMap<String, BufferId> = BTreeMap::new();
    for resource in &plan.resources {
        ids.insert(resource.name.clone(), backend.allocate(&resource.name, resource.dtype, resource.len)?);
    }
    let prints: HashMap<String, String> = fixture.json("fingerprints");
    // The order of the state dict stands in the fixture of the same model's gradients.
    let parameters: Vec<(String, Vec<usize>)> = Fixture::open("unet_course").json("parameters");
    assert_eq!(parameters.len(), graph.params().iter().count(), "parameters");
    let mut arena = vec![0.0; graph.params().arena_len(true)];
    for (index, (name, _)) in parameters.iter().enumerate() {
        let values = weights(&parameters, index);
        assert_eq!(fingerprint(&values), prints[name], "{name}");
        let param = graph.params().get(name).unwrap_or_else(|| panic!("the model has no {name}"));
        param.write(&values, &mut arena);
    }
    backend.write(ids["param"], 0, HostSlice::F32(&arena))?;
    backend.write(ids["scalars"], 0, HostSlice::F32(&adamw(0.0)))?;
    backend.write(ids["pixels"], 0, HostSlice::U32(&words))?;
    let program = block_on(backend.load(&plan, &ids))?;

    let times = fixture.integers("timesteps");
    let mut losses = Vec::new();
    for step in 0..steps {
        let mut random = Stream::new(SEED, NOISE, step as u32);
        let noise: Vec<f32> = (0..batch * size).map(|_| random.normal() as f32).collect();
        let here: Vec<u32> = (step * batch..(step + 1) * batch).map(|i| i as u32).collect();
        // One channel: [B, 1, H, W] and [B, H, W, 1] are the same numbers in the same order.
        backend.write(ids["noise"], 0, HostSlice::F32(&noise))?;
        backend.write(ids["index"], 0, HostSlice::U32(&here))?;
        backend.write(ids["t"], 0, HostSlice::U32(&times[step * batch..(step + 1) * batch]))?;
        backend.run(&[(program, 1)])?;
        let region = Region { buffer: ids["scalars"], offset: scalar::LOSS, len: 1 };
        let loss = block_on(backend.read(&[region]))?.remove(0).floats()[0];
        each(step, loss);
        losses.push(loss);
    }
    Ok(losses)
}

/// The largest relative deviation of `got` from the fixture's losses, and the step it is at.
pub fn largest_deviation(got: &[f32], fixture: &Fixture) -> (f64, usize) {
    let wanted = fixture.floats("losses");
    let off = got.iter().zip(&wanted).map(|(g, w)| (f64::from(*g) / f64::from(*w) - 1.0).abs());
    off.enumerate().map(|(step, off)| (off, step)).fold((0.0, 0), |worst, now| if now.0 > worst.0 { now } else { worst })
}
