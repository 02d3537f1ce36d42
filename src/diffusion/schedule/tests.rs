use super::*;

fn schedule(beta_schedule: BetaSchedule) -> Schedule {
    Schedule::new(&ScheduleConfig { beta_schedule, ..ScheduleConfig::default() }).unwrap()
}

#[test]
fn known_values() {
    let linear = schedule(BetaSchedule::Linear);
    assert_eq!((linear.betas[0], linear.num_train_timesteps()), (1e-4, 1000));
    assert!((linear.betas[999] - 0.02).abs() < 1e-16);
    assert!((linear.alphas_cumprod[999] - 4.036e-5).abs() < 1e-8);
    let cosine = schedule(BetaSchedule::SquaredcosCapV2);
    assert!((cosine.betas[0] - 4.128e-5).abs() < 1e-8);
    assert_eq!(cosine.betas[999], 0.999);
    assert!((cosine.alphas_cumprod[999] - 2.43e-9).abs() < 1e-11);
}

#[test]
fn posterior_variance_has_known_values() {
    let linear = schedule(BetaSchedule::Linear);
    for (t, s, variance) in [(420, 400, 0.14771), (980, 960, 0.32460), (487, 486, 0.00979), (999, 998, 0.02)] {
        assert!((linear.posterior_variance(t, Some(s)) - variance).abs() < 1e-5, "{t} → {s}");
    }
    assert_eq!(linear.posterior_variance(0, None), 0.0);
}

#[test]
fn neighbours_give_beta() {
    let linear = schedule(BetaSchedule::Linear);
    assert!((linear.beta_between(500, Some(499)) - linear.betas[500]).abs() < 1e-15);
    assert!((linear.beta_between(0, None) - linear.betas[0]).abs() < 1e-15);
}

#[test]
fn bad_fields_are_named() {
    let good = ScheduleConfig::default();
    let cases = [
        (ScheduleConfig { num_train_timesteps: 0, ..good.clone() }, "schedule.num_train_timesteps"),
        (ScheduleConfig { num_train_timesteps: 1, ..good.clone() }, "schedule.num_train_timesteps"),
        (ScheduleConfig { num_train_timesteps: usize::MAX, ..good.clone() }, "schedule.num_train_timesteps"),
        (ScheduleConfig { beta_start: f64::NAN, ..good.clone() }, "schedule.beta_start"),
        (ScheduleConfig { beta_start: 0.0, ..good.clone() }, "schedule.beta_start"),
        (ScheduleConfig { beta_start: 0.03, ..good.clone() }, "schedule.beta_end"),
        (ScheduleConfig { beta_end: f64::NAN, ..good.clone() }, "schedule.beta_end"),
        (ScheduleConfig { beta_end: 1.0, ..good.clone() }, "schedule.beta_end"),
        (ScheduleConfig { beta_end: 0.9, ..good.clone() }, "schedule.beta_end"),
    ];
    for (config, field) in cases {
        let error = Schedule::new(&config).unwrap_err();
        assert!(error.to_string().starts_with(&format!("{field}: ")), "{config:?}: {error}");
    }
}

#[test]
fn extremes_that_work() {
    let good = ScheduleConfig::default();
    for beta_schedule in [BetaSchedule::Linear, BetaSchedule::SquaredcosCapV2] {
        for num_train_timesteps in [2, 3, 50, 4000] {
            let schedule = Schedule::new(&ScheduleConfig { num_train_timesteps, beta_schedule, ..good.clone() }).unwrap();
            assert!(schedule.alphas_cumprod.iter().all(|a| *a > 0.0 && *a < 1.0));
            assert!(schedule.alphas_cumprod.windows(2).all(|w| w[1] < w[0]));
        }
    }
    assert!(Schedule::new(&ScheduleConfig { beta_start: 0.01, beta_end: 0.01, ..good.clone() }).is_ok());
}

