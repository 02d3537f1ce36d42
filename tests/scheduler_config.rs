//! diffusers' `scheduler_config.json`: whatever is in it, it is read or refused by the name of the key, and what is written is
//! read again. `tests/python/scheduler_round_trip.py` loads into diffusers what this writes.
#![cfg(not(target_arch = "wasm32"))]

#[allow(dead_code, reason = "other tests use the rest")]
#[path = "common/fixture.rs"]
mod fixture;

use std::collections::BTreeMap;

use fixture::{Fixture, SEED};
use serde_json::{Value, json};
use unnoise::Error;
use unnoise::diffusion::{
    AlgorithmType, BetaSchedule, FinalSigmasType, PredictionType, SamplerConfig, SamplerName, Schedule, ScheduleConfig, SolverType,
    TimestepSpacing, VarianceType, read_scheduler_config, write_scheduler_config,
};
use unnoise::threefry::Stream;

const CLASSES: [&str; 10] = [
    "DDPMScheduler",
    "DDIMScheduler",
    "DDIMInverseScheduler",
    "EulerDiscreteScheduler",
    "EulerAncestralDiscreteScheduler",
    "HeunDiscreteScheduler",
    "DPMSolverMultistepScheduler",
    "LMSDiscreteScheduler",
    "FlowMatchEulerDiscreteScheduler",
    "FlowMatchHeunDiscreteScheduler",
];

/// What a key holds; values are JSON as text, so that what is no JSON can be among them.
struct Key {
    name: &'static str,
    good: &'static [&'static str],
    bad: &'static [&'static str],
    classes: &'static [usize],
}

const PROCESS: &[usize] = &[0, 1, 2, 3, 4, 5, 6, 7];
const FLAG: &[&str] = &["1", "\"true\"", "[]", "{}", "NaN", "-1e308"];
const SCHEDULES: &[&str] = &["\"linear\"", "\"scaled_linear\"", "\"squaredcos_cap_v2\""];

