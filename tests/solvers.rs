//! Solvers against analytic truth: with the exact denoiser of a Gaussian or of a mixture, each converges with its order, noise
//! and back is the same point, and what is drawn has the data's moments. (DDIM and DDPM in closed form: `analytic.rs`.)
//!
//! For data `N(μ, λ)` and any levels, the probability-flow ODE is solved by `x = signal · μ + √(λ signal² + noise²) · ξ` with a
//! constant `ξ`.

use unnoise::diffusion::{
    AlgorithmType, BetaSchedule, Level, PredictionType, SampleState, SamplerConfig, SamplerName, SamplerTable, Schedule, ScheduleConfig,
    SolverType, TimestepSpacing, VarianceType,
};

use PredictionType::{Epsilon, FlowPrediction, Sample, VPrediction};
use SamplerName::{Ddim, Ddpm, Dpmpp, Euler, EulerAncestral, Heun, Lms};

/// A mixture of normal distributions of the line.
struct Data {
    /// (share, mean, variance)
    parts: Vec<[f64; 3]>,
}

impl Data {
    fn gaussian() -> Data {
        Data { parts: vec![[1.0, 0.4, 0.15]] }
    }

    fn mixture() -> Data {
        Data { parts: vec![[0.5, 0.9, 0.09], [0.3, -0.7, 0.04], [0.2, 0.0, 0.25]] }
    }

    /// `E[x_0 | x]` and `E[ε | x]` at a level.
    fn posterior(&self, x: f64, at: Level) -> [f64; 2] {
        let spread = |variance: f64| variance * at.signal * at.signal + at.noise * at.noise;
        let log = |[share, mean, variance]: [f64; 3]| {
            let from = x - at.signal * mean;
            share.ln() - 0.5 * spread(variance).ln() - 0.5 * from * from / spread(variance)
        };
        let largest = self.parts.iter().map(|p| log(*p)).fold(f64::NEG_INFINITY, f64::max);
        let (mut total, mut clean, mut noise) = (0.0, 0.0, 0.0);
        for part in &self.parts {
            let [_, mean, variance] = *part;
            let (weight, from) = ((log(*part) - largest).exp(), (x - at.signal * mean) / spread(variance));
            total += weight;
            clean += weight * (mean + variance * at.signal * from);
            noise += weight * at.noise * from;
        }
        [clean / total, noise / total]
    }

    /// What the perfect network says.
    fn output(&self, kind: PredictionType, x: f64, at: Level) -> f64 {
        let ([a, b], [clean, noise]) = (kind.target(at), self.posterior(x, at));
        a * clean + b * noise
    }

    /// The end of the ODE's path from `x` at `from` to `to`: exact for one Gaussian; else by Runge and Kutta's method of order 4
    /// in `σ = noise/signal` on a grid of equal steps of `σ^(1/7)`, far finer than any tested.
    fn flow(&self, x: f64, from: Level, to: Level) -> f64 {
        if let [[_, mean, variance]] = self.parts[..] {
            let deviation = |at: Level| (variance * at.signal * at.signal + at.noise * at.noise).sqrt();
            return to.signal * mean + (x - from.signal * mean) * deviation(to) / deviation(from);
        }
        // y = x/signal follows dy/dσ = ε.
        let slope = |y: f64, sigma: f64| {
            let at = Level::of_sigma(sigma);
            self.posterior(y * at.signal, at)[1]
        };
        const STEPS: usize = 5_000;
        let root = |level: Level| level.sigma().powf(1.0 / 7.0);
        let at = |i: usize| (root(from) + (root(to) - root(from)) * i as f64 / STEPS as f64).powi(7);
        let mut y = x / from.signal;
        for i in 0..STEPS {
            let (sigma, h) = (at(i), at(i + 1) - at(i));
            let k1 = slope(y, sigma);
            let k2 = slope(y + 0.5 * h * k1, sigma + 0.5 * h);
            let k3 = slope(y + 0.5 * h * k2, sigma + 0.5 * h);
            let k4 = slope(y + h * k3, sigma + h);
            y += h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4);
        }
        y * to.signal
    }
}

fn schedule(prediction_type: PredictionType) -> Schedule {
    Schedule::new(&ScheduleConfig { prediction_type, ..ScheduleConfig::default() }).expect("a schedule")
}

