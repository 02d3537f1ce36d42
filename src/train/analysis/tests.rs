//! The analyses with an exact predictor in place of the network, where all answers are known in closed form.

use pollster::block_on;
use std::f64::consts::{LN_2, PI};

use super::*;
use crate::data::{DataConfig, DatasetName};
use crate::diffusion::{BetaSchedule, Gaussian2, GaussianMixture2, Level, PredictionType, ScheduleConfig};
use crate::train::{Config, SampleOptions};

/// What a perfect network would say of data that are a mixture of Gaussians.
struct Exact<'a> {
    process: &'a Process,
    data: GaussianMixture2,
}

impl Exact<'_> {
    fn say(&self, x: [f64; 2], level: Level) -> [f64; 2] {
        let score = self.data.noised_to(level.signal, level.noise).score(x);
        [0, 1].map(|axis| {
            let epsilon = -level.noise * score[axis];
            self.process.target(level, (x[axis] - level.noise * epsilon) / level.signal.max(1e-12), epsilon)
        })
    }
}

impl Denoiser for Exact<'_> {
    fn dim(&self) -> usize {
        2
    }

    async fn output(&mut self, x: &[f64], times: &[f64], _: &[u32]) -> Result<Vec<f64>> {
        Ok(x.chunks_exact(2).zip(times).flat_map(|(x, t)| self.say([x[0], x[1]], self.process.at_time(*t))).collect())
    }

    async fn with_divergence(&mut self, x: &[f64], times: &[f64], labels: &[u32]) -> Result<(Vec<f64>, Vec<f64>)> {
        let h = 1e-5;
        let slope = |(x, t): (&[f64], &f64)| {
            let level = self.process.at_time(*t);
            let along = |axis: usize, d: f64| {
                let mut y = [x[0], x[1]];
                y[axis] += d;
                self.say(y, level)[axis]
            };
            (0..2).map(|axis| (along(axis, h) - along(axis, -h)) / (2.0 * h)).sum::<f64>()
        };
        let divergences = x.chunks_exact(2).zip(times).map(slope).collect();
        Ok((self.output(x, times, labels).await?, divergences))
    }
}

fn single(mean: [f64; 2], covariance: [[f64; 2]; 2]) -> GaussianMixture2 {
    GaussianMixture2::new(vec![1.0], vec![Gaussian2::new(mean, covariance).unwrap()]).unwrap()
}

/// `n` points of `N(mean, L Lᵀ)`, in pairs that mirror each other about the mean.
fn points(mean: [f64; 2], l: [[f64; 2]; 2], n: usize) -> Draws {
    let mut values = Vec::new();
    for i in 0..n {
        let mut random = Stream::new(11, 3, (i / 2) as u32);
        let (a, b) = (random.normal(), random.normal());
        let sign = if i % 2 == 0 { 1.0 } else { -1.0 };
        values.extend([0, 1].map(|row| mean[row] + sign * (l[row][0] * a + l[row][1] * b)));
    }
    Draws { dim: 2, values, labels: Vec::new(), seed: 0 }
}

fn round(deviation: f64, n: usize) -> (GaussianMixture2, Draws) {
    let v = deviation * deviation;
    (single([0.0; 2], [[v, 0.0], [0.0, v]]), points([0.0; 2], [[deviation, 0.0], [0.0, deviation]], n))
}

fn schedules() -> Vec<ScheduleConfig> {
    let kind = |prediction_type| ScheduleConfig { prediction_type, ..ScheduleConfig::default() };
    vec![
        ScheduleConfig::default(),
        ScheduleConfig { beta_schedule: BetaSchedule::SquaredcosCapV2, ..ScheduleConfig::default() },
        ScheduleConfig { rescale_betas_zero_snr: true, ..kind(PredictionType::VPrediction) },
        kind(PredictionType::Sample),
        kind(PredictionType::FlowPrediction),
    ]
}

