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
        (ScheduleConfig { num_train_timesteps: 0, ..good }, "schedule.num_train_timesteps"),
        (ScheduleConfig { num_train_timesteps: 1, ..good }, "schedule.num_train_timesteps"),
        (ScheduleConfig { num_train_timesteps: usize::MAX, ..good }, "schedule.num_train_timesteps"),
        (ScheduleConfig { beta_start: f64::NAN, ..good }, "schedule.beta_start"),
        (ScheduleConfig { beta_start: 0.0, ..good }, "schedule.beta_start"),
        (ScheduleConfig { beta_start: 0.03, ..good }, "schedule.beta_end"),
        (ScheduleConfig { beta_end: f64::NAN, ..good }, "schedule.beta_end"),
        (ScheduleConfig { beta_end: 1.0, ..good }, "schedule.beta_end"),
        (ScheduleConfig { beta_end: 0.9, ..good }, "schedule.beta_end"),
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
            let schedule = Schedule::new(&ScheduleConfig { num_train_timesteps, beta_schedule, ..good }).unwrap();
            assert!(schedule.alphas_cumprod.iter().all(|a| *a > 0.0 && *a < 1.0));
            assert!(schedule.alphas_cumprod.windows(2).all(|w| w[1] < w[0]));
        }
    }
    assert!(Schedule::new(&ScheduleConfig { beta_start: 0.01, beta_end: 0.01, ..good }).is_ok());
}

#[test]
fn json_keeps_diffusers_names() {
    let config: ScheduleConfig = serde_json::from_str(r#"{"beta_schedule":"squaredcos_cap_v2"}"#).unwrap();
    assert_eq!(config, ScheduleConfig { beta_schedule: BetaSchedule::SquaredcosCapV2, ..ScheduleConfig::default() });
    assert!(serde_json::from_str::<ScheduleConfig>(r#"{"beta_stat":1e-4}"#).is_err());
}
