//! Samplers against analytic truth: for Gaussian data the exact noise predictor is affine, so that a sampler's tables carry
//! mean and covariance along *exactly*, without drawing a single sample, and the continuous process has a closed form.
//!
//! Along an eigenvector of Σ with eigenvalue λ and mean m, write `s = √((1-ᾱ)/ᾱ)` for the noise-to-signal ratio and
//! `ξ = x/√ᾱ - m`. With the exact predictor, the DDIM ODE is `dξ/ds = s ξ/(λ + s²)`, solved by `ξ ∝ √(λ + s²)`, and DDIM
//! (η = 0) is Euler's method for it: `ξ' = ξ (λ + s s')/(λ + s²)`. With `θ = arctan(s/√λ)` the Euler factor divided by the
//! exact one is `cos(θ - θ')`. Hence, from a start at noise ratio `S` down to 0,
//!
//! ```text
//! DDIM:  x_0 = m + (x_T/√ᾱ_T - m) · √(λ/(λ + S²)) · Π cos Δθ          ODE:  the same without the product.
//! ```
//!
//! The relative error of DDIM is `1 - Π cos Δθ ≤ ½ Σ Δθ²`: of first order in the step.

use unnoise::diffusion::{
    BetaSchedule, Gaussian2, Row, SamplerConfig, SamplerName, Schedule, ScheduleConfig, TimestepSpacing, VarianceType,
};
use unnoise::threefry::Stream;

type Matrix = [[f64; 2]; 2];

/// Directions, eigenvalues and mean of the data: variances below 1, as data of unit variance have them.
const ANGLE: f64 = 0.5;
const EIGENVALUES: [f64; 2] = [0.85, 0.12];
const MEAN: [f64; 2] = [0.6, -0.4];

const SPACINGS: [TimestepSpacing; 3] = [TimestepSpacing::Leading, TimestepSpacing::Trailing, TimestepSpacing::Linspace];

/// Counts that divide T = 1000 and counts that do not.
const COUNTS: [usize; 9] = [7, 10, 20, 30, 33, 50, 100, 999, 1000];

fn rotation() -> Matrix {
    let (sin, cos) = ANGLE.sin_cos();
    [[cos, -sin], [sin, cos]]
}

fn product(a: Matrix, b: Matrix) -> Matrix {
    [0, 1].map(|i| [0, 1].map(|j| a[i][0] * b[0][j] + a[i][1] * b[1][j]))
}

fn transposed(a: Matrix) -> Matrix {
    [[a[0][0], a[1][0]], [a[0][1], a[1][1]]]
}

/// A covariance with the data's eigenvectors and the given eigenvalues.
fn covariance(eigenvalues: [f64; 2]) -> Matrix {
    let diagonal = [[eigenvalues[0], 0.0], [0.0, eigenvalues[1]]];
    let mut full = product(product(rotation(), diagonal), transposed(rotation()));
    // Exactly symmetric, whatever the rounding.
    full[1][0] = full[0][1];
    full
}

fn data() -> Gaussian2 {
    Gaussian2::new(MEAN, covariance(EIGENVALUES)).unwrap()
}

/// Components along the eigenvectors.
fn along(v: [f64; 2]) -> [f64; 2] {
    let r = rotation();
    [0, 1].map(|k| r[0][k] * v[0] + r[1][k] * v[1])
}

/// Variances along the eigenvectors; the off-diagonal must vanish there.
fn variances_along(c: Matrix) -> [f64; 2] {
    let turned = product(product(transposed(rotation()), c), rotation());
    assert!(turned[0][1].abs() < 1e-10, "{turned:?}");
    [turned[0][0], turned[1][1]]
}

fn schedule(beta_schedule: BetaSchedule) -> Schedule {
    Schedule::new(&ScheduleConfig { beta_schedule, ..ScheduleConfig::default() }).unwrap()
}

fn ddim(num_inference_steps: usize, timestep_spacing: TimestepSpacing) -> SamplerConfig {
    SamplerConfig { sampler: SamplerName::Ddim, num_inference_steps, timestep_spacing, ..SamplerConfig::default() }
}