const KEYS: &[Key] = &[
    Key {
        name: "num_train_timesteps",
        good: &["10", "100", "1000", "4000"],
        bad: &["0", "1", "4001", "-1000", "10.5", "1e308", "\"many\"", "null", "NaN", "[1000]", "18446744073709551616"],
        classes: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    },
    Key { name: "beta_start", good: &["1e-4", "8.5e-4"], bad: &["0", "-1", "1", "1e308", "\"x\"", "null", "NaN", "[]"], classes: PROCESS },
    Key { name: "beta_end", good: &["0.012", "0.02"], bad: &["1", "-0.1", "1e-6", "Infinity", "true", "{}"], classes: PROCESS },
    Key { name: "beta_schedule", good: SCHEDULES, bad: &["\"laplace\"", "\"ramp\"", "3", "null", "[\"linear\"]"], classes: PROCESS },
    Key {
        name: "trained_betas",
        good: &["null"],
        bad: &["\"x\"", "[]", "[0.1]", "[\"a\"]", "[NaN]", "{}", "7", "[[0.1]]"],
        classes: PROCESS,
    },
    Key {
        name: "prediction_type",
        good: &["\"sample\"", "\"v_prediction\""],
        bad: &["\"noise\"", "\"original_sample\"", "null", "1", "[]"],
        classes: PROCESS,
    },
    Key { name: "rescale_betas_zero_snr", good: &["true", "false"], bad: FLAG, classes: &[0, 1, 2, 3, 4, 6] },
    Key {
        name: "timestep_spacing",
        good: &["\"leading\"", "\"trailing\""],
        bad: &["\"middle\"", "\"auto\"", "null", "0"],
        classes: PROCESS,
    },
    Key { name: "steps_offset", good: &["0"], bad: &["-1", "4000", "1e300", "0.5", "\"1\"", "null", "NaN"], classes: PROCESS },
    Key {
        name: "variance_type",
        good: &["\"fixed_small\"", "\"fixed_small_log\"", "\"fixed_large\"", "\"fixed_large_log\""],
        bad: &["\"learned\"", "\"learned_range\"", "null", "0"],
        classes: &[0],
    },
    Key { name: "variance_type", good: &["null"], bad: &["\"learned\"", "\"learned_range\"", "0"], classes: &[6] },
    Key { name: "clip_sample", good: &["true", "false"], bad: FLAG, classes: &[0, 1, 2, 5] },
    Key {
        name: "clip_sample_range",
        good: &["1", "2.5"],
        bad: &["0", "-1", "1e300", "\"1\"", "null", "NaN", "Infinity"],
        classes: &[0, 1, 2, 5],
    },
    Key { name: "thresholding", good: &["true", "false"], bad: FLAG, classes: &[0, 1, 6] },
    Key { name: "dynamic_thresholding_ratio", good: &["0.995", "0.5"], bad: &["1.5", "-0.1", "null", "NaN"], classes: &[0, 1, 6] },
    Key { name: "sample_max_value", good: &["1", "3"], bad: &["0.5", "-1", "1e9", "\"x\"", "Infinity"], classes: &[0, 1, 6] },
    Key { name: "set_alpha_to_one", good: &["true", "false"], bad: FLAG, classes: &[1, 2] },
    Key { name: "use_karras_sigmas", good: &["true", "false", "null"], bad: FLAG, classes: &[3, 5, 6, 7, 8] },
    Key { name: "use_exponential_sigmas", good: &["false", "null"], bad: &["true", "1", "\"no\""], classes: &[3, 5, 6, 7, 8] },
    Key { name: "use_beta_sigmas", good: &["false", "null"], bad: &["true", "0", "[]"], classes: &[3, 5, 6, 7, 8] },
    Key { name: "final_sigmas_type", good: &["\"zero\"", "\"sigma_min\""], bad: &["\"one\"", "null", "0"], classes: &[3, 6] },
    Key { name: "interpolation_type", good: &["\"linear\""], bad: &["\"log_linear\"", "null", "1"], classes: &[3] },
    Key { name: "timestep_type", good: &["\"discrete\""], bad: &["\"smooth\"", "null"], classes: &[3] },
    Key { name: "sigma_min", good: &["null"], bad: &["0.1", "\"x\"", "NaN"], classes: &[3] },
    Key { name: "sigma_max", good: &["null"], bad: &["14.6", "[]", "Infinity"], classes: &[3] },
    Key { name: "solver_order", good: &["1", "2", "3"], bad: &["0", "4", "-1", "2.5", "\"2\"", "1e99"], classes: &[6] },
    Key {
        name: "algorithm_type",
        good: &["\"dpmsolver++\"", "\"sde-dpmsolver++\""],
        bad: &["\"dpmsolver\"", "\"sde-dpmsolver\"", "\"deis\"", "2"],
        classes: &[6],
    },
    Key { name: "solver_type", good: &["\"midpoint\"", "\"heun\""], bad: &["\"bh2\"", "\"logrho\"", "null"], classes: &[6] },
    Key { name: "lower_order_final", good: &["true", "false"], bad: FLAG, classes: &[6] },
    Key { name: "euler_at_final", good: &["true", "false"], bad: FLAG, classes: &[6] },
    Key { name: "use_lu_lambdas", good: &["false"], bad: &["true", "1"], classes: &[6] },
    Key { name: "lambda_min_clipped", good: &["-Infinity"], bad: &["-5.1", "NaN", "Infinity", "\"x\""], classes: &[6] },
    Key { name: "use_flow_sigmas", good: &["false"], bad: FLAG, classes: &[6] },
    Key { name: "flow_shift", good: &["1.0", "3.0"], bad: &["\"x\"", "NaN", "[]"], classes: &[6] },
    Key { name: "use_dynamic_shifting", good: &["false"], bad: &["true", "1"], classes: &[6, 8] },
    Key { name: "time_shift_type", good: &["\"exponential\""], bad: &["\"cubic\"", "3"], classes: &[6, 8] },
    Key { name: "shift", good: &["1", "3.5"], bad: &["0", "-1", "1e300", "\"x\"", "null", "NaN"], classes: &[8, 9] },
    Key { name: "base_shift", good: &["0.5", "null"], bad: &["\"x\"", "[]"], classes: &[8] },
    Key { name: "max_image_seq_len", good: &["4096"], bad: &["\"x\"", "true"], classes: &[8] },
    Key { name: "invert_sigmas", good: &["false"], bad: &["true", "1"], classes: &[8] },
    Key { name: "shift_terminal", good: &["null"], bad: &["0.1", "\"x\""], classes: &[8] },
    Key { name: "stochastic_sampling", good: &["false"], bad: &["true", "2"], classes: &[8] },
    Key { name: "_diffusers_version", good: &["\"0.42.1\"", "null", "{}"], bad: &[], classes: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9] },
    Key { name: "not_a_key", good: &[], bad: &["1", "null", "NaN"], classes: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9] },
];

