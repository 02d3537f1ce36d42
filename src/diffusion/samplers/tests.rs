use super::*;
use crate::diffusion::{BetaSchedule, ScheduleConfig};

fn schedule() -> Schedule {
    Schedule::new(&ScheduleConfig::default()).unwrap()
}

fn config(sampler: SamplerName, num_inference_steps: usize) -> SamplerConfig {
    SamplerConfig { sampler, num_inference_steps, ..SamplerConfig::default() }
}

const SPACINGS: [TimestepSpacing; 3] = [TimestepSpacing::Leading, TimestepSpacing::Trailing, TimestepSpacing::Linspace];
const COUNTS: [usize; 9] = [1, 2, 7, 10, 30, 33, 50, 999, 1000];

#[test]
fn previous_timesteps_come_from_the_list() {
    for n in COUNTS {
        for timestep_spacing in SPACINGS {
            for sampler in [SamplerName::Ddim, SamplerName::Ddpm] {
                let steps = SamplerConfig { timestep_spacing, ..config(sampler, n) }.steps(&schedule()).unwrap();
                assert_eq!(steps.len(), n);
                for pair in steps.windows(2) {
                    assert_eq!(pair[0].prev_timestep, Some(pair[1].timestep));
                }
                assert_eq!(steps[n - 1].prev_timestep, None);
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
                let run = SamplerConfig { sampler, num_inference_steps: n, timestep_spacing, eta, variance_type };
                let last = run.steps(&schedule()).unwrap()[n - 1];
                let alpha = schedule().alphas_cumprod[last.timestep];
                let clean = |x: f64, epsilon: f64| (x - (1.0 - alpha).sqrt() * epsilon) / alpha.sqrt();
                assert_eq!(last.c_noise, 0.0);
                assert!((last.apply(0.3, -1.2, 5.0) - clean(0.3, -1.2)).abs() < 1e-12 / alpha.sqrt(), "{run:?}");
            }
        }
    }
}

#[test]
fn the_predicted_clean_sample_is_the_forward_jump_solved() {
    let schedule = schedule();
    for sampler in [SamplerName::Ddim, SamplerName::Ddpm] {
        let steps = config(sampler, 50).steps(&schedule).unwrap();
        for step in &steps {
            let alpha = schedule.alphas_cumprod[step.timestep];
            let x = alpha.sqrt() * 0.7 + (1.0 - alpha).sqrt() * -1.3;
            assert!((step.predict(x, -1.3) - 0.7).abs() < 1e-12 / alpha.sqrt(), "{step:?}");
        }
        // The last step goes there.
        let last = &steps[49];
        assert!((last.predict(0.3, -1.2) - last.apply(0.3, -1.2, 0.0)).abs() < 1e-12);
    }
}

#[test]
fn single_steps_of_ddpm_are_algorithm_2() {
    let schedule = schedule();
    let steps = config(SamplerName::Ddpm, 1000).steps(&schedule).unwrap();
    for step in &steps {
        let t = step.timestep;
        let (alpha, beta) = (schedule.alphas[t], schedule.betas[t]);
        assert!((step.c_x - 1.0 / alpha.sqrt()).abs() < 1e-13);
        let c_eps = -beta / (alpha.sqrt() * (1.0 - schedule.alphas_cumprod[t]).sqrt());
        assert!((step.c_eps - c_eps).abs() < 1e-13);
    }
    let large = SamplerConfig { variance_type: VarianceType::FixedLarge, ..config(SamplerName::Ddpm, 1000) };
    let large = large.steps(&schedule).unwrap();
    assert!(large[..999].iter().all(|s| (s.c_noise.powi(2) - schedule.betas[s.timestep]).abs() < 1e-15));
}