fn ddpm(num_inference_steps: usize, timestep_spacing: TimestepSpacing, variance_type: VarianceType) -> SamplerConfig {
    let base = ddim(num_inference_steps, timestep_spacing);
    SamplerConfig { sampler: SamplerName::Ddpm, variance_type, ..base }
}

/// Mean and covariance of the sampler's results from `x_T ~ N(0, I)`, exactly.
fn moments(schedule: &Schedule, steps: &[Row]) -> ([f64; 2], Matrix) {
    let (mut mean, mut c) = ([0.0; 2], [[1.0, 0.0], [0.0, 1.0]]);
    for step in steps {
        let predictor = data().noise_predictor(schedule.alphas_cumprod[step.timestep as usize]);
        let mut map = predictor.matrix.map(|row| row.map(|v| step.c_m * v));
        map[0][0] += step.c_x;
        map[1][1] += step.c_x;
        mean = [0, 1].map(|i| map[i][0] * mean[0] + map[i][1] * mean[1] + step.c_m * predictor.offset[i]);
        c = product(product(map, c), transposed(map));
        c[0][0] += step.c_z * step.c_z;
        c[1][1] += step.c_z * step.c_z;
    }
    (mean, c)
}

/// `√((1-ᾱ)/ᾱ)`.
fn noise_ratio(alpha_cumprod: f64) -> f64 {
    ((1.0 - alpha_cumprod) / alpha_cumprod).sqrt()
}

/// For eigenvalue `lambda`: the angles θ of a run, the clean end (0) included.
fn angles(schedule: &Schedule, steps: &[Row], lambda: f64) -> Vec<f64> {
    let levels = steps.iter().map(|s| Some(s.timestep as usize)).chain([None]);
    levels.map(|t| (noise_ratio(schedule.alpha_cumprod(t)) / lambda.sqrt()).atan()).collect()
}

/// `Π cos Δθ`: what DDIM's steps leave of the exact deviation.
fn shrinkage(angles: &[f64]) -> f64 {
    angles.windows(2).map(|w| (w[0] - w[1]).cos()).product()
}

#[test]
fn ddim_agrees_with_its_closed_form() {
    // To rounding, at every count and spacing, whether or not the count divides T: a wrong previous timestep anywhere, the
    // last step included, breaks this.
    for beta_schedule in [BetaSchedule::Linear, BetaSchedule::SquaredcosCapV2] {
        let schedule = schedule(beta_schedule);
        for n in COUNTS {
            for spacing in SPACINGS {
                let steps = ddim(n, spacing).table(&schedule).unwrap().rows;
                let (mean, c) = moments(&schedule, &steps);
                let (mean, target, variance) = (along(mean), along(MEAN), variances_along(c));
                let start = schedule.alphas_cumprod[steps[0].timestep as usize];
                for k in 0..2 {
                    let lambda = EIGENVALUES[k];
                    let exact = (lambda / (lambda * start + 1.0 - start)).sqrt();
                    let factor = exact * shrinkage(&angles(&schedule, &steps, lambda));
                    assert!((variance[k] - factor * factor).abs() < 1e-10, "{n} {spacing:?}: {variance:?}");
                    let expected = target[k] * (1.0 - start.sqrt() * factor);
                    assert!((mean[k] - expected).abs() < 1e-10, "{n} {spacing:?}: {mean:?}");
                }
            }
        }
    }
}

/// Largest relative error of DDIM's deviation, against the ODE from the same start.
fn ddim_error(schedule: &Schedule, n: usize, lambda: f64) -> f64 {
    let steps = ddim(n, TimestepSpacing::Trailing).table(schedule).unwrap().rows;
    1.0 - shrinkage(&angles(schedule, &steps, lambda))
}