#[test]
fn likelihood_of_gaussians_is_their_density() {
    let l = [[0.9, 0.0], [1.0 / 3.0, 0.5]];
    let covariance = [[0.81, 0.3], [0.3, 1.0 / 9.0 + 0.25]];
    for config in schedules() {
        let process = Process::new(&config).unwrap();
        for (data, draws) in [(single([0.5, -1.0], covariance), points([0.5, -1.0], l, 40)), round(0.05, 40)] {
            let mut network = Exact { process: &process, data: data.clone() };
            let found = block_on(likelihood(&mut network, &process, &draws, Some(&data), 50)).unwrap();
            let exact = found.exact_bits_per_dim.unwrap();
            println!("{:?}, {:?}: {found:?}", config.beta_schedule, config.prediction_type);
            assert!((found.bits_per_dim - exact).abs() < 1e-3, "{found:?}");
        }
    }
}

#[test]
fn likelihood_of_mixtures_is_their_density() {
    let mut config = Config::default();
    for (dataset, steps) in [(DatasetName::EightGaussians, 50), (DatasetName::Blobs, 50), (DatasetName::GaussianGrid, 100)] {
        config.data.dataset = dataset;
        let process = Process::new(&config.schedule).unwrap();
        let (data, draws) = (mixture(&config).unwrap(), Draws::new(&config, None, 64, 0).unwrap());
        let mut network = Exact { process: &process, data: data.clone() };
        let found = block_on(likelihood(&mut network, &process, &draws, Some(&data), steps)).unwrap();
        println!("{dataset:?}: {found:?}");
        assert!((found.bits_per_dim - found.exact_bits_per_dim.unwrap()).abs() < 1e-3, "{found:?}");
        assert!(found.standard_error > 0.0 && found.standard_error < 0.5);
    }
}

#[test]
fn the_flow_comes_back() {
    let process = Process::new(&ScheduleConfig::default()).unwrap();
    let (data, draws) = round(0.3, 10);
    let mut network = Exact { process: &process, data };
    let there = |network: &mut Exact<'_>, x: &[f64], ends| block_on(flow(network, &process, x, &[], ends, 40, false)).unwrap().0;
    let z = there(&mut network, &draws.values, (0.01, 100.0));
    let back = there(&mut network, &z, (100.0, 0.01));
    for (x, y) in draws.values.iter().zip(&back) {
        assert!((x - y).abs() < 1e-4, "{x} came back as {y}");
    }
    // From N(0, s²) the flow is linear: x grows as its deviation does.
    let deviation = |sigma: f64| (0.09 + sigma * sigma).sqrt() / 1f64.hypot(sigma);
    for (x, z) in draws.values.iter().zip(&z) {
        assert!((z / x / (deviation(100.0) / deviation(0.01)) - 1.0).abs() < 1e-4);
    }
    assert!(block_on(flow(&mut network, &process, &[0.0; 2], &[], (0.01, 1.0), 0, false)).is_err());
}

/// For `N(0, s²)`, `E (x_0 - x̂_0)²` is `s² n²/(signal² s² + n²)` at every level.
fn posterior(level: Level, deviation: f64) -> f64 {
    let (v, n) = (deviation * deviation, level.noise * level.noise);
    v * n / (level.signal * level.signal * v + n)
}

