//! Every step of every sampler against diffusers: `tests/python/make_scheduler_fixtures.py` made the numbers, records the versions,
//! and says what of diffusers cannot be compared and why.
//!
//! All is compared in the process's own space, `x = signal · x_0 + noise · ε`: what diffusers' Euler, Heun, LMS and ancestral schedulers
//! return is `x/signal`, and is multiplied by the signal of the level that the step ends at.
#![cfg(not(target_arch = "wasm32"))]

#[allow(dead_code, reason = "other tests use the rest")]
#[path = "common/fixture.rs"]
mod fixture;

use std::collections::BTreeMap;

use fixture::Fixture;
use serde::Deserialize;
use serde_json::{Value, json};
use unnoise::diffusion::{
    Clip, PredictionType, SampleState, SamplerConfig, SamplerName, SamplerTable, Schedule, ScheduleConfig, TimestepSpacing,
    read_scheduler_config,
};
use unnoise::threefry::Stream;

/// Numbers per sample.
const SIZE: usize = 6;
/// Streams of the script.
const START: u32 = 2;
const OUTPUT: u32 = 3;
const NOISE: u32 = 4;

#[derive(Deserialize)]
struct Case {
    class: String,
    config: serde_json::Map<String, Value>,
    run: Run,
    rows: usize,
    /// Deviation of the first noise, in `x`.
    init: f64,
    /// False where diffusers is known to be wrong: then only the timesteps are there.
    compared: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    n: Option<usize>,
    timesteps: Option<Vec<f64>>,
    #[serde(default)]
    eta: f64,
    #[serde(default)]
    use_clipped_model_output: bool,
    strength: Option<f64>,
    #[serde(default)]
    stock: bool,
    #[serde(default, rename = "shifted_once")]
    _shifted_once: bool,
}

impl Case {
    /// By way of the reader of configurations: that it reads them rightly is part of what is compared.
    fn table(&self) -> (Schedule, SamplerConfig, SamplerTable) {
        let mut file = self.config.clone();
        file.insert("_class_name".into(), json!(self.class));
        let (class, schedule, sampler) = read_scheduler_config(&Value::Object(file).to_string()).unwrap_or_else(|e| panic!("{self}: {e}"));
        assert_eq!(class, self.class);
        let sampler = SamplerConfig {
            num_inference_steps: self.run.n.unwrap_or(sampler.num_inference_steps),
            timesteps: self.run.timesteps.clone().unwrap_or_default(),
            eta: self.run.eta,
            use_clipped_model_output: self.run.use_clipped_model_output,
            strength: self.run.strength.unwrap_or(1.0),
            ..sampler
        };
        let schedule = Schedule::new(&schedule).expect("a schedule");
        let table = sampler.table(&schedule).unwrap_or_else(|e| panic!("{self}: {e}"));
        (schedule, sampler, table)
    }

    /// Whether diffusers keeps `x/signal`.
    fn is_scaled(&self) -> bool {
        let names = ["EulerDiscreteScheduler", "EulerAncestralDiscreteScheduler", "HeunDiscreteScheduler", "LMSDiscreteScheduler"];
        names.contains(&self.class.as_str())
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Run { n, eta, strength, stock, .. } = &self.run;
        write!(f, "{} {} n = {n:?}, eta = {eta}, strength = {strength:?}, stock = {stock}", self.class, json!(self.config))
    }
}

/// diffusers' numbers: those committed, or those in the file that `UNNOISE_SCHEDULERS` names, made by the script with another seed or
/// other numbers of steps.
fn numbers() -> Fixture {
    std::env::var("UNNOISE_SCHEDULERS").map_or_else(|_| Fixture::open("schedulers"), |path| Fixture::read(&path))
}

/// The numbers that the script calls `noise(seed, stream, index, shape)`: uniform, of variance 1, and exactly f32.
fn generated(seed: u32, stream: u32, index: usize, count: usize) -> Vec<f64> {
    let mut random = Stream::new(seed, stream, index as u32);
    (0..count).map(|_| f64::from((3f64.sqrt() * fixture::centred(&mut random)) as f32)).collect()
}

fn doubles(file: &Fixture, name: &str) -> Vec<f64> {
    file.raw(name).chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().expect("eight bytes"))).collect()
}

/// A device's arithmetic: the row in f32, every operation rounded.
struct Single {
    x: Vec<f32>,
    history: [Vec<f32>; 3],
}