#[test]
fn ddim_lands_on_mean_and_covariance() {
    // The start is N(0, I) instead of N(√ᾱ_T m, λᾱ_T + 1 - ᾱ_T), worth |m| √ᾱ_T ≤ 0.005 in the mean (trailing starts at
    // T - 1, ᾱ = 4.0e-5) and less than ᾱ_T in the deviation; the steps add ½ Σ Δθ². θ falls from nearly π/2 to 0, so n
    // equal angles would make that π²/(8n) = 1.23/n; the linear schedule's are uneven, the more so the narrower the data,
    // and 4.5/n is allowed.
    let schedule = schedule(BetaSchedule::Linear);
    for n in [10, 20, 50, 100] {
        let steps = ddim(n, TimestepSpacing::Trailing).table(&schedule).unwrap().rows;
        let (mean, c) = moments(&schedule, &steps);
        let (mean, target, variance) = (along(mean), along(MEAN), variances_along(c));
        for k in 0..2 {
            let step_error: f64 = angles(&schedule, &steps, EIGENVALUES[k]).windows(2).map(|w| 0.5 * (w[0] - w[1]).powi(2)).sum();
            let relative = variance[k].sqrt() / EIGENVALUES[k].sqrt() - 1.0;
            println!("DDIM {n}: deviation {relative:+.4} (bound {step_error:.4}), mean {:+.4}", mean[k] - target[k]);
            assert!(step_error < 4.5 / n as f64, "{n}: {step_error}");
            assert!(relative.abs() <= step_error + 5e-5, "{n}: {relative}");
            assert!((mean[k] - target[k]).abs() <= target[k].abs() * 0.0065, "{n}: {mean:?}");
        }
    }
}

#[test]
fn ddim_converges_with_order_one() {
    // Against the ODE's solution from the same start, not against the data: the distance to the data has a floor, from
    // the signal left at T - 1, that would hide the order. `trailing` starts at T - 1 for every n; `leading` would start
    // elsewhere for each n.
    for beta_schedule in [BetaSchedule::Linear, BetaSchedule::SquaredcosCapV2] {
        let schedule = schedule(beta_schedule);
        for lambda in EIGENVALUES {
            for n in [10, 20, 25, 40, 50, 100, 125, 250] {
                let order = (ddim_error(&schedule, n, lambda) / ddim_error(&schedule, 2 * n, lambda)).log2();
                println!("{beta_schedule:?} λ = {lambda}: order {order:.3} from {n} to {} steps", 2 * n);
                assert!((order - 1.0).abs() < 0.2, "{beta_schedule:?} {lambda} {n}: {order}");
            }
        }
    }
}

/// Bound on the error of DDPM's final variance along an eigenvector with λ ≤ 1, derived in three parts. The mean step is
/// exact: with the exact predictor it is `E[x_s | x_t]`. It multiplies deviations by `M ≤ √α` (as `x_t` has variance
/// ≤ 1), so that whatever is wrong at level s reaches the end times at most `ᾱ_s`:
/// - the start has variance 1 instead of `1 - (1-λ) ᾱ_T`;
/// - the true conditional variance lies between β̃ and β, which differ by `β² ᾱ_s/(1-ᾱ_t)`;
/// - the last step adds no noise where the data's own spread is `λ (1-ᾱ_t)/(λᾱ_t + 1-ᾱ_t)`.
fn ddpm_bound(schedule: &Schedule, steps: &[Row], lambda: f64) -> f64 {
    let level = |step: &Row| schedule.alphas_cumprod[step.timestep as usize];
    let mut bound = level(&steps[0]) * (1.0 - lambda) * level(&steps[0]);
    for step in steps {
        let now = level(step);
        bound += match step.next {
            Some(prev) => {
                let prev = prev as usize;
                let (beta, before) = (schedule.beta_between(step.timestep as usize, Some(prev)), schedule.alphas_cumprod[prev]);
                before * beta * beta * before / (1.0 - now)
            }
            None => lambda * (1.0 - now) / (lambda * now + 1.0 - now),
        };
    }
    bound
}

#[test]
fn ddpm_lands_on_mean_and_covariance() {
    let schedule = schedule(BetaSchedule::Linear);
    for n in COUNTS {
        for spacing in SPACINGS {
            for variance_type in [VarianceType::FixedSmall, VarianceType::FixedLarge] {
                let steps = ddpm(n, spacing, variance_type).table(&schedule).unwrap().rows;
                let (mean, c) = moments(&schedule, &steps);
                let (mean, target, variance) = (along(mean), along(MEAN), variances_along(c));
                for k in 0..2 {
                    let lambda = EIGENVALUES[k];
                    // The mean is off only by what the start lacks: √ᾱ_T m, times at most √ᾱ_T.
                    let start = schedule.alphas_cumprod[steps[0].timestep as usize];
                    assert!((mean[k] - target[k]).abs() <= start * target[k].abs() + 1e-12, "{n} {spacing:?}: {mean:?}");
                    let bound = ddpm_bound(&schedule, &steps, lambda);
                    let error = variance[k] - lambda;
                    assert!(error.abs() <= bound, "{n} {spacing:?} {variance_type:?}: {error} against {bound}");
                    if n == 1000 && spacing == TimestepSpacing::Leading {
                        println!("DDPM 1000 {variance_type:?} λ = {lambda}: variance {error:+.5} (bound {bound:.5})");
                        assert!(bound < 0.02);
                    }
                }
            }
        }
    }
}