/// Runs the first `rows` rows with the exact denoiser, without noise.
fn run(table: &SamplerTable, rows: usize, schedule: &Schedule, data: &Data, x: f64) -> f64 {
    let mut state = SampleState::new(vec![x]);
    for (i, row) in table.rows[..rows].iter().enumerate() {
        let m = data.output(schedule.prediction_type(), state.x[0], row.from);
        table.step(i, &mut state, &[m], &[0.0]);
    }
    state.x[0]
}

/// Largest distance from the ODE's solution, over points of the start, at the level where the last step begins: that step ends
/// at the clean data from one and the same level however many there are, and would hide the order.
fn error(config: &SamplerConfig, schedule: &Schedule, data: &Data) -> f64 {
    let table = config.table(schedule).expect("a table");
    let (first, last) = (table.rows[0], table.rows[table.rows.len() - 1]);
    let points = [-1.7, -0.6, 0.1, 0.8, 1.9];
    let distance = |z: f64| {
        // Near the start's own distribution, in which the signal is next to nothing.
        let x = z * first.from.scale();
        (run(&table, table.rows.len() - 1, schedule, data, x) - data.flow(x, first.from, last.from)).abs()
    };
    points.map(distance).into_iter().fold(0.0, f64::max)
}

/// Order measured from `n` to `2n` steps. Levels by Karras: they are refined evenly, where lists of timesteps are rounded.
fn order(config: &SamplerConfig, n: usize, schedule: &Schedule, data: &Data) -> f64 {
    let flow = schedule.is_flow();
    let error = |n: usize| {
        // n steps between the first and the last level.
        let spread = SamplerConfig { num_inference_steps: n + 1, timestep_spacing: TimestepSpacing::Linspace, ..config.clone() };
        error(&SamplerConfig { use_karras_sigmas: !flow && config.sampler != Ddim, ..spread }, schedule, data)
    };
    (error(n) / error(2 * n)).log2()
}

#[test]
fn solvers_converge_with_their_orders() {
    let solver = |sampler| SamplerConfig { sampler, ..SamplerConfig::default() };
    let dpmpp = |solver_order, solver_type| SamplerConfig { solver_order, solver_type, ..solver(Dpmpp) };
    let cases = [
        ("Euler", solver(Euler), 1.0),
        ("DPM-Solver++ 1", dpmpp(1, SolverType::Midpoint), 1.0),
        ("Heun", solver(Heun), 2.0),
        ("DPM-Solver++ 2 midpoint", dpmpp(2, SolverType::Midpoint), 2.0),
        ("DPM-Solver++ 2 heun", dpmpp(2, SolverType::Heun), 2.0),
    ];
    for (data, what) in [(Data::gaussian(), "Gaussian"), (Data::mixture(), "mixture")] {
        for kind in [Epsilon, VPrediction, Sample] {
            let schedule = schedule(kind);
            for (name, config, expected) in &cases {
                for n in [100, 200, 400] {
                    let order = order(config, n, &schedule, &data);
                    println!("{what}, {kind:?}, {name}: order {order:.3} from {n} to {} steps", 2 * n);
                    assert!((order - expected).abs() < 0.2, "{what}, {kind:?}, {name}, {n} steps: order {order}");
                }
            }
        }
        // Reported: of order 3 the weights are diffusers', whose last term is half of what a parabola's integral has.
        let third = dpmpp(3, SolverType::Midpoint);
        for config in [third, solver(Lms)] {
            let orders = [50, 100, 200].map(|n| order(&config, n, &schedule(Epsilon), &data));
            println!("{what}, {:?}: orders {orders:.3?}", config.sampler);
            assert!(orders[2] > 1.8, "{orders:?}");
        }
    }
}

#[test]
fn flow_matching_converges_with_its_orders() {
    let solver = |sampler| SamplerConfig { sampler, ..SamplerConfig::default() };
    for shift in [1.0, 3.0] {
        let config = ScheduleConfig { prediction_type: FlowPrediction, shift, ..ScheduleConfig::default() };
        let schedule = Schedule::new(&config).expect("a schedule");
        for (name, config, expected) in [("Euler", solver(Euler), 1.0), ("Heun", solver(Heun), 2.0)] {
            for n in [150, 300, 450] {
                let order = order(&config, n, &schedule, &Data::gaussian());
                println!("flow matching, shift {shift}, {name}: order {order:.3} from {n} to {} steps", 2 * n);
                assert!((order - expected).abs() < 0.2, "{name}, {n} steps: order {order}");
            }
        }
    }
}

