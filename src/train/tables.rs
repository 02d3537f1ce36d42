//! A sampler's table and guidance in the columns that the device reads.

use super::config::Config;
use super::options::SampleOptions;
use crate::diffusion::{Clip, PredictionType, Row};
use crate::graph::ops::reverse::column;

/// A row of [`crate::graph::Graph::linear_step`]'s table, its result kept in `frame` if there is one.
pub(super) fn coefficients(row: &Row, clip: Clip, frame: Option<usize>) -> [f32; column::COUNT] {
    let mut columns = [0.0; column::COUNT];
    let range = match clip {
        Clip::None => 0.0,
        Clip::Range(range) => range,
        Clip::Threshold { max, .. } => max,
    };
    let places: [(usize, &[f64]); 7] = [
        (column::C_X, &[row.c_x, row.c_m, row.c_0, row.c_1, row.c_2, row.c_3]),
        (column::C_Z, &[row.c_z]),
        (column::P_X, &[row.p_x, row.p_m]),
        (column::Q_X, &[row.q_x, row.q_m, row.q_0]),
        (column::FRAME, &[frame.map_or(-1.0, |f| f as f64)]),
        (column::RANGE, &[range]),
        (column::KNOWN, &[row.to.signal, row.to.noise]),
    ];
    for (first, values) in places {
        for (column, value) in columns[first..].iter_mut().zip(values) {
            *column = *value as f32;
        }
    }
    columns
}

/// Below this share of signal a classifier has nothing to go by, and its gradient would be divided by next to nothing.
const LEAST_SIGNAL: f64 = 1e-3;

/// The table of [`crate::graph::Graph::guide`]: for each row the guidance scale, 1 outside its interval, and the factor of the
/// classifier's gradient.
///
/// Classifier guidance shifts the noise by `-s · noise · ∇ log p(y | x)` (2105.05233, algorithm 2), that is the clean sample by
/// `s · noise²/signal · ∇ log p`, and the network's output by what means the same. The device has the gradient of the *mean* of
/// `-log p` over the samples, hence the factor of their number.
pub(super) fn guidance(config: &Config, rows: &[Row], options: &SampleOptions) -> Vec<f32> {
    let schedule = options.schedule.as_ref().unwrap_or(&config.schedule);
    let last = (schedule.num_train_timesteps - 1) as f64;
    let row = |row: &Row| {
        let share = (row.timestep / last).min(1.0);
        let inside = (options.guidance_from..=options.guidance_to).contains(&share);
        let scale = if inside { options.guidance_scale } else { 1.0 };
        let (signal, noise) = (row.from.signal, row.from.noise);
        let shift = match schedule.prediction_type {
            PredictionType::Epsilon => -noise,
            _ if signal < LEAST_SIGNAL => 0.0,
            PredictionType::Sample => noise * noise / signal,
            PredictionType::VPrediction | PredictionType::FlowPrediction => -noise / signal,
        };
        let strength = if inside { options.classifier_scale } else { 0.0 };
        [scale as f32, (-strength * options.num_samples as f64 * shift) as f32]
    };
    rows.iter().flat_map(row).collect()
}