impl Single {
    fn new(x: &[f64]) -> Self {
        Single { x: x.iter().map(|v| *v as f32).collect(), history: [(); 3].map(|()| vec![0.0; x.len()]) }
    }

    fn step(&mut self, table: &SamplerTable, index: usize, m: &[f64], z: &[f64]) {
        let row = &table.rows[index];
        let [p_x, p_m, q_x, q_m, q_0] = [row.p_x, row.p_m, row.q_x, row.q_m, row.q_0].map(|v| v as f32);
        let [c_x, c_m, c_0, c_1, c_2, c_3, c_z] = [row.c_x, row.c_m, row.c_0, row.c_1, row.c_2, row.c_3, row.c_z].map(|v| v as f32);
        let mut clean: Vec<f32> = self.x.iter().zip(m).map(|(x, m)| p_x * x + p_m * *m as f32).collect();
        let (bound, scale) = match table.clip {
            Clip::None => (f32::INFINITY, 1.0),
            Clip::Range(range) => (range as f32, 1.0),
            Clip::Threshold { ratio, max } => {
                let mut sorted: Vec<f32> = clean.iter().map(|v| v.abs()).collect();
                sorted.sort_by(f32::total_cmp);
                let place = ratio as f32 * (sorted.len() - 1) as f32;
                let left = place as usize;
                let right = (left + 1).min(sorted.len() - 1);
                let s = (sorted[left] + (sorted[right] - sorted[left]) * (place - left as f32)).max(1.0).min(max as f32);
                (s, s)
            }
        };
        clean.iter_mut().for_each(|v| *v = v.clamp(-bound, bound) / scale);
        for i in 0..m.len() {
            let (x, m, z, [h1, h2, h3]) = (self.x[i], m[i] as f32, z[i] as f32, &mut self.history);
            self.x[i] = c_x * x + c_m * m + c_0 * clean[i] + c_1 * h1[i] + c_2 * h2[i] + c_3 * h3[i] + c_z * z;
            (h1[i], h2[i], h3[i]) = (q_x * x + q_m * m + q_0 * clean[i], h1[i], h2[i]);
        }
    }
}

/// Largest errors of one class: f64, f32, and of diffusers in float32.
#[derive(Default, Clone, Copy, Debug)]
struct Worst {
    double: f64,
    single: f64,
    stock: f64,
    steps: usize,
}

#[test]
fn every_step_of_every_sampler() {
    let file = numbers();
    let (seed, cases): (u32, Vec<Case>) = (file.json("seed"), file.json("cases"));
    let (timesteps, results) = (doubles(&file, "timesteps"), doubles(&file, "results"));
    let (mut told, mut given) = (timesteps.as_slice(), results.as_slice());
    let mut worst: BTreeMap<&str, Worst> = BTreeMap::new();
    let mut failures = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        let (_, _, table) = case.table();
        assert_eq!(table.rows.len(), case.rows, "{case}");
        let (theirs, rest) = told.split_at(case.rows);
        told = rest;
        for (row, theirs) in table.rows.iter().zip(theirs) {
            // DPMSolverMultistep keeps its timesteps as integers, also those of flow matching; stock ones are float32.
            let whole = case.class == "DPMSolverMultistepScheduler";
            let ours = if whole { row.timestep.trunc() } else { row.timestep };
            let bound = if case.run.stock { 1e-6 * theirs.abs() } else { 1e-8 };
            if (ours - theirs).abs() > bound {
                failures.push(format!("{case}: timestep {ours} for {theirs}"));
            }
        }
        if (table.init - case.init).abs() > if case.run.stock { 1e-6 } else { 1e-12 } {
            failures.push(format!("{case}: starts from {} for {}", table.init, case.init));
        }
        if !case.compared {
            continue;
        }
        let (theirs, rest) = given.split_at(SIZE * case.rows);
        given = rest;
        let start = generated(seed, START, index, SIZE);
        let (outputs, noise) = (generated(seed, OUTPUT, index, SIZE * case.rows), generated(seed, NOISE, index, SIZE * case.rows));
        let (mut state, mut single) = (SampleState::new(start.clone()), Single::new(&start));
        let seen = worst.entry(&case.class).or_default();
        for (i, theirs) in theirs.chunks_exact(SIZE).enumerate() {
            let range = SIZE * i..SIZE * (i + 1);
            let (m, z) = (&outputs[range.clone()], &noise[range]);
            table.step(i, &mut state, m, z);
            single.step(&table, i, m, z);
            let signal = if case.is_scaled() { table.rows[i].to.signal } else { 1.0 };
            let theirs: Vec<f64> = theirs.iter().map(|v| v * signal).collect();
            // Random outputs make samples grow where the signal is small: errors count by the sample's size.
            let size = theirs.iter().fold(1.0, |size: f64, v| size.max(v.abs()));
            let off = |ours: &mut dyn Iterator<Item = f64>| ours.zip(&theirs).map(|(a, b)| (a - b).abs() / size).fold(0.0, f64::max);
            let double = off(&mut state.x.iter().copied());
            let rounded = off(&mut single.x.iter().map(|v| f64::from(*v)));
            if case.run.stock {
                seen.stock = seen.stock.max(double);
            } else {
                (seen.double, seen.single) = (seen.double.max(double), seen.single.max(rounded));
            }
            seen.steps += 1;
            // The tables are f64 on both sides: what differs is rounding. NaN fails.
            let bounds = if case.run.stock { (1e-5, 1e-5) } else { (1e-9, 1e-5) };
            if !(double <= bounds.0 && rounded <= bounds.1) {
                failures.push(format!("{case}: step {i} off by {double:.1e}, in f32 by {rounded:.1e}"));
                break;
            }
        }
    }
    for (class, seen) in &worst {
        println!("{class}: {} steps, f64 within {:.1e}, f32 within {:.1e}, stock {:.1e}", seen.steps, seen.double, seen.single, seen.stock);
    }
    assert!(failures.is_empty(), "{} of {} cases:\n{}", failures.len(), cases.len(), failures.join("\n"));
    assert!(told.is_empty() && given.is_empty(), "every number is compared");
    assert_eq!(worst.len(), 10, "every class");
    assert!(cases.len() > 400 && worst.values().map(|w| w.steps).sum::<usize>() > 4000);
}