fn pick<T: Copy>(random: &mut Stream, from: &[T]) -> T {
    from[random.below(from.len() as u32) as usize]
}

/// A random configuration and the keys of it that are wrong.
fn configuration(random: &mut Stream, wrong: usize) -> (String, Vec<&'static str>) {
    let class = random.below(CLASSES.len() as u32) as usize;
    let keys: Vec<&Key> = KEYS.iter().filter(|key| key.classes.contains(&class)).collect();
    let mut values: BTreeMap<&str, &str> = BTreeMap::new();
    for key in &keys {
        if !key.good.is_empty() && random.uniform() < 0.6 {
            values.insert(key.name, pick(random, key.good));
        }
    }
    // Good values that do not go together.
    if values.get("rescale_betas_zero_snr") == Some(&"true") {
        values.insert("prediction_type", "\"v_prediction\"");
        // With 4,000 timesteps there is less signal long before the last than diffusers takes that to have: no levels that fall.
        values.insert("num_train_timesteps", "1000");
    }
    let mut bad = Vec::new();
    while bad.len() < wrong {
        let key = pick(random, &keys);
        if !key.bad.is_empty() && !bad.contains(&key.name) {
            values.insert(key.name, pick(random, key.bad));
            bad.push(key.name);
        }
    }
    let text: Vec<String> = values.iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
    (format!("{{\"_class_name\": \"{}\", {}}}", CLASSES[class], text.join(", ")).replace(", }", "}"), bad)
}

fn key_of(error: &Error) -> &str {
    match error {
        Error::Config { field, message } => {
            assert!(message.len() > 10, "{error}");
            field.strip_prefix("scheduler.").unwrap_or_else(|| panic!("{error}"))
        }
        other => panic!("{other}"),
    }
}

#[test]
fn two_hundred_configurations_are_read_or_refused_by_name() {
    let (mut read, mut refused) = (0, BTreeMap::new());
    for i in 0..400 {
        let mut random = Stream::new(SEED, 20, i);
        let wrong = pick(&mut random, &[0, 0, 1, 1, 1, 2, 3]);
        let (text, bad) = configuration(&mut random, wrong);
        match read_scheduler_config(&text) {
            Ok((class, schedule, sampler)) => {
                assert!(bad.is_empty(), "{bad:?} of {text} should be refused");
                assert!(CLASSES.contains(&class.as_str()));
                let tables = Schedule::new(&schedule).unwrap_or_else(|e| panic!("{text}: {e}"));
                let table = sampler.table(&tables).unwrap_or_else(|e| panic!("{text}: {e}"));
                assert!(table.rows.iter().all(|row| row.c_x.is_finite() && row.c_m.is_finite()), "{text}");
                read += 1;
            }
            Err(error) => {
                let key = key_of(&error);
                assert!(bad.contains(&key), "{text}: {error}; wrong are {bad:?}");
                *refused.entry(key.to_string()).or_insert(0) += 1;
            }
        }
    }
    println!("{read} read, refused by key: {refused:?}");
    assert!(read >= 60 && refused.values().sum::<i32>() >= 140 && refused.len() >= 25, "{read} {refused:?}");
}

