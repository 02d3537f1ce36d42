use super::*;
use crate::diffusion::{BetaSchedule, ScheduleConfig};

fn schedule() -> Schedule {
    Schedule::new(&ScheduleConfig::default()).unwrap()
}

fn config(sampler: SamplerName, num_inference_steps: usize) -> SamplerConfig {
    SamplerConfig { sampler, num_inference_steps, ..SamplerConfig::default() }
}

/// A deterministic part and noise, of a row without clipping.
fn apply(row: &Row, x: f64, m: f64, z: f64) -> f64 {
    row.c_x * x + row.c_m * m + row.c_z * z
}

const SPACINGS: [TimestepSpacing; 3] = [TimestepSpacing::Leading, TimestepSpacing::Trailing, TimestepSpacing::Linspace];
const COUNTS: [usize; 9] = [1, 2, 7, 10, 30, 33, 50, 999, 1000];

#[test]
fn previous_timesteps_come_from_the_list() {
    for n in COUNTS {
        for timestep_spacing in SPACINGS {
            for sampler in [SamplerName::Ddim, SamplerName::Ddpm] {
                let steps = SamplerConfig { timestep_spacing, ..config(sampler, n) }.table(&schedule()).unwrap().rows;
                assert_eq!(steps.len(), n);
                for pair in steps.windows(2) {
                    assert_eq!(pair[0].next, Some(pair[1].timestep));
                }
                assert_eq!(steps[n - 1].next, None);
            }
        }
    }
}

#[test]
fn the_last_step_returns_the_predicted_data() {
    for n in COUNTS {
        for timestep_spacing in SPACINGS {
            for (sampler, variance_type, eta) in [
                (SamplerName::Ddim, VarianceType::FixedSmall, 0.0),
                (SamplerName::Ddim, VarianceType::FixedSmall, 1.0),
                (SamplerName::Ddpm, VarianceType::FixedSmall, 0.0),
                (SamplerName::Ddpm, VarianceType::FixedLarge, 0.0),
            ] {
                let run =
                    SamplerConfig { sampler, num_inference_steps: n, timestep_spacing, eta, variance_type, ..SamplerConfig::default() };
                let last = run.table(&schedule()).unwrap().rows[n - 1];
                let alpha = schedule().alphas_cumprod[last.timestep as usize];
                let clean = |x: f64, epsilon: f64| (x - (1.0 - alpha).sqrt() * epsilon) / alpha.sqrt();
                assert_eq!(last.c_z, 0.0);
                assert!((apply(&last, 0.3, -1.2, 5.0) - clean(0.3, -1.2)).abs() < 1e-12 / alpha.sqrt(), "{run:?}");
            }
        }
    }
}

#[test]
fn the_predicted_clean_sample_is_the_forward_jump_solved() {
    let schedule = schedule();
    for sampler in [SamplerName::Ddim, SamplerName::Ddpm] {
        let steps = config(sampler, 50).table(&schedule).unwrap().rows;
        for step in &steps {
            let alpha = schedule.alphas_cumprod[step.timestep as usize];
            let x = alpha.sqrt() * 0.7 + (1.0 - alpha).sqrt() * -1.3;
            assert!(((step.p_x * x - 1.3 * step.p_m) - 0.7).abs() < 1e-12 / alpha.sqrt(), "{step:?}");
        }
        // The last step goes there.
        let last = &steps[49];
        assert!((0.3 * last.p_x - 1.2 * last.p_m - apply(last, 0.3, -1.2, 0.0)).abs() < 1e-12);
    }
}

#[test]
fn single_steps_of_ddpm_are_algorithm_2() {
    let schedule = schedule();
    let steps = config(SamplerName::Ddpm, 1000).table(&schedule).unwrap().rows;
    for step in &steps {
        let t = step.timestep as usize;
        let (alpha, beta) = (schedule.alphas[t], schedule.betas[t]);
        assert!((step.c_x - 1.0 / alpha.sqrt()).abs() < 1e-13);
        let c_eps = -beta / (alpha.sqrt() * (1.0 - schedule.alphas_cumprod[t]).sqrt());
        assert!((step.c_m - c_eps).abs() < 1e-13);
    }
    let large = SamplerConfig { variance_type: VarianceType::FixedLarge, ..config(SamplerName::Ddpm, 1000) };
    let large = large.table(&schedule).unwrap().rows;
    assert!(large[..999].iter().all(|s| (s.c_z.powi(2) - schedule.betas[s.timestep as usize]).abs() < 1e-15));
}

