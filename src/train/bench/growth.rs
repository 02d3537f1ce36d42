//! How the cost of a training step grows with the batch, the width of the layers and the side of the images.

use serde::Serialize;

use super::cases::preset;
use super::timing::{Patience, Timing};
use super::training::{start, time};
use crate::Result;
use crate::plan::Backend;
use crate::train::config::Config;
use crate::train::cost::step_cost;
use crate::train::images::Preset;

/// What is varied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS), ts(rename = "GrowthAxis"))]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    /// Images per step, of the preset `small`.
    Batch,
    /// Channels of the first level of a U-Net of two, at batch 8 and 14×14 pixels.
    Width,
    /// Pixels per side of the preset `small`'s images, at batch 4.
    Side,
}

impl Axis {
    /// All of them.
    pub const ALL: [Axis; 3] = [Axis::Batch, Axis::Width, Axis::Side];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Axis::Batch => "batch",
            Axis::Width => "width",
            Axis::Side => "side",
        }
    }

    /// Where it is measured.
    fn values(self) -> &'static [usize] {
        match self {
            Axis::Batch => &[1, 2, 4, 8, 16, 32, 64, 128, 256],
            Axis::Width => &[8, 16, 32, 64, 128],
            Axis::Side => &[8, 16, 32, 64],
        }
    }

    /// The run at a place.
    fn config(self, value: usize) -> Config {
        let mut config = match self {
            Axis::Batch => preset(Preset::Small, value),
            Axis::Width => preset(Preset::Tiny, 8),
            Axis::Side => preset(Preset::Small, 4),
        };
        match (self, &mut config.images) {
            (Axis::Width, Some(images)) => images.unet.block_out_channels = vec![value, 2 * value],
            (Axis::Side, Some(images)) => (images.side, images.unet.sample_size) = (value, value),
            _ => {}
        }
        config
    }
}

/// A place on an axis.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS), ts(rename = "GrowthPoint"))]
pub struct Point {
    /// Where.
    pub at: usize,
    /// Milliseconds of a step.
    pub step: Timing,
    /// Floating-point operations of a step.
    pub operations: u64,
}

/// The cost of a step along an axis.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS), ts(rename = "BenchGrowth"))]
pub struct Growth {
    /// Name of the case.
    pub name: String,
    /// What was varied.
    pub axis: Axis,
    /// What it takes at each place.
    pub points: Vec<Point>,
    /// Slope of the line through the logarithms of all points: 1 is proportional.
    pub slope: f64,
    /// The same for the floating-point operations: what the time would do if only they counted.
    pub slope_of_operations: f64,
    /// Slope through the last three points, where what a step costs at least is small beside the rest.
    pub slope_at_end: f64,
    /// The first place that would have taken too long.
    pub left_out: Option<usize>,
}

/// Slope of the least-squares line through the logarithms.
fn slope(points: &[(f64, f64)]) -> f64 {
    let logs: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    let n = logs.len() as f64;
    let (mean_x, mean_y) = (logs.iter().map(|p| p.0).sum::<f64>() / n, logs.iter().map(|p| p.1).sum::<f64>() / n);
    let both: f64 = logs.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let square: f64 = logs.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    if square > 0.0 { both / square } else { 0.0 }
}

impl Growth {
    /// Measures along `axis`, as far as a place is not expected to take longer than `limit` seconds.
    ///
    /// # Errors
    /// Those of a run.
    pub async fn measure(backend: &mut dyn Backend, name: &str, axis: Axis, limit: f64, patience: &Patience) -> Result<Growth> {
        let mut points: Vec<Point> = Vec::new();
        let mut left_out = None;
        for &at in axis.values() {
            let config = axis.config(at);
            let operations = step_cost(&config, &backend.tuning())?.operations;
            if let Some(last) = points.last() {
                let expected = last.step.median * operations as f64 / last.operations as f64;
                if patience.seconds(expected) > limit {
                    left_out = Some(at);
                    break;
                }
            }
            let mut trainer = start(backend, &config).await?;
            let timed = time(backend, &mut trainer, patience).await;
            trainer.destroy(backend);
            points.push(Point { at, step: timed?.0, operations });
        }
        let times: Vec<(f64, f64)> = points.iter().map(|p| (p.at as f64, p.step.least)).collect();
        let counts: Vec<(f64, f64)> = points.iter().map(|p| (p.at as f64, p.operations as f64)).collect();
        let slope_at_end = slope(&times[times.len().saturating_sub(3)..]);
        Ok(Growth {
            name: name.to_string(),
            axis,
            slope: slope(&times),
            slope_of_operations: slope(&counts),
            slope_at_end,
            points,
            left_out,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Tuning;

    #[test]
    fn slopes_are_exponents() {
        let points: Vec<(f64, f64)> = [1.0, 2.0, 8.0, 64.0].iter().map(|x: &f64| (*x, 3.0 * x.powf(1.5))).collect();
        assert!((slope(&points) - 1.5).abs() < 1e-12);
        assert_eq!(slope(&points[..1]), 0.0);
    }

    #[test]
    fn every_place_on_an_axis_is_a_run() {
        for axis in Axis::ALL {
            let counts: Vec<u64> =
                axis.values().iter().map(|at| step_cost(&axis.config(*at), &Tuning::CPU).expect("compiles").operations).collect();
            assert!(counts.is_sorted_by(|a, b| a < b), "{axis:?}: {counts:?}");
        }
    }
}
