//! Comparison with numbers that diffusers produced: `tests/python/make_scheduler_fixtures.py` made the file and records the
//! versions and the seed in it.

use super::{BetaSchedule, SamplerConfig, SamplerName, Schedule, ScheduleConfig, TimestepSpacing, VarianceType, timesteps};
use serde::Deserialize;
use std::collections::BTreeMap;

const FIXTURE: &str = include_str!("../../tests/fixtures/diffusers_schedulers.json");

#[derive(Deserialize)]
struct Fixture {
    beta_indices: Vec<usize>,
    /// Schedule name, then dtype.
    tables: BTreeMap<BetaSchedule, BTreeMap<String, Tables>>,
    timestep_lists: Vec<TimestepList>,
    // Read as f32: nine digits name the float32 number that diffusers was given.
    sample: [f32; 3],
    model_output: [f32; 3],
    noise: [f32; 3],
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Tables {
    betas: Vec<f64>,
    alphas_cumprod: Vec<f64>,
}

#[derive(Deserialize)]
struct TimestepList {
    timestep_spacing: TimestepSpacing,
    num_inference_steps: usize,
    length: usize,
    timesteps: Vec<usize>,
    weighted_sum: usize,
}

#[derive(Deserialize)]
struct Run {
    sampler: SamplerName,
    beta_schedule: BetaSchedule,
    timestep_spacing: TimestepSpacing,
    num_inference_steps: usize,
    eta: f64,
    variance_type: VarianceType,
    dtype: String,
    /// (step's index, timestep, x_prev).
    outputs: Vec<(usize, usize, [f64; 3])>,
    /// Model output and noise of every step of a chain; absent where each step starts from the common vectors.
    inputs: Option<Vec<[[f32; 3]; 2]>>,
}

fn fixture() -> Fixture {
    serde_json::from_str(FIXTURE).unwrap()
}

fn schedule(beta_schedule: BetaSchedule) -> Schedule {
    Schedule::new(&ScheduleConfig { beta_schedule, ..ScheduleConfig::default() }).unwrap()
}

/// Relative error bound of a dtype: a few roundings of a stock float32 table, or of float64. `1 - ᾱ` and the like lose
/// digits by cancellation at the first timesteps.
fn tolerance(dtype: &str) -> f64 {
    if dtype == "float32" { 1e-5 } else { 1e-12 }
}

#[test]
fn schedules() {
    let fixture = fixture();
    assert_eq!(fixture.tables.len(), 2);
    for (name, by_dtype) in &fixture.tables {
        let ours = schedule(*name);
        for (dtype, theirs) in by_dtype {
            let bound = tolerance(dtype);
            for (row, &t) in fixture.beta_indices.iter().enumerate() {
                // Relative: ᾱ spans eight orders of magnitude. Late cosine betas amplify float32 roundings of early ones.
                let relative = |a: f64, b: f64| (a - b).abs() / b;
                assert!(relative(ours.betas[t], theirs.betas[row]) < bound, "{name:?} {dtype} β_{t}");
                let late = if dtype == "float32" { 3.0 } else { 1.0 };
                assert!(relative(ours.alphas_cumprod[t], theirs.alphas_cumprod[row]) < late * bound, "{name:?} {dtype} ᾱ_{t}");
            }
        }
    }
}

#[test]
fn timestep_lists() {
    for theirs in fixture().timestep_lists {
        let ours = timesteps(1000, theirs.num_inference_steps, theirs.timestep_spacing, 0).unwrap();
        let name = format!("{} {:?}", theirs.num_inference_steps, theirs.timestep_spacing);
        assert_eq!(ours.len(), theirs.length, "{name}");
        let shown = if ours.len() <= 50 { ours.clone() } else { [&ours[..5], &ours[ours.len() - 5..]].concat() };
        assert_eq!(shown, theirs.timesteps, "{name}");
        assert_eq!(ours.iter().zip(1..).map(|(t, i)| t * i).sum::<usize>(), theirs.weighted_sum, "{name}");
    }
}

#[test]
fn every_step_of_every_sampler() {
    let fixture = fixture();
    let mut compared = 0;
    let mut worst = BTreeMap::from([("float32", 0.0f64), ("float64", 0.0)]);
    for run in &fixture.runs {
        let schedule = schedule(run.beta_schedule);
        let config = SamplerConfig {
            sampler: run.sampler,
            num_inference_steps: run.num_inference_steps,
            timestep_spacing: run.timestep_spacing,
            eta: run.eta,
            variance_type: run.variance_type,
            ..SamplerConfig::default()
        };
        let steps = config.table(&schedule).unwrap().rows;
        let sample = fixture.sample.map(f64::from);
        let mut chained = sample;
        for (index, timestep, theirs) in &run.outputs {
            let step = steps[*index];
            assert_eq!(step.timestep, *timestep as f64);
            let inputs = run.inputs.as_ref().map_or([fixture.model_output, fixture.noise], |inputs| inputs[*index]);
            let [output, noise] = inputs.map(|v| v.map(f64::from));
            let x = if run.inputs.is_some() { chained } else { sample };
            // diffusers' DDPM stops adding noise at t = 0, not at the last step: where the list ends above 0 it noises the
            // result. Algorithm 2 does not.
            let noised = run.sampler == SamplerName::Ddpm && step.next.is_none() && *timestep > 0;
            let extra = match run.variance_type {
                _ if !noised => 0.0,
                VarianceType::FixedSmall | VarianceType::FixedSmallLog => 1e-10,
                VarianceType::FixedLarge | VarianceType::FixedLargeLog => schedule.beta_between(*timestep, None).sqrt(),
            };
            chained = [0, 1, 2].map(|i| step.c_x * x[i] + step.c_m * output[i] + step.c_z * noise[i]);
            // The stock DDPM forms its weights of x̂_0 and x, β/(1-ᾱ_t) and (1-ᾱ_s)/(1-ᾱ_t), from differences of float32
            // numbers near 1, each off by up to 2⁻²³: that much over 1-ᾱ_t, which matters below t ≈ 25.
            let cancelled = if run.dtype == "float32" { 2f64.powi(-23) / (1.0 - schedule.alphas_cumprod[*timestep]) } else { 0.0 };
            for i in 0..3 {
                let error = (chained[i] + extra * noise[i] - theirs[i]).abs() / theirs[i].abs().max(1.0);
                assert!(error < tolerance(&run.dtype) + cancelled, "{config:?} {} step {index}: off by {error:.1e}", run.dtype);
                let seen = worst.get_mut(run.dtype.as_str()).unwrap();
                *seen = seen.max(error);
            }
            compared += 1;
        }
    }
    println!("{compared} steps of {} runs compared; largest relative errors {worst:?}", fixture.runs.len());
    assert!(fixture.runs.len() >= 60 && compared > 1000, "{compared}");
}