#[test]
fn the_bound_of_a_gaussian_is_known_term_by_term() {
    let deviation: f64 = 0.5;
    let schedules = [
        ScheduleConfig { num_train_timesteps: 12, beta_end: 0.6, beta_start: 0.01, ..ScheduleConfig::default() },
        ScheduleConfig::default(),
    ];
    for config in schedules {
        let process = Process::new(&config).unwrap();
        let (data, draws) = round(deviation, 4000);
        let mut network = Exact { process: &process, data };
        let found = block_on(variational_bound(&mut network, &process, &draws, Decoder::Gaussian, 11)).unwrap();
        let bits = |nats: f64| nats / LN_2;
        let term = |t: usize| process.step_weight(t) * posterior(process.level(t), deviation);
        let whole: f64 = (1..process.steps()).map(term).sum();
        let sum: f64 = found.terms.iter().map(|t| t.bits).sum();
        println!("terms {sum} of {}, {found:?}", bits(whole));
        assert_eq!(found.terms.len(), 11);
        assert!((sum / bits(whole) - 1.0).abs() < 0.03, "{sum} of {}", bits(whole));
        if process.steps() == 12 {
            for (k, found) in found.terms.iter().enumerate() {
                assert_eq!(found.timestep, k + 1);
                assert!((found.bits / bits(term(k + 1)) - 1.0).abs() < 0.1, "{found:?} for {}", bits(term(k + 1)));
            }
        }
        let last = process.level(process.steps() - 1);
        let variance = last.signal.powi(2) * deviation.powi(2) + last.noise.powi(2);
        let prior = bits(0.5 * (variance - 1.0 - 2.0 * last.noise.ln()));
        assert!((found.prior - prior).abs() < 0.05 * prior.abs() + 1e-6, "{} for {prior}", found.prior);
        let sigma = process.posterior_variance(1);
        let decoder = bits(0.5 * (2.0 * PI * sigma).ln() + 0.5 * posterior(process.level(0), deviation) / sigma);
        assert!((found.decoder - decoder).abs() < 0.05, "{} for {decoder}", found.decoder);
        assert!((found.total - found.prior - found.decoder - sum).abs() < 1e-12);
        // It is a bound: above the entropy, and not far where steps are short. What is left there lies at the least noisy timesteps,
        // where the variances β̃ are smaller than those of the true steps.
        let entropy = bits(0.5 * (2.0 * PI * deviation * deviation).ln() + 0.5);
        assert!(found.total > entropy, "{} below {entropy}", found.total);
        assert!(process.steps() < 1000 || found.total < entropy + 1.0, "{} far above {entropy}", found.total);
    }
}

#[test]
fn scores_of_an_exact_network_are_exact() {
    let mut config = Config::default();
    config.data.dataset = DatasetName::Blobs;
    let process = Process::new(&config.schedule).unwrap();
    let (data, draws) = (mixture(&config).unwrap(), Draws::new(&config, None, 100, 0).unwrap());
    let mut network = Exact { process: &process, data: data.clone() };
    let levels = block_on(score_error(&mut network, &process, &data, &draws, 5)).unwrap();
    assert_eq!(levels.iter().map(|l| l.timestep).collect::<Vec<_>>(), [0, 250, 500, 749, 999]);
    assert!(levels.iter().all(|l| l.error < 1e-9 && l.exact > 0.05 && l.exact < 1.2), "{levels:?}");
    let map = block_on(score_map(&mut network, &process, &data, 500, 5, 2.0)).unwrap();
    assert!(map.learned.iter().zip(&map.exact).all(|(a, b)| (a - b).abs() < 1e-9));
    // From the lower left corner the score points up and to the right, where the data are.
    assert!(map.exact[0] > 0.0 && map.exact[1] > 0.0 && map.exact.len() == 50);
    assert!(map.exact[48] < 0.0 && map.exact[49] < 0.0, "the last point is the upper right");
    for (timestep, grid, extent, field) in [(1000, 5, 2.0, "timestep"), (0, 1, 2.0, "grid"), (0, 5, f64::NAN, "extent")] {
        let error = block_on(score_map(&mut network, &process, &data, timestep, grid, extent)).unwrap_err();
        assert!(error.to_string().starts_with(&format!("{field}: ")), "{error}");
    }
}