#[test]
fn every_wrong_value_is_refused_by_its_key() {
    for (class, name) in CLASSES.iter().enumerate() {
        for key in KEYS.iter().filter(|key| key.classes.contains(&class)) {
            for bad in key.bad {
                let text = format!("{{\"_class_name\": \"{name}\", \"{}\": {bad}}}", key.name);
                let error = read_scheduler_config(&text).expect_err(&text);
                assert_eq!(key_of(&error), key.name, "{text}: {error}");
            }
            for good in key.good.iter().filter(|good| !(key.name == "rescale_betas_zero_snr" && **good == "true")) {
                let text = format!("{{\"_class_name\": \"{name}\", \"{}\": {good}}}", key.name);
                read_scheduler_config(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            }
        }
    }
}

#[test]
fn what_is_no_configuration_is_refused() {
    let deep = "[".repeat(100_000);
    let huge = format!("{{\"_class_name\": \"DDIMScheduler\", \"beta_end\": 1e{}}}", "9".repeat(400));
    for text in ["", "{", "null", "[]", "7", "\"DDIMScheduler\"", "{\"_class_name\": \"DDIMScheduler\"", "\u{feff}{}", &deep, &huge] {
        assert_eq!(key_of(&read_scheduler_config(text).expect_err("refused")), "json");
    }
    for text in ["{}", "{\"_class_name\": 3}", "{\"_class_name\": \"PNDMScheduler\"}", "{\"_class_name\": null}"] {
        assert_eq!(key_of(&read_scheduler_config(text).expect_err("refused")), "_class_name");
    }
    // Wrong only together.
    let together = [
        (r#"{"_class_name": "DDIMScheduler", "rescale_betas_zero_snr": true}"#, "rescale_betas_zero_snr"),
        (r#"{"_class_name": "DPMSolverMultistepScheduler", "prediction_type": "flow_prediction"}"#, "use_flow_sigmas"),
        (
            r#"{"_class_name": "DPMSolverMultistepScheduler", "prediction_type": "flow_prediction", "use_flow_sigmas": true, "flow_shift": 0}"#,
            "flow_shift",
        ),
        (r#"{"_class_name": "EulerDiscreteScheduler", "prediction_type": "v_prediction", "timestep_type": "continuous"}"#, "timestep_type"),
        (r#"{"_class_name": "DDIMScheduler", "steps_offset": 20}"#, "steps_offset"),
        (r#"{"_class_name": "DDIMScheduler", "beta_schedule": "sigmoid"}"#, "beta_schedule"),
        (r#"{"_class_name": "DDIMInverseScheduler", "timestep_spacing": "linspace"}"#, "timestep_spacing"),
        (r#"{"_class_name": "DDIMInverseScheduler", "thresholding": false}"#, "thresholding"),
    ];
    for (text, key) in together {
        assert_eq!(key_of(&read_scheduler_config(text).expect_err("refused")), key, "{text}");
    }
}

#[test]
fn the_defaults_of_diffusers_are_read() {
    let defaults: BTreeMap<String, String> = Fixture::open("schedulers").json("defaults");
    assert_eq!(defaults.len(), CLASSES.len());
    for (name, text) in defaults {
        let (class, schedule, sampler) = read_scheduler_config(&text).unwrap_or_else(|e| panic!("{name}: {e}\n{text}"));
        assert_eq!(class, name);
        // Every key left out has the same default.
        let bare = read_scheduler_config(&json!({ "_class_name": name }).to_string()).expect("reads");
        assert_eq!((class, schedule, sampler), bare);
    }
}

/// Schedules and samplers of which each class of diffusers' can honour one.
fn honourable() -> Vec<(ScheduleConfig, SamplerConfig)> {
    use SamplerName::{Ddim, Ddpm, Dpmpp, Euler, EulerAncestral, Heun, Lms};
    let mut out = Vec::new();
    for sampler in [Ddim, Ddpm, Euler, EulerAncestral, Heun, Dpmpp, Lms] {
        for (i, beta_schedule) in [BetaSchedule::Linear, BetaSchedule::ScaledLinear, BetaSchedule::SquaredcosCapV2].into_iter().enumerate()
        {
            let zero = i == 1 && !matches!(sampler, Heun | Lms);
            let schedule = ScheduleConfig {
                num_train_timesteps: [1000, 500, 4000][i],
                beta_schedule,
                beta_start: 2e-4,
                beta_end: 0.015,
                rescale_betas_zero_snr: zero,
                prediction_type: if i > 0 { PredictionType::VPrediction } else { PredictionType::Epsilon },
                ..ScheduleConfig::default()
            };
            let plain = SamplerConfig {
                sampler,
                timestep_spacing: [TimestepSpacing::Leading, TimestepSpacing::Trailing, TimestepSpacing::Linspace][i],
                steps_offset: 1 - i.min(1),
                clip_sample: matches!(sampler, Ddim | Ddpm | Heun) && i < 2,
                clip_sample_range: if matches!(sampler, Ddim | Ddpm | Heun) { 1.5 } else { 1.0 },
                thresholding: matches!(sampler, Ddim | Ddpm | Dpmpp) && i == 2,
                sample_max_value: if matches!(sampler, Ddim | Ddpm | Dpmpp) { 2.0 } else { 1.0 },
                set_alpha_to_one: sampler != Ddim || i == 0,
                use_karras_sigmas: matches!(sampler, Euler | Heun | Dpmpp | Lms) && i == 0,
                final_sigmas_type: if sampler == Euler && i == 1 { FinalSigmasType::SigmaMin } else { FinalSigmasType::Zero },
                variance_type: if sampler == Ddpm { VarianceType::FixedLarge } else { VarianceType::FixedSmall },
                ..SamplerConfig::default()
            };
            let solver = SamplerConfig {
                solver_order: 3,
                algorithm_type: AlgorithmType::SdeDpmsolver,
                solver_type: SolverType::Heun,
                lower_order_final: false,
                euler_at_final: true,
                ..plain.clone()
            };
            out.push((schedule, if sampler == Dpmpp && i == 0 { solver } else { plain }));
        }
    }
    let linear = ScheduleConfig::default();
    out.push((linear.clone(), SamplerConfig { inverse: true, clip_sample: true, set_alpha_to_one: false, ..SamplerConfig::default() }));
    out.push((
        ScheduleConfig { beta_schedule: BetaSchedule::Sigmoid, ..linear.clone() },
        SamplerConfig { sampler: Ddpm, ..SamplerConfig::default() },
    ));
    let betas = (1..=120).map(|i| f64::from(i) / 1000.0).collect();
    out.push((ScheduleConfig { trained_betas: Some(betas), num_train_timesteps: 120, ..linear.clone() }, SamplerConfig::default()));
    let flow = ScheduleConfig { prediction_type: PredictionType::FlowPrediction, shift: 3.0, ..linear };
    for (sampler, use_karras_sigmas) in [(Euler, false), (Euler, true), (Heun, false), (Dpmpp, false)] {
        let linspace =
            SamplerConfig { sampler, use_karras_sigmas, timestep_spacing: TimestepSpacing::Linspace, ..SamplerConfig::default() };
        out.push((flow.clone(), linspace));
    }
    out
}

#[test]
fn what_is_written_is_read_again() {
    let mut classes = BTreeMap::new();
    for (i, (schedule, sampler)) in honourable().into_iter().enumerate() {
        let text = write_scheduler_config(&schedule, &sampler).unwrap_or_else(|e| panic!("{schedule:?} {sampler:?}: {e}"));
        let (class, read_schedule, read_sampler) = read_scheduler_config(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(read_schedule, schedule, "{text}");
        assert_eq!(read_sampler, sampler, "{text}");
        // For diffusers: see tests/python/scheduler_round_trip.py.
        if let Some(folder) = std::env::var_os("UNNOISE_WRITE_SCHEDULERS") {
            let folder = std::path::Path::new(&folder);
            std::fs::create_dir_all(folder).expect("a folder");
            std::fs::write(folder.join(format!("{i}.json")), &text).expect("written");
        }
        let written: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(written["_class_name"], class);
        *classes.entry(class).or_insert(0) += 1;
    }
    assert_eq!(classes.len(), CLASSES.len(), "{classes:?}");
}