#[test]
fn json_keeps_diffusers_names() {
    let config: ScheduleConfig = serde_json::from_str(r#"{"beta_schedule":"squaredcos_cap_v2"}"#).unwrap();
    assert_eq!(config, ScheduleConfig { beta_schedule: BetaSchedule::SquaredcosCapV2, ..ScheduleConfig::default() });
    assert!(serde_json::from_str::<ScheduleConfig>(r#"{"beta_stat":1e-4}"#).is_err());
}

#[test]
fn the_other_schedules_have_known_values() {
    let scaled = schedule(BetaSchedule::ScaledLinear);
    assert!((scaled.betas[0] - 1e-4).abs() < 1e-16 && (scaled.betas[999] - 0.02).abs() < 1e-16);
    // Half-way between the roots, not between the numbers.
    let middle = (0.01 + 0.02f64.sqrt()) / 2.0;
    assert!((scaled.betas[499].sqrt() + scaled.betas[500].sqrt() - 2.0 * middle).abs() < 1e-15);
    let sigmoid = schedule(BetaSchedule::Sigmoid);
    assert!((sigmoid.betas[0] - (1e-4 + 0.0199 / (1.0 + 6f64.exp()))).abs() < 1e-15);
    assert!((sigmoid.betas[499] + sigmoid.betas[500] - 0.0201).abs() < 1e-15);
    let ramp = schedule(BetaSchedule::Ramp);
    assert!((ramp.betas[0] - 2e-5).abs() < 1e-18 && (ramp.betas[999] - 0.02).abs() < 1e-17);
}

#[test]
fn a_list_of_betas_wins() {
    let betas: Vec<f64> = (1..=10).map(|i| 0.01 * f64::from(i)).collect();
    let config = ScheduleConfig { num_train_timesteps: 10, trained_betas: Some(betas.clone()), ..ScheduleConfig::default() };
    assert_eq!(Schedule::new(&config).unwrap().betas, betas);
    for (wrong, says) in
        [(vec![0.01; 9], "9 βs for 10"), (vec![0.0; 10], "β_0"), (vec![f64::NAN; 10], "β_0"), (vec![1e-18; 10], "timestep 0")]
    {
        let config = ScheduleConfig { trained_betas: Some(wrong), ..config.clone() };
        let error = Schedule::new(&config).unwrap_err().to_string();
        assert!(error.starts_with("schedule.trained_betas: ") && error.contains(says), "{error}");
    }
    let dead = ScheduleConfig { trained_betas: Some(vec![0.999; 10]), ..config };
    assert!(Schedule::new(&dead).unwrap_err().to_string().starts_with("schedule.trained_betas: the signal dies out"));
}

#[test]
fn a_drawn_curve_goes_through_its_points_and_falls_between() {
    let drawn = |log_snr: Vec<f64>| {
        Schedule::new(&ScheduleConfig {
            beta_schedule: BetaSchedule::Drawn,
            log_snr,
            num_train_timesteps: 101,
            ..ScheduleConfig::default()
        })
    };
    let knots = vec![9.0, 8.9, 2.0, 1.5, -12.0];
    let schedule = drawn(knots.clone()).unwrap();
    for (i, knot) in knots.iter().enumerate() {
        assert!((schedule.log_snr(25 * i) - knot).abs() < 1e-9, "{i}: {} {knot}", schedule.log_snr(25 * i));
    }
    assert!(schedule.alphas_cumprod.windows(2).all(|w| w[1] < w[0]));
    // A straight line stays one.
    let straight = drawn(vec![6.0, 1.0, -4.0]).unwrap();
    assert!((0..=100).all(|t| (straight.log_snr(t) - (6.0 - 0.1 * t as f64)).abs() < 1e-9));
    assert!((drawn(vec![6.0, -4.0]).unwrap().log_snr(30) - 3.0).abs() < 1e-9);
    for wrong in [vec![], vec![1.0], vec![0.0; 65], vec![1.0, 1.0], vec![1.0, 2.0], vec![f64::NAN, 0.0], vec![21.0, 0.0], vec![0.0, -41.0]]
    {
        assert!(drawn(wrong).unwrap_err().to_string().starts_with("schedule.log_snr: "));
    }
}

#[test]
fn rescaled_schedules_end_without_signal() {
    let config = ScheduleConfig {
        rescale_betas_zero_snr: true,
        prediction_type: PredictionType::VPrediction,
        beta_schedule: BetaSchedule::ScaledLinear,
        ..ScheduleConfig::default()
    };
    let plain = Schedule::new(&ScheduleConfig { rescale_betas_zero_snr: false, ..config.clone() }).unwrap();
    let schedule = Schedule::new(&config).unwrap();
    assert_eq!((schedule.alphas_cumprod[999], schedule.betas[999]), (0.0, 1.0));
    assert!((schedule.alphas_cumprod[0] - plain.alphas_cumprod[0]).abs() < 1e-15);
    // Roots keep their differences up to one factor.
    let difference = |s: &Schedule, t: usize| s.alphas_cumprod[t].sqrt() - s.alphas_cumprod[t + 1].sqrt();
    let factor = difference(&schedule, 0) / difference(&plain, 0);
    assert!((difference(&schedule, 700) / difference(&plain, 700) / factor - 1.0).abs() < 1e-9);
    assert_eq!(schedule.log_snr(999), f64::NEG_INFINITY);
    for prediction_type in [PredictionType::Epsilon, PredictionType::FlowPrediction] {
        let error = Schedule::new(&ScheduleConfig { prediction_type, ..config.clone() }).unwrap_err().to_string();
        assert!(error.starts_with("schedule.rescale_betas_zero_snr: "), "{error}");
    }
}

#[test]
fn flow_matching_goes_in_a_straight_line() {
    let flow =
        |shift| Schedule::new(&ScheduleConfig { prediction_type: PredictionType::FlowPrediction, shift, ..ScheduleConfig::default() });
    let even = flow(1.0).unwrap();
    assert_eq!((even.level(999), even.network_time(999)), (Level { signal: 0.0, noise: 1.0 }, 1000.0));
    assert!((even.level(249).noise - 0.25).abs() < 1e-15 && (even.network_time(249) - 250.0).abs() < 1e-12);
    let shifted = flow(3.0).unwrap();
    assert!((shifted.level(249).noise - 0.5).abs() < 1e-15);
    assert_eq!(shifted.level(999).noise, 1.0);
    for shift in [0.0, -1.0, f64::NAN, 101.0] {
        assert!(flow(shift).unwrap_err().to_string().starts_with("schedule.shift: "));
    }
}

#[test]
fn steps_add_up_to_levels_in_flow_matching_too() {
    for prediction_type in [PredictionType::Epsilon, PredictionType::FlowPrediction] {
        let schedule = Schedule::new(&ScheduleConfig { prediction_type, ..ScheduleConfig::default() }).unwrap();
        for (t, s) in [(0, None), (700, Some(300)), (300, Some(299))] {
            let (now, before) = (schedule.level(t), s.map_or(Level::CLEAN, |s| schedule.level(s)));
            let (ratio, beta) = (now.signal / before.signal, schedule.beta_between(t, s));
            assert!((ratio.powi(2) * before.noise.powi(2) + beta - now.noise.powi(2)).abs() < 1e-15);
            // Precisions of x_s, from x_0 and from x_t, add up.
            let posterior = schedule.posterior_variance(t, s);
            let exact = 1.0 / (before.noise.powi(-2) + ratio.powi(2) / beta);
            assert!((posterior - exact).abs() < 1e-12, "{t} {s:?}: {posterior} {exact}");
        }
    }
}

#[test]
fn levels_between_timesteps_are_interpolated() {
    let linear = schedule(BetaSchedule::Linear);
    let (low, high, middle) = (linear.level_at(10.0), linear.level_at(11.0), linear.level_at(10.5));
    assert!((low.signal - linear.level(10).signal).abs() < 1e-15 && (high.noise - linear.level(11).noise).abs() < 1e-15);
    assert!((2.0 * middle.sigma() - low.sigma() - high.sigma()).abs() < 1e-15);
    assert!((middle.scale() - 1.0).abs() < 1e-15);
}