#[test]
fn losses_and_predictions_of_a_gaussian_are_known() {
    let process = Process::new(&ScheduleConfig::default()).unwrap();
    let (data, draws) = round(0.8, 4000);
    let mut network = Exact { process: &process, data };
    assert_eq!(bands(&process, 3), [(0, 332), (333, 665), (666, 999)]);
    for (from, to) in bands(&process, 10) {
        let losses = block_on(band_losses(&mut network, &process, &draws, (from, to))).unwrap();
        let wanted: f64 =
            (from..=to).map(|t| process.level(t)).map(|l| posterior(l, 0.8) / l.sigma().powi(2)).sum::<f64>() / (to - from + 1) as f64;
        let (loss, error) = mean_and_error(&losses);
        assert!((loss - wanted).abs() < 5.0 * error, "{from}..{to}: {loss} ± {error}, expected {wanted}");
    }
    let seen = block_on(OneStep::over_schedule(&mut network, &process, &draws, 4)).unwrap();
    assert_eq!(seen.timesteps, [0, 333, 666, 999]);
    assert_eq!((seen.noised.len(), seen.predicted.len()), (4 * 8000, 4 * 8000));
    for (k, t) in seen.timesteps.iter().enumerate() {
        let wanted = posterior(process.level(*t), 0.8);
        assert!((seen.error[k] / wanted - 1.0).abs() < 0.06, "{t}: {} for {wanted}", seen.error[k]);
    }
    let seen = block_on(one_step(&mut network, &process, &draws, &[100, 900])).unwrap();
    assert!((seen.baseline[0] / process.level(100).sigma().powi(2) - 1.0).abs() < 1e-9, "{:?}", seen.baseline);
    assert!((seen.baseline[1] / 0.64 - 1.0).abs() < 0.06, "{:?}", seen.baseline);
}

#[test]
fn spread_integers_cover_their_range() {
    assert_eq!(spread(3, 7, 5), [3, 4, 5, 6, 7]);
    let many = spread(0, 9, 1000);
    assert!((0..10).all(|t| many.iter().filter(|m| **m == t).count() == 100));
    assert!(spread(5, 5, 3).iter().all(|t| *t == 5));
    assert_eq!((parts(10, 3), parts(2, 9)), (vec![0, 3, 6, 10], vec![0, 1, 2]));
    let process = Process::new(&ScheduleConfig { num_train_timesteps: 3, ..ScheduleConfig::default() }).unwrap();
    assert_eq!((evenly(&process, 9), evenly(&process, 2), evenly(&process, 1)), (vec![0, 1, 2], vec![0, 2], vec![1]));
}

#[test]
fn an_exact_network_has_nothing_wrong() {
    let config = Config { data: DataConfig { dataset: DatasetName::Blobs, ..DataConfig::default() }, ..Config::default() };
    let process = Process::new(&config.schedule).unwrap();
    let draws = Draws::new(&config, None, 2000, 0).unwrap();
    let mut network = Exact { process: &process, data: mixture(&config).unwrap() };
    let levels = diagnose::one_step_levels(&process, &draws);
    let seen = block_on(one_step(&mut network, &process, &draws, &levels)).unwrap();
    println!("{levels:?} {:?} {:?}", seen.error, seen.baseline);
    assert_eq!(one_step_finding(&seen, 3).severity, Severity::Ok);
    assert_eq!(data_range(&config, &draws).severity, Severity::Ok);
    let mut broken = seen.clone();
    broken.predicted.clear();
    broken.error[1] = f64::NAN;
    assert_eq!(one_step_finding(&broken, 3).severity, Severity::Bad);
    // Gaussian data are the worst case: nothing beats the linear guess.
    let (data, draws) = round(1.0, 4000);
    let mut network = Exact { process: &process, data };
    let levels = diagnose::one_step_levels(&process, &draws);
    let seen = block_on(one_step(&mut network, &process, &draws, &levels)).unwrap();
    assert_eq!(one_step_finding(&seen, 3).severity, Severity::Ok, "{:?} {:?}", seen.error, seen.baseline);
}

#[test]
fn findings_tell_good_from_bad() {
    let config = Config::default();
    let times = |factor: f64| {
        let mut draws = Draws::new(&config, None, 1000, 0).unwrap();
        draws.values.iter_mut().for_each(|v| *v *= factor);
        data_range(&config, &draws).severity
    };
    assert_eq!([1.0, 1.7, 5.0, 0.6, 0.1].map(times), [Severity::Ok, Severity::Warn, Severity::Bad, Severity::Warn, Severity::Bad]);
    let facts = |factor: f64| {
        let raw: Vec<f64> = points([0.3; 2], [[0.1, 0.0], [0.0, 0.1]], 500).values;
        EmaFacts { losses: raw.iter().map(|l| l * factor).collect(), raw, distance: 0.1, decay: 0.999, step: 9 }
    };
    assert_eq!([0.5, 1.0, 1.2, 2.0].map(|f| ema_finding(&facts(f)).severity), [Severity::Ok, Severity::Ok, Severity::Warn, Severity::Bad]);
}