/// Mean and variance of every row's result, from a normal start, exactly: with the exact denoiser of a Gaussian each row is an affine
/// map of the sample and what three rows kept.
fn moments(table: &SamplerTable, schedule: &Schedule, data: &Data, start: [f64; 2]) -> Vec<[f64; 2]> {
    let (mut mean, mut covariance) = ([start[0], 0.0, 0.0, 0.0], [[0.0; 4]; 4]);
    covariance[0][0] = start[1];
    let kind = schedule.prediction_type();
    let mut out = Vec::new();
    for row in &table.rows {
        let offset = data.output(kind, 0.0, row.from);
        let slope = data.output(kind, 1.0, row.from) - offset;
        // Sample and kept, as a factor of x and a constant.
        let clean = [row.p_x + row.p_m * slope, row.p_m * offset];
        let along = |x: f64, m: f64, c: f64| [x + m * slope + c * clean[0], m * offset + c * clean[1]];
        let (sample, kept) = (along(row.c_x, row.c_m, row.c_0), along(row.q_x, row.q_m, row.q_0));
        let map = [[sample[0], row.c_1, row.c_2, row.c_3], [kept[0], 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]];
        let add = [sample[1], kept[1], 0.0, 0.0];
        let dot = |a: [f64; 4], b: [f64; 4]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let next: Vec<f64> = (0..4).map(|i| dot(map[i], mean) + add[i]).collect();
        let half: Vec<[f64; 4]> = map.iter().map(|r| [0, 1, 2, 3].map(|j| (0..4).map(|k| r[k] * covariance[k][j]).sum())).collect();
        for i in 0..4 {
            mean[i] = next[i];
            covariance[i] = [0, 1, 2, 3].map(|j| dot(half[i], map[j]));
        }
        covariance[0][0] += row.c_z * row.c_z;
        out.push([mean[0], covariance[0][0]]);
    }
    out
}

/// The data's distribution at a level.
fn marginal(data: &Data, at: Level) -> [f64; 2] {
    let [_, mean, variance] = data.parts[0];
    [at.signal * mean, variance * at.signal * at.signal + at.noise * at.noise]
}

#[test]
fn every_sampler_draws_the_data() {
    let data = Data::gaussian();
    let [mean, variance] = marginal(&data, Level::CLEAN);
    let sde = SamplerConfig { algorithm_type: AlgorithmType::SdeDpmsolver, ..SamplerConfig::default() };
    for (zero_snr, kind) in [(false, Epsilon), (false, Sample), (false, VPrediction), (true, Sample), (true, VPrediction)] {
        let config = ScheduleConfig { prediction_type: kind, rescale_betas_zero_snr: zero_snr, ..ScheduleConfig::default() };
        let schedule = Schedule::new(&config).expect("a schedule");
        // Next to the last timestep there is less signal than diffusers' samplers take the last to have: they cannot take all.
        let n = if zero_snr { 200 } else { 1000 };
        for sampler in [Ddim, Ddpm, Euler, EulerAncestral, Heun, Dpmpp, Lms] {
            for solver_order in if sampler == Dpmpp { vec![1, 2, 3] } else { vec![1] } {
                for base in [SamplerConfig::default(), sde.clone()] {
                    let base = SamplerConfig { sampler, solver_order, num_inference_steps: n, ..base };
                    let table = SamplerConfig { timestep_spacing: TimestepSpacing::Trailing, ..base }.table(&schedule).expect("a table");
                    let last = moments(&table, &schedule, &data, [0.0, table.init * table.init]).pop().expect("a row");
                    // The start lacks √ᾱ of the mean, which is 0.6 % of it; the steps' own errors are of the order of 1/n.
                    let off = [last[0] - mean, last[1] / variance - 1.0];
                    println!("{kind:?} {zero_snr} {sampler:?} {solver_order}: mean {:+.4}, variance {:+.4}", off[0], off[1]);
                    assert!(off[0].abs() < 4.0 / n as f64, "{kind:?} {zero_snr} {sampler:?} {solver_order}: mean off by {}", off[0]);
                    assert!(off[1].abs() < 20.0 / n as f64, "{kind:?} {zero_snr} {sampler:?} {solver_order}: variance off by {}", off[1]);
                }
            }
        }
    }
}