#[derive(Deserialize)]
struct List {
    class: String,
    config: serde_json::Map<String, Value>,
    n: usize,
    length: usize,
    /// All of a short list; of a long one the first five and the last five.
    ends: Vec<f64>,
    checksum: f64,
}

#[test]
fn lists_of_timesteps() {
    let lists: Vec<List> = numbers().json("lists");
    for theirs in &lists {
        let mut file = theirs.config.clone();
        file.insert("_class_name".into(), json!(theirs.class));
        let (_, schedule, sampler) = read_scheduler_config(&Value::Object(file).to_string()).expect("reads");
        let sampler = SamplerConfig { num_inference_steps: theirs.n, ..sampler };
        let name = format!("{} {:?} {} steps", theirs.class, theirs.config, theirs.n);
        let rows = sampler.table(&Schedule::new(&schedule).expect("a schedule")).unwrap_or_else(|e| panic!("{name}: {e}")).rows;
        let ours: Vec<f64> = rows.iter().map(|row| row.timestep).collect();
        assert_eq!(ours.len(), theirs.length, "{name}");
        let ends = if ours.len() <= 10 { ours.clone() } else { [&ours[..5], &ours[ours.len() - 5..]].concat() };
        assert!(ends.iter().zip(&theirs.ends).all(|(a, b)| (a - b).abs() < 1e-9), "{name}: {ends:?} for {:?}", theirs.ends);
        let checksum: f64 = ours.iter().zip(1..).map(|(t, i)| t * f64::from(i)).sum();
        assert!((checksum - theirs.checksum).abs() < 1e-4, "{name}: {checksum} for {}", theirs.checksum);
    }
    assert!(lists.len() > 300, "{}", lists.len());
}

#[derive(Deserialize)]
struct Table {
    config: serde_json::Map<String, Value>,
    listed: bool,
    at: Vec<usize>,
    alphas_cumprod: Vec<f64>,
}