/// The schedule's finding: how bad, and what is named.
fn mismatch(config: &Config, options: &SampleOptions) -> (Severity, String) {
    let finding = schedule_finding(config, options, 1.0).unwrap();
    (finding.severity, finding.text("field").to_string())
}

#[test]
fn schedules_are_compared_by_what_they_do() {
    let (config, options) = (Config::default(), SampleOptions::default());
    let with = |change: &dyn Fn(&mut ScheduleConfig)| {
        let mut schedule = config.schedule.clone();
        change(&mut schedule);
        mismatch(&config, &SampleOptions { schedule: Some(schedule), ..options.clone() })
    };
    let ok = (Severity::Ok, String::new());
    assert_eq!(mismatch(&config, &options), ok);
    assert_eq!(with(&|_| ()), ok);
    // Fields that have no effect are no difference.
    assert_eq!(with(&|s| s.shift = 3.0), ok);
    assert_eq!(with(&|s| s.beta_end = 0.0201), ok);
    assert_eq!(with(&|s| s.beta_schedule = BetaSchedule::SquaredcosCapV2), (Severity::Bad, "beta_schedule".into()));
    assert_eq!(with(&|s| s.beta_end = 0.0185), (Severity::Warn, "beta_end".into()));
    assert_eq!(with(&|s| s.beta_end = 0.04), (Severity::Bad, "beta_end".into()));
    assert_eq!(with(&|s| s.num_train_timesteps = 100), (Severity::Bad, "num_train_timesteps".into()));
    for kind in [PredictionType::VPrediction, PredictionType::Sample, PredictionType::FlowPrediction] {
        assert_eq!(with(&|s| s.prediction_type = kind), (Severity::Bad, "prediction_type".into()));
    }
    let named = |options: &SampleOptions| schedule_finding(&config, options, 1.0).unwrap();
    let flow = ScheduleConfig { prediction_type: PredictionType::FlowPrediction, ..config.schedule.clone() };
    let found = named(&SampleOptions { schedule: Some(flow), ..options.clone() });
    assert_eq!((found.text("trained"), found.text("sampled")), ("epsilon", "flow_prediction"));
}

#[test]
fn runs_that_do_not_begin_with_noise_are_found() {
    use crate::train::SpacingChoice;
    let (mut config, options) = (Config::default(), SampleOptions::default());
    let leading = |n: usize| SampleOptions { num_inference_steps: n, timestep_spacing: SpacingChoice::Leading, ..options.clone() };
    assert_eq!(mismatch(&config, &leading(10)).0, Severity::Ok, "900 of 1,000 has a signal of 1.6 %");
    assert_eq!(mismatch(&config, &leading(1)), (Severity::Bad, "start".into()));
    let picked = SampleOptions { timesteps: vec![300.0, 200.0, 0.0], ..options.clone() };
    let finding = schedule_finding(&config, &picked, 1.0).unwrap();
    assert_eq!((finding.severity, finding.number("trained"), finding.number("sampled")), (Severity::Bad, 999.0, 300.0));
    // An image that shows through is meant to.
    assert_eq!(mismatch(&config, &SampleOptions { strength: 0.4, ..options.clone() }).0, Severity::Ok);
    config.schedule.beta_end = 0.002;
    let finding = schedule_finding(&config, &options, 1.0).unwrap();
    assert_eq!((finding.severity, finding.text("field")), (Severity::Bad, "start_snr"));
    assert_eq!((finding.number("trained"), finding.number("sampled")), (finding.number("start_snr_trained"), 0.0));
}