#[test]
fn without_terminal_signal_all_stays_finite() {
    let spacings = [TimestepSpacing::Leading, TimestepSpacing::Trailing, TimestepSpacing::Linspace];
    for beta_schedule in [BetaSchedule::Linear, BetaSchedule::ScaledLinear, BetaSchedule::SquaredcosCapV2] {
        for prediction_type in [Sample, VPrediction] {
            let config = ScheduleConfig { beta_schedule, prediction_type, rescale_betas_zero_snr: true, ..ScheduleConfig::default() };
            let schedule = Schedule::new(&config).expect("a schedule");
            for sampler in [Ddim, Ddpm, Euler, EulerAncestral, Heun, Dpmpp, Lms] {
                for (timestep_spacing, n) in spacings.iter().flat_map(|s| [1, 2, 7, 50].map(|n| (*s, n))) {
                    let config = SamplerConfig { sampler, timestep_spacing, num_inference_steps: n, eta: 1.0, ..SamplerConfig::default() };
                    let table = config.table(&schedule).expect("a table");
                    for x in [-2.0, 0.5] {
                        let end = run(&table, table.rows.len(), &schedule, &Data::mixture(), x);
                        // Two or seven steps from σ = 4096 may well lead far off, but not to infinity.
                        assert!(end.is_finite() && (n < 50 || end.abs() < 3.0), "{beta_schedule:?} {prediction_type:?} {config:?}: {end}");
                    }
                }
            }
        }
    }
}

#[test]
fn noise_and_back_is_the_same_point() {
    let points: Vec<f64> = (-8..=8).map(|i| 0.15 * f64::from(i)).collect();
    let data = Data::mixture();
    for kind in [Epsilon, VPrediction, Sample, FlowPrediction] {
        let schedule = schedule(kind);
        let runs = [
            (Ddim, 100, 1, 0.03),
            (Ddim, 1000, 1, 0.003),
            (Ddim, 100, 2, 0.006),
            (Ddim, 100, 4, 0.002),
            (Euler, 100, 1, 0.03),
            (Heun, 100, 1, 0.003),
        ];
        // Corrections do not converge for a network that predicts the data, and are refused.
        for (sampler, n, num_resamples, bound) in runs.into_iter().filter(|run| run.2 == 1 || kind != Sample) {
            let down = SamplerConfig { sampler, num_inference_steps: n, ..SamplerConfig::default() };
            let up = SamplerConfig { inverse: true, num_resamples, ..down.clone() };
            let (down, up) = (down.table(&schedule).expect("a table"), up.table(&schedule).expect("a table"));
            assert_eq!(up.rows.last().map(|r| r.to), Some(down.rows[0].from), "the same levels");
            let mean = points.iter().map(|x| {
                let mut state = SampleState::new(vec![*x]);
                for (i, row) in up.rows.iter().enumerate() {
                    // The network is told a level, and answers as if the sample were there.
                    let told = down.rows.iter().find(|r| r.timestep == row.timestep).map_or(schedule.level(0), |r| r.from);
                    let m = data.output(kind, state.x[0], told);
                    up.step(i, &mut state, &[m], &[0.0]);
                }
                (run(&down, down.rows.len(), &schedule, &data, state.x[0]) - x).abs()
            });
            let mean = mean.sum::<f64>() / points.len() as f64;
            println!("{kind:?} {sampler:?} {n} × {num_resamples}: there and back within {mean:.1e} on average");
            // As diffusers has it, the first step takes what is said of the data at a noisier level as if it were said at
            // timestep 0: a network that predicts the data comes back less exactly.
            let bound = if kind == Sample && sampler == Ddim { 4.0 * bound } else { bound };
            assert!(mean < bound, "{kind:?} {sampler:?} {n}: {mean}");
        }
    }
}

