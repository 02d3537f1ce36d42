//! Samplers as tables: every step of every sampler is one network evaluation and one linear update.

use serde::Serialize;

use super::super::Level;
use super::super::level::Linear;

/// One network evaluation and the update by its output `m`:
///
/// ```text
/// clean = p_x · x + p_m · m                                              then clipped or thresholded, see `Clip`
/// kept  = q_x · x + q_m · m + q_0 · clean
/// x'    = c_x · x + c_m · m + c_0 · clean + c_1 · h1 + c_2 · h2 + c_3 · h3 + c_z · z
/// ```
///
/// with `h1` what the row before kept, `h2` the one before that, and so on, and `z` standard normal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub struct Row {
    /// What the network is told: a timestep, perhaps between two, or `σ · T` in flow matching.
    pub timestep: f64,
    /// The same of the result; `None` where it is clean.
    pub next: Option<f64>,
    /// Level of `x`.
    pub from: Level,
    /// Level of the result.
    pub to: Level,
    /// Factor of `x` in `clean`.
    pub p_x: f64,
    /// Factor of `m` in `clean`.
    pub p_m: f64,
    /// Factor of `x` in `kept`.
    pub q_x: f64,
    /// Factor of `m` in `kept`.
    pub q_m: f64,
    /// Factor of `clean` in `kept`.
    pub q_0: f64,
    /// Factor of `x` in the result.
    pub c_x: f64,
    /// Factor of `m` in the result.
    pub c_m: f64,
    /// Factor of `clean` in the result; 0 where nothing is clipped, as `c_x` and `c_m` then say it all.
    pub c_0: f64,
    /// Factor of what the row before kept.
    pub c_1: f64,
    /// Factor of what the row two before kept.
    pub c_2: f64,
    /// Factor of what the row three before kept.
    pub c_3: f64,
    /// Factor of fresh noise: its standard deviation; 0 in a deterministic step.
    pub c_z: f64,
}

impl Row {
    pub(super) fn new(timestep: f64, next: Option<f64>, from: Level, to: Level, clean: Linear) -> Row {
        let (p_x, p_m) = (clean.x, clean.m);
        let (q_x, q_m, q_0, c_x, c_m, c_0, c_1, c_2, c_3, c_z) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
        Row { timestep, next, from, to, p_x, p_m, q_x, q_m, q_0, c_x, c_m, c_0, c_1, c_2, c_3, c_z }
    }

    pub(super) fn keeping(self, kept: Linear) -> Row {
        Row { q_x: kept.x, q_m: kept.m, q_0: kept.clean, ..self }
    }

    pub(super) fn giving(self, result: Linear, history: [f64; 3], c_z: f64) -> Row {
        let [c_1, c_2, c_3] = history;
        Row { c_x: result.x, c_m: result.m, c_0: result.clean, c_1, c_2, c_3, c_z, ..self }
    }
}

/// What is done to the predicted clean sample before it is used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Clip {
    /// Nothing.
    None,
    /// It is kept within ± this range (diffusers' `clip_sample`).
    Range(f64),
    /// Dynamic thresholding (Imagen, arXiv 2205.11487, section 2.3): with `s` the quantile `ratio` of its magnitudes, at
    /// least 1 and at most `max`, it is kept within ± `s` and divided by `s`.
    Threshold {
        /// Share of the numbers that are kept as they are.
        ratio: f64,
        /// Largest `s`.
        max: f64,
    },
}

impl Clip {
    /// Clips the numbers of one sample.
    pub fn apply(self, clean: &mut [f64]) {
        let (bound, scale) = match self {
            Clip::None => return,
            Clip::Range(range) => (range, 1.0),
            Clip::Threshold { ratio, max } => {
                let s = quantile(clean, ratio).max(1.0).min(max);
                (s, s)
            }
        };
        clean.iter_mut().for_each(|v| *v = v.clamp(-bound, bound) / scale);
    }
}

/// Quantile of the magnitudes, interpolated linearly between neighbours as PyTorch's `quantile` does.
fn quantile(values: &[f64], ratio: f64) -> f64 {
    let mut sorted: Vec<f64> = values.iter().map(|v| v.abs()).collect();
    sorted.sort_by(f64::total_cmp);
    let place = ratio * (sorted.len() - 1) as f64;
    let left = place as usize;
    let right = (left + 1).min(sorted.len() - 1);
    sorted[left] + (sorted[right] - sorted[left]) * (place - left as f64)
}

/// A sampling run: rows in the order in which they are taken.
#[derive(Debug, Clone, PartialEq)]
pub struct SamplerTable {
    /// One per network evaluation; at least one.
    pub rows: Vec<Row>,
    /// Standard deviation of the noise that a run starts from. 1, but a little less for samplers that count noise in
    /// multiples of the signal: they start at the first level's own noise, where diffusers does.
    pub init: f64,
    /// What is done to the predicted clean sample.
    pub clip: Clip,
}

/// A sample on its way, and what the last three rows kept.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleState {
    /// The sample.
    pub x: Vec<f64>,
    /// What the last rows kept, the latest first.
    pub history: [Vec<f64>; 3],
}

impl SampleState {
    /// A sample before its first row.
    pub fn new(x: Vec<f64>) -> Self {
        let none = || vec![0.0; x.len()];
        SampleState { history: [none(), none(), none()], x }
    }
}

impl SamplerTable {
    /// Takes row `index` of one sample, given the network's output `m` and noise `z` of the sample's length, and returns the
    /// clipped prediction of the clean sample.
    ///
    /// # Panics
    /// If there is no such row, or `m` or `z` are shorter than the sample.
    pub fn step(&self, index: usize, state: &mut SampleState, m: &[f64], z: &[f64]) -> Vec<f64> {
        let row = self.rows[index];
        let SampleState { x, history: [h1, h2, h3] } = state;
        let mut clean: Vec<f64> = x.iter().zip(m).map(|(x, m)| row.p_x * x + row.p_m * m).collect();
        self.clip.apply(&mut clean);
        for i in 0..x.len() {
            let kept = row.q_x * x[i] + row.q_m * m[i] + row.q_0 * clean[i];
            let before = row.c_1 * h1[i] + row.c_2 * h2[i] + row.c_3 * h3[i];
            x[i] = row.c_x * x[i] + row.c_m * m[i] + row.c_0 * clean[i] + before + row.c_z * z[i];
            (h1[i], h2[i], h3[i]) = (kept, h1[i], h2[i]);
        }
        clean
    }
}