#[test]
fn ddim_with_eta_1_is_ddpm_with_small_variance() {
    for beta_schedule in [BetaSchedule::Linear, BetaSchedule::SquaredcosCapV2] {
        let schedule = Schedule::new(&ScheduleConfig { beta_schedule, ..ScheduleConfig::default() }).unwrap();
        for n in COUNTS {
            for timestep_spacing in SPACINGS {
                let run = |sampler| SamplerConfig { eta: 1.0, timestep_spacing, ..config(sampler, n) };
                let ddim = run(SamplerName::Ddim).table(&schedule).unwrap().rows;
                let ddpm = run(SamplerName::Ddpm).table(&schedule).unwrap().rows;
                for (a, b) in ddim.iter().zip(&ddpm) {
                    assert_eq!((a.timestep, a.next), (b.timestep, b.next));
                    // The radicand of c_eps loses digits where it is near 0; 1e-7 is √ε of f64 with room.
                    for (u, v) in [(a.c_x, b.c_x), (a.c_m, b.c_m), (a.c_z, b.c_z)] {
                        assert!((u - v).abs() <= 1e-7 * v.abs().max(1.0), "{n} {timestep_spacing:?}: {a:?} {b:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn ddim_steps_keep_the_marginals() {
    // With the true ε, x_s must again be √ᾱ_s x_0 plus noise of variance 1 - ᾱ_s, whatever η.
    let schedule = schedule();
    for eta in [0.0, 0.3, 1.0] {
        let run = SamplerConfig { eta, ..config(SamplerName::Ddim, 33) };
        for step in run.table(&schedule).unwrap().rows {
            let now = schedule.alphas_cumprod[step.timestep as usize];
            let before = schedule.alpha_cumprod(step.next.map(|t| t as usize));
            // x = √ᾱ_t x_0 + √(1-ᾱ_t) ε, with ε̂ = ε.
            assert!((step.c_x * now.sqrt() - before.sqrt()).abs() < 1e-14);
            let noise = step.c_x * (1.0 - now).sqrt() + step.c_m;
            assert!((noise * noise + step.c_z * step.c_z - (1.0 - before)).abs() < 1e-13);
        }
    }
}

#[test]
fn eta_is_checked_and_the_largest_is_named() {
    let schedule = schedule();
    let with = |eta, n| SamplerConfig { eta, ..config(SamplerName::Ddim, n) }.table(&schedule);
    for eta in [f64::NAN, f64::INFINITY, -0.1, f64::NEG_INFINITY] {
        let error = with(eta, 50).unwrap_err();
        assert!(error.to_string().starts_with("sample.eta: "), "{error}");
        assert!(SamplerConfig { eta, ..config(SamplerName::Ddpm, 50) }.table(&schedule).is_err());
    }
    for n in COUNTS {
        let largest = config(SamplerName::Ddim, n).max_eta(&schedule).unwrap();
        assert!(with(1.0, n).is_ok());
        if n == 1 {
            assert_eq!(largest, f64::INFINITY);
            continue;
        }
        assert!(with(largest, n).unwrap().rows.iter().all(|s| s.c_m.is_finite()));
        let error = with(largest * 1.001, n).unwrap_err().to_string();
        let shown: f64 = error.rsplit(' ').next().unwrap().parse().unwrap();
        assert!(error.starts_with("sample.eta: ") && with(shown, n).is_ok(), "{error}");
    }
    // Fifty steps of twenty timesteps are bound by the last noisy one, 20 → 0.
    let expected = ((1.0 - schedule.alphas_cumprod[20]) / schedule.beta_between(20, Some(0))).sqrt();
    assert!((config(SamplerName::Ddim, 50).max_eta(&schedule).unwrap() - expected).abs() < 1e-10);
    assert!((1.005..1.01).contains(&expected), "{expected}");
}

#[test]
fn clipping_changes_nothing_within_the_range() {
    let schedule = Schedule::new(&ScheduleConfig::default()).expect("a schedule");
    for sampler in [SamplerName::Ddim, SamplerName::Ddpm, SamplerName::Heun] {
        for use_clipped_model_output in [true, false] {
            let plain = SamplerConfig { sampler, eta: 0.5, num_inference_steps: 20, use_clipped_model_output, ..SamplerConfig::default() };
            let clipped = SamplerConfig { clip_sample: true, clip_sample_range: 0.5, ..plain.clone() }.table(&schedule).expect("steps");
            let plain = plain.table(&schedule).expect("steps");
            for (i, row) in plain.rows.iter().enumerate() {
                let alpha = row.from.alpha_cumprod();
                let run = |table: &SamplerTable, x0: f64| {
                    let x = alpha.sqrt() * x0 + (1.0 - alpha).sqrt() * 0.9;
                    let mut state = SampleState { history: [vec![0.2], vec![0.0], vec![0.0]], ..SampleState::new(vec![x]) };
                    table.step(i, &mut state, &[0.9], &[0.3]);
                    (state.x[0], state.history[0][0])
                };
                // x and ε̂ of a clean sample within [-1/2, 1/2], and of one beyond.
                let ((a, kept_a), (b, kept_b)) = (run(&plain, 0.4), run(&clipped, 0.4));
                assert!((a - b).abs() < 1e-11 && (kept_a - kept_b).abs() < 1e-10, "{sampler:?} {row:?}");
                let beyond = run(&plain, 1.5).0 - run(&clipped, 1.5).0;
                assert!((beyond - clipped.rows[i].c_0).abs() < 1e-8, "{sampler:?} {row:?}");
            }
        }
    }
}

#[test]
fn the_sde_of_order_3_is_the_ode_over_twice_the_span() {
    // diffusers' weight of the curvature in `sde-dpmsolver++` of order 3 (pull request 9104) tends to -1 for short steps; it must
    // vanish, as the ODE's does, or the order is lost. A history of 0, 0, 1 in equal steps of λ is half of D2's factor.
    let beta_schedule = crate::diffusion::BetaSchedule::Drawn;
    let log_snr = vec![8.0, -8.0];
    let schedule = Schedule::new(&ScheduleConfig { beta_schedule, log_snr, ..ScheduleConfig::default() }).unwrap();
    let oldest = |algorithm_type, n| {
        let base = SamplerConfig { timestep_spacing: TimestepSpacing::Trailing, ..config(SamplerName::Dpmpp, n) };
        let rows = SamplerConfig { algorithm_type, solver_order: 3, ..base }.table(&schedule).unwrap().rows;
        let row = rows[n / 2];
        // Per unit of the signal's weight, slope and curvature: (slope · r0 + curvature)/(r0 + r1)/r1 with r0 = r1 = 1.
        (row.c_2 / row.to.signal, row.from.lambda(), row.to.lambda())
    };
    for n in [50, 100, 500] {
        let (weight, from, to) = oldest(AlgorithmType::SdeDpmsolver, n);
        let span = 2.0 * (to - from);
        let slope = 1.0 - (1.0 - (-span).exp()) / span;
        let curvature = 0.5 - slope / span;
        assert!((weight - 0.5 * (slope + curvature)).abs() < 1e-6, "{n}: {weight}");
        let (weight, from, to) = oldest(AlgorithmType::Dpmsolver, n);
        let h = to - from;
        let slope = 1.0 - (1.0 - (-h).exp()) / h;
        assert!((weight - 0.5 * (slope + 0.5 - slope / h)).abs() < 1e-6, "{n}: {weight}");
    }
    // A step of 0.16 in λ: small, where theirs would be -0.5 and more.
    assert!(oldest(AlgorithmType::SdeDpmsolver, 100).0.abs() < 0.15);
}

#[test]
fn what_a_sampler_cannot_do_is_named() {
    use SamplerName::{Ddim, Ddpm, Dpmpp, Euler, EulerAncestral, Heun, Lms};
    let good = SamplerConfig::default();
    let with = |sampler| SamplerConfig { sampler, ..good.clone() };
    let mut cases = vec![
        (SamplerConfig { strength: 0.0, ..good.clone() }, "strength"),
        (SamplerConfig { strength: f64::NAN, ..good.clone() }, "strength"),
        (SamplerConfig { strength: 0.01, ..good.clone() }, "strength"),
        (SamplerConfig { clip_sample_range: -1.0, ..good.clone() }, "clip_sample_range"),
        (SamplerConfig { dynamic_thresholding_ratio: 1.1, ..good.clone() }, "dynamic_thresholding_ratio"),
        (SamplerConfig { sample_max_value: 0.5, ..good.clone() }, "sample_max_value"),
        (SamplerConfig { solver_order: 4, ..good.clone() }, "solver_order"),
        (SamplerConfig { num_resamples: 0, ..good.clone() }, "num_resamples"),
        (SamplerConfig { num_resamples: 101, ..good.clone() }, "num_resamples"),
        (SamplerConfig { steps_offset: 20, ..good.clone() }, "steps_offset"),
        (SamplerConfig { timesteps: vec![5.0, 5.0], ..good.clone() }, "timesteps"),
        (SamplerConfig { timesteps: vec![1000.0], ..good.clone() }, "timesteps"),
        (SamplerConfig { timesteps: vec![f64::NAN], ..good.clone() }, "timesteps"),
        (SamplerConfig { timesteps: vec![10.5], ..good.clone() }, "timesteps"),
        (SamplerConfig { inverse: true, eta: 0.5, ..good.clone() }, "eta"),
        (SamplerConfig { inverse: true, num_resamples: 5, ..good.clone() }, "num_resamples"),
        (SamplerConfig { num_inference_steps: 1000, timestep_spacing: TimestepSpacing::Leading, ..with(Dpmpp) }, "num_inference_steps"),
        (SamplerConfig { use_karras_sigmas: true, timesteps: vec![5.0], ..with(Euler) }, "use_karras_sigmas"),
    ];
    for sampler in [Ddim, Ddpm, Euler, EulerAncestral, Heun, Dpmpp, Lms] {
        let base = with(sampler);
        let mut add = |honoured: &[SamplerName], config: SamplerConfig, field| {
            if honoured.contains(&sampler) {
                assert!(config.table(&schedule()).is_ok(), "{sampler:?} honours {field}");
            } else {
                cases.push((config, field));
            }
        };
        add(&[Ddim, Ddpm, Heun], SamplerConfig { clip_sample: true, ..base.clone() }, "clip_sample");
        add(&[Ddim, Ddpm, Dpmpp], SamplerConfig { thresholding: true, ..base.clone() }, "thresholding");
        add(&[Euler, Heun, Dpmpp, Lms], SamplerConfig { use_karras_sigmas: true, ..base.clone() }, "use_karras_sigmas");
        add(&[Ddim], SamplerConfig { set_alpha_to_one: false, ..base.clone() }, "set_alpha_to_one");
        add(&[Euler, Dpmpp], SamplerConfig { final_sigmas_type: FinalSigmasType::SigmaMin, ..base.clone() }, "final_sigmas_type");
        add(&[Ddim, Euler, Heun], SamplerConfig { inverse: true, ..base.clone() }, "inverse");
        add(&[Ddim, Ddpm], SamplerConfig { num_resamples: 3, ..base.clone() }, "num_resamples");
        add(&[Euler, EulerAncestral, Heun, Lms], SamplerConfig { timesteps: vec![900.0, 17.25, 3.0], ..base }, "timesteps");
    }
    for (config, field) in cases {
        let error = config.table(&schedule()).expect_err(field).to_string();
        assert!(error.starts_with(&format!("sample.{field}: ")), "{field}: {error}");
    }
    let flow = ScheduleConfig { prediction_type: PredictionType::FlowPrediction, ..ScheduleConfig::default() };
    for sampler in [Ddpm, EulerAncestral, Lms] {
        let error = with(sampler).table(&Schedule::new(&flow).unwrap()).expect_err("refused").to_string();
        assert!(error.starts_with("sample.sampler: "), "{error}");
    }
}

#[test]
fn strength_takes_as_many_steps_as_diffusers() {
    for (n, strength, steps) in [(50, 0.58, 29), (50, 1.0, 50), (10, 0.35, 3), (10, 0.1, 1), (7, 0.999, 6)] {
        let table = SamplerConfig { strength, ..config(SamplerName::Ddim, n) }.table(&schedule()).unwrap();
        assert_eq!(table.rows.len(), steps, "{n} {strength}");
        assert_eq!(table.rows[steps - 1].timestep, 0.0);
    }
}
