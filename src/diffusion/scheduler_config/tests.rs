use super::*;
use crate::diffusion::{BetaSchedule, PredictionType, SamplerConfig, SamplerName, Schedule, ScheduleConfig, TimestepSpacing};

#[test]
fn a_schedule_that_diffusers_does_not_know_becomes_its_list() {
    for beta_schedule in [BetaSchedule::Ramp, BetaSchedule::Drawn, BetaSchedule::Sigmoid] {
        let schedule =
            ScheduleConfig { beta_schedule, log_snr: vec![6.0, 1.0, -8.0], num_train_timesteps: 40, ..ScheduleConfig::default() };
        let sampler = SamplerConfig { num_inference_steps: 20, ..SamplerConfig::default() };
        let (class, read, _) = read_scheduler_config(&write_scheduler_config(&schedule, &sampler).unwrap()).unwrap();
        assert_eq!((class.as_str(), read.beta_schedule), ("DDIMScheduler", BetaSchedule::Linear));
        let (theirs, ours) = (Schedule::new(&read).unwrap(), Schedule::new(&schedule).unwrap());
        // JSON's reader may be off by the last bit of a number with seventeen digits.
        let relative = |(a, b): (&f64, &f64)| (a - b).abs() / b;
        assert!(theirs.alphas_cumprod.iter().zip(&ours.alphas_cumprod).map(relative).all(|off| off < 1e-13));
    }
}

#[test]
fn what_no_class_can_honour_is_named() {
    let flow = ScheduleConfig { prediction_type: PredictionType::FlowPrediction, ..ScheduleConfig::default() };
    let euler = SamplerConfig { sampler: SamplerName::Euler, timestep_spacing: TimestepSpacing::Linspace, ..SamplerConfig::default() };
    let heun = SamplerConfig { sampler: SamplerName::Heun, ..euler.clone() };
    let zero = ScheduleConfig { rescale_betas_zero_snr: true, prediction_type: PredictionType::VPrediction, ..ScheduleConfig::default() };
    let sample = ScheduleConfig { prediction_type: PredictionType::Sample, ..ScheduleConfig::default() };
    let plain = ScheduleConfig::default();
    let cases = [
        (&flow, SamplerConfig::default(), "sample.sampler"),
        (&flow, SamplerConfig { timestep_spacing: TimestepSpacing::Trailing, ..euler.clone() }, "sample.timestep_spacing"),
        (&flow, SamplerConfig { use_karras_sigmas: true, ..heun.clone() }, "sample.use_karras_sigmas"),
        (&flow, SamplerConfig { clip_sample: true, ..heun.clone() }, "sample.clip_sample"),
        (&plain, SamplerConfig { inverse: true, ..euler }, "sample.inverse"),
        (
            &plain,
            SamplerConfig { inverse: true, timestep_spacing: TimestepSpacing::Linspace, ..SamplerConfig::default() },
            "sample.timestep_spacing",
        ),
        (&plain, SamplerConfig { inverse: true, thresholding: true, ..SamplerConfig::default() }, "sample.thresholding"),
        (&plain, SamplerConfig { num_resamples: 2, ..SamplerConfig::default() }, "sample.num_resamples"),
        (&zero, heun, "schedule.rescale_betas_zero_snr"),
        (&sample, SamplerConfig { sampler: SamplerName::EulerAncestral, ..SamplerConfig::default() }, "schedule.prediction_type"),
        (&plain, SamplerConfig { num_inference_steps: 0, ..SamplerConfig::default() }, "sample.num_inference_steps"),
    ];
    for (schedule, sampler, field) in cases {
        let error = write_scheduler_config(schedule, &sampler).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{field}: ")), "{field}: {error}");
    }
}