#[test]
fn ddim_with_eta_1_is_ddpm_with_small_variance() {
    for beta_schedule in [BetaSchedule::Linear, BetaSchedule::SquaredcosCapV2] {
        let schedule = Schedule::new(&ScheduleConfig { beta_schedule, ..ScheduleConfig::default() }).unwrap();
        for n in COUNTS {
            for timestep_spacing in SPACINGS {
                let run = |sampler| SamplerConfig { eta: 1.0, timestep_spacing, ..config(sampler, n) };
                let ddim = run(SamplerName::Ddim).steps(&schedule).unwrap();
                let ddpm = run(SamplerName::Ddpm).steps(&schedule).unwrap();
                for (a, b) in ddim.iter().zip(&ddpm) {
                    assert_eq!((a.timestep, a.prev_timestep), (b.timestep, b.prev_timestep));
                    // The radicand of c_eps loses digits where it is near 0; 1e-7 is √ε of f64 with room.
                    for (u, v) in [(a.c_x, b.c_x), (a.c_eps, b.c_eps), (a.c_noise, b.c_noise)] {
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
        for step in run.steps(&schedule).unwrap() {
            let now = schedule.alphas_cumprod[step.timestep];
            let before = schedule.alpha_cumprod(step.prev_timestep);
            // x = √ᾱ_t x_0 + √(1-ᾱ_t) ε, with ε̂ = ε.
            assert!((step.c_x * now.sqrt() - before.sqrt()).abs() < 1e-14);
            let noise = step.c_x * (1.0 - now).sqrt() + step.c_eps;
            assert!((noise * noise + step.c_noise * step.c_noise - (1.0 - before)).abs() < 1e-13);
        }
    }
}

#[test]
fn eta_is_checked_and_the_largest_is_named() {
    let schedule = schedule();
    let with = |eta, n| SamplerConfig { eta, ..config(SamplerName::Ddim, n) }.steps(&schedule);
    for eta in [f64::NAN, f64::INFINITY, -0.1, f64::NEG_INFINITY] {
        let error = with(eta, 50).unwrap_err();
        assert!(error.to_string().starts_with("sample.eta: "), "{error}");
        assert!(SamplerConfig { eta, ..config(SamplerName::Ddpm, 50) }.steps(&schedule).is_err());
    }
    for n in COUNTS {
        let list = timesteps(1000, n, TimestepSpacing::Leading).unwrap();
        let largest = max_eta(&schedule, &list);
        assert!(with(1.0, n).is_ok());
        if n == 1 {
            assert_eq!(largest, f64::INFINITY);
            continue;
        }
        assert!(with(largest, n).unwrap().iter().all(|s| s.c_eps.is_finite()));
        let error = with(largest * 1.001, n).unwrap_err().to_string();
        let shown: f64 = error.rsplit(' ').next().unwrap().parse().unwrap();
        assert!(error.starts_with("sample.eta: ") && with(shown, n).is_ok(), "{error}");
    }
    // Fifty steps of twenty timesteps are bound by the last noisy one, 20 → 0.
    let list = timesteps(1000, 50, TimestepSpacing::Leading).unwrap();
    let expected = ((1.0 - schedule.alphas_cumprod[20]) / schedule.beta_between(20, Some(0))).sqrt();
    assert_eq!(max_eta(&schedule, &list), expected);
    assert!((1.005..1.01).contains(&expected), "{expected}");
}

#[test]
fn without_clipping_both_forms_of_a_step_are_the_same() {
    let schedule = Schedule::new(&ScheduleConfig::default()).expect("a schedule");
    for sampler in [SamplerName::Ddim, SamplerName::Ddpm] {
        let config = SamplerConfig { sampler, eta: 0.5, num_inference_steps: 20, ..SamplerConfig::default() };
        for step in config.steps(&schedule).expect("steps") {
            // x and ε̂ of a clean sample within [-1, 1], and of one beyond.
            let alpha = schedule.alphas_cumprod[step.timestep];
            let (inside, outside) = (alpha.sqrt() * 0.4 + (1.0 - alpha).sqrt() * 0.9, alpha.sqrt() * 1.5 + (1.0 - alpha).sqrt() * 0.9);
            assert!((step.apply(inside, 0.9, 0.3) - step.apply_clipped(inside, 0.9, 0.3)).abs() < 1e-12, "{step:?}");
            let clipped = step.apply(outside, 0.9, 0.3) - step.apply_clipped(outside, 0.9, 0.3);
            assert!((clipped - 0.5 * step.k_x0).abs() < 1e-9, "{step:?}");
        }
    }
}