#[test]
fn few_steps_need_the_list_not_the_stride() {
    // DDIM with diffusers' stride `t - ⌊T/n⌋` in place of the list: 7 linspace steps then land on other deviations (larger,
    // as noise that the stride never removes stays in). The closed form above guards against this mistake.
    let schedule = schedule(BetaSchedule::Linear);
    let steps = ddim(7, TimestepSpacing::Linspace).table(&schedule).unwrap().rows;
    let by_stride: Vec<_> = steps
        .iter()
        .map(|step| {
            let (now, before) =
                (schedule.alphas_cumprod[step.timestep as usize], schedule.alpha_cumprod((step.timestep as usize).checked_sub(1000 / 7)));
            let c_x = (before / now).sqrt();
            Row { c_x, c_m: (1.0 - before).sqrt() - c_x * (1.0 - now).sqrt(), ..*step }
        })
        .collect();
    let deviation = |steps: &[Row]| variances_along(moments(&schedule, steps).1).map(f64::sqrt);
    let (list, stride) = (deviation(&steps), deviation(&by_stride));
    println!("7 linspace steps: deviations {list:?} by the list, {stride:?} by the stride");
    assert!((0..2).all(|k| (list[k] - stride[k]).abs() > 0.02), "{list:?} {stride:?}");
}

#[test]
fn drawn_samples_have_the_exact_moments() {
    const N: u32 = 20_000;
    let schedule = schedule(BetaSchedule::Linear);
    let stochastic = SamplerConfig { eta: 1.0, ..ddim(33, TimestepSpacing::Leading) };
    let runs = [
        ddim(10, TimestepSpacing::Trailing),
        ddim(50, TimestepSpacing::Leading),
        stochastic,
        ddpm(1000, TimestepSpacing::Leading, VarianceType::FixedSmall),
        ddpm(1000, TimestepSpacing::Leading, VarianceType::FixedLarge),
    ];
    for config in runs {
        let steps = config.table(&schedule).unwrap().rows;
        let maps: Vec<_> = steps.iter().map(|s| data().noise_predictor(schedule.alphas_cumprod[s.timestep as usize])).collect();
        let samples: Vec<[f64; 2]> = (0..N)
            .map(|i| {
                let mut random = Stream::new(1, 2, i);
                let mut x = [random.normal(), random.normal()];
                for (step, map) in steps.iter().zip(&maps) {
                    let epsilon = map.apply(x);
                    let noisy = step.c_z > 0.0;
                    x = [0, 1].map(|a| step.c_x * x[a] + step.c_m * epsilon[a] + if noisy { step.c_z * random.normal() } else { 0.0 });
                }
                along(x)
            })
            .collect();
        let (mean, c) = moments(&schedule, &steps);
        let (mean, variance) = (along(mean), variances_along(c));
        let average = |f: &dyn Fn(&[f64; 2]) -> f64| samples.iter().map(f).sum::<f64>() / f64::from(N);
        // Five standard errors: deviation/√N of the mean, √2 variance/√N of the variance.
        let error = 5.0 / f64::from(N).sqrt();
        for k in 0..2 {
            assert!((average(&|x| x[k]) - mean[k]).abs() < error * variance[k].sqrt(), "{config:?}");
            let spread = average(&|x| (x[k] - mean[k]).powi(2));
            assert!((spread - variance[k]).abs() < error * 2f64.sqrt() * variance[k], "{config:?}: {spread} {variance:?}");
        }
        let cross = average(&|x| (x[0] - mean[0]) * (x[1] - mean[1]));
        assert!(cross.abs() < error * (variance[0] * variance[1]).sqrt(), "{config:?}: {cross}");
    }
}