/// Bounds on the error of the variance after each row, for data of a variance below 1, as in `analytic.rs`. DDPM's step is exact in the
/// mean and multiplies deviations by at most the ratio of signals, as a jump back does, too; the variance that it adds, β̃, is short
/// of the true one by at most `β² signal'²/noise²`. A step of DDIM without noise shrinks the deviation by `cos Δθ`, with
/// `θ = arctan(σ/√λ)`, which a jump back only dilutes.
fn variance_bounds(config: &SamplerConfig, schedule: &Schedule, data: &Data) -> Vec<f64> {
    let plain = SamplerConfig { num_resamples: 1, ..config.clone() }.table(schedule).expect("a table").rows;
    let angle = |at: Level| (at.sigma() / data.parts[0][2].sqrt()).atan();
    let (mut bound, mut relative) = (0.0, 0.0);
    let mut out = Vec::new();
    for (i, row) in plain.iter().enumerate() {
        let ratio = (row.from.signal / row.to.signal).powi(2);
        let beta = row.from.noise.powi(2) - ratio * row.to.noise.powi(2);
        for taken in 0..if i + 1 == plain.len() { 1 } else { config.num_resamples } {
            bound = bound * ratio + (beta * row.to.signal / row.from.noise).powi(2);
            relative += (angle(row.from) - angle(row.to)).powi(2);
            let back = taken + 1 < config.num_resamples && i + 1 < plain.len();
            bound *= if back { ratio } else { 1.0 };
            let to = if back { row.from } else { row.to };
            let random = config.sampler == Ddpm || config.eta == 1.0;
            out.push(if random { bound } else { relative * marginal(data, to)[1] } + 1e-12);
        }
    }
    out
}

#[test]
fn images_to_images_and_repetitions_keep_the_distribution() {
    let data = Data::gaussian();
    for kind in [Epsilon, VPrediction, FlowPrediction] {
        let schedule = schedule(kind);
        for (sampler, eta) in [(Ddim, 0.0), (Ddim, 1.0), (Ddpm, 0.0)] {
            if kind == FlowPrediction && (sampler, eta) != (Ddim, 0.0) {
                continue;
            }
            for (strength, num_resamples) in [(0.6, 1), (1.0, 5), (0.4, 3), (0.25, 10)] {
                let config = SamplerConfig { sampler, strength, num_resamples, eta, num_inference_steps: 500, ..SamplerConfig::default() };
                let table = config.table(&schedule).expect("a table");
                let steps = (500.0 * strength) as usize;
                assert_eq!(table.rows.len(), (steps - 1) * num_resamples + 1);
                // Data noised to the first level, as img2img begins.
                let all = moments(&table, &schedule, &data, marginal(&data, table.rows[0].from));
                let bounds = variance_bounds(&config, &schedule, &data);
                assert_eq!(bounds.len(), all.len());
                let mut worst: f64 = 0.0;
                for ((row, [mean, variance]), bound) in table.rows.iter().zip(all).zip(bounds) {
                    let [exact_mean, exact] = marginal(&data, row.to);
                    assert!((mean - exact_mean).abs() < 1e-9, "{config:?}: mean {mean} for {exact_mean}");
                    let off = (variance - exact).abs();
                    assert!(off <= bound && bound < 0.35 * exact, "variance {variance} for {exact}, bound {bound}, at {row:?}: {config:?}");
                    worst = worst.max(off / exact);
                }
                println!("{kind:?} {sampler:?} η = {eta}, strength {strength}, {num_resamples} times: variance off by at most {worst:.4}");
            }
        }
    }
}

#[test]
fn a_repeated_step_is_a_step_and_a_jump() {
    let schedule = schedule(Epsilon);
    let plain =
        SamplerConfig { sampler: Ddpm, variance_type: VarianceType::FixedLarge, num_inference_steps: 10, ..SamplerConfig::default() };
    let twice = SamplerConfig { num_resamples: 2, ..plain.clone() }.table(&schedule).expect("a table").rows;
    let plain = plain.table(&schedule).expect("a table").rows;
    for (i, row) in plain[..9].iter().enumerate() {
        let [repeated, step] = [twice[2 * i], twice[2 * i + 1]];
        assert_eq!(step, *row);
        assert_eq!((repeated.to, repeated.next), (row.from, Some(row.timestep)));
        // x_t = √(ᾱ_t/ᾱ_s) x_s + √(1 - ᾱ_t/ᾱ_s) z.
        let beta = schedule.beta_between(row.timestep as usize, row.next.map(|t| t as usize));
        assert!((repeated.c_x - (1.0 - beta).sqrt() * row.c_x).abs() < 1e-12);
        assert!((repeated.c_z.powi(2) - ((1.0 - beta) * row.c_z.powi(2) + beta)).abs() < 1e-12);
    }
    assert_eq!(twice[18], plain[9]);
}