#[test]
fn schedules() {
    let tables: Vec<Table> = numbers().json("tables");
    for theirs in &tables {
        let mut file = theirs.config.clone();
        if theirs.listed {
            let total = file["num_train_timesteps"].as_u64().expect("a number");
            file.insert("trained_betas".into(), (0..total).map(|i| 0.002 * (1 + i % 7) as f64).collect());
        }
        file.insert("_class_name".into(), json!("DDPMScheduler"));
        let (_, schedule, _) = read_scheduler_config(&Value::Object(file).to_string()).expect("reads");
        let ours = Schedule::new(&schedule).expect("a schedule").alphas_cumprod;
        for (t, alpha) in theirs.at.iter().zip(&theirs.alphas_cumprod) {
            // Relative, as ᾱ spans many orders of magnitude; without terminal signal it is a difference of numbers near 1e-2 and ends
            // at 0, to rounding.
            let zero = if schedule.rescale_betas_zero_snr { 1e-16 } else { 0.0 };
            assert!((ours[*t] - alpha).abs() <= 1e-11 * alpha + zero, "{:?}: ᾱ_{t} is {} for {alpha}", theirs.config, ours[*t]);
        }
    }
    assert!(tables.len() >= 28, "{}", tables.len());
}

/// diffusers' DDIM takes its step to `t - ⌊T/n⌋` (issues 9261, 11347 and 12633), which is not the next timestep of a `linspace`
/// list, nor of a `trailing` one whose count does not divide T. The exact denoiser of N(μ, λ) tells which level a step has
/// reached: `x' - s' μ = (x - s μ) (λ s s' + n n')/(λ s² + n²)`, with s and n the factors of signal and noise.
#[test]
fn ddim_goes_to_the_next_timestep_of_its_list() {
    const MEAN: f64 = 0.4;
    const VARIANCE: f64 = 0.15;
    let cases: Vec<Case> = numbers().json("cases");
    let mut checked = 0;
    for case in cases.iter().filter(|case| !case.compared) {
        let (schedule, config, table) = case.table();
        assert_eq!(config.sampler, SamplerName::Ddim);
        let list: Vec<usize> = table.rows.iter().map(|row| row.timestep as usize).collect();
        let stride = schedule.num_train_timesteps() / list.len();
        assert!(list.windows(2).any(|pair| pair[1] + stride != pair[0]), "{case}: the stride would do");
        let mut exact = 1.3;
        for (i, t) in list.iter().enumerate() {
            let level = |alpha: f64| (alpha.sqrt(), (1.0 - alpha).sqrt());
            let (s, n) = level(schedule.alphas_cumprod[*t]);
            let (s_next, n_next) = level(schedule.alpha_cumprod(list.get(i + 1).copied()));
            let from = (exact - s * MEAN) / (VARIANCE * s * s + n * n);
            let (clean, noise) = (MEAN + VARIANCE * s * from, n * from);
            let m = match schedule.prediction_type() {
                PredictionType::Epsilon => noise,
                PredictionType::Sample => clean,
                _ => s * noise - n * clean,
            };
            let mut state = SampleState::new(vec![exact]);
            table.step(i, &mut state, &[m], &[0.0]);
            exact = s_next * MEAN + from * (VARIANCE * s * s_next + n * n_next);
            // Predicted noise says x̂_0 to s'/s roundings; a wrong level is off in the third digit.
            let bound = 1e-10 + 1e-14 * s_next / s;
            assert!((state.x[0] - exact).abs() < bound, "{case}: step {i} gives {} for {exact}", state.x[0]);
        }
        checked += 1;
    }
    assert!(checked >= 12, "{checked}");
}

/// diffusers' FlowMatchEulerDiscreteScheduler shifts the levels once when it is made and once more in `set_timesteps` (issue 13243),
/// so that even all T steps are not the levels of training. Ours are.
#[test]
fn flow_matching_shifts_once() {
    for shift in [0.5, 1.0, 3.0] {
        let config = ScheduleConfig { prediction_type: PredictionType::FlowPrediction, shift, ..ScheduleConfig::default() };
        let schedule = Schedule::new(&config).expect("a schedule");
        for sampler in [SamplerName::Euler, SamplerName::Heun] {
            let all = SamplerConfig {
                sampler,
                num_inference_steps: 1000,
                timestep_spacing: TimestepSpacing::Linspace,
                ..SamplerConfig::default()
            };
            let rows = all.table(&schedule).expect("a table").rows;
            // Of Heun's two evaluations at a level, the first: rows 0, 2, 4 …
            let every = if sampler == SamplerName::Heun { 2 } else { 1 };
            for (i, row) in rows.iter().step_by(every).enumerate() {
                assert!((row.from.noise - schedule.level(999 - i).noise).abs() < 1e-12, "shift {shift}: level {i}");
                assert!((row.timestep - schedule.network_time(999 - i)).abs() < 1e-9);
            }
        }
    }
}
