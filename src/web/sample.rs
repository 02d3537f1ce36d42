//! Samples as JavaScript sees them.

use wasm_bindgen::prelude::*;

use crate::train::SampleRun;

/// The result of a sampling run.
#[wasm_bindgen]
pub struct Sample {
    pub(super) run: SampleRun,
    pub(super) milliseconds: f64,
}

#[wasm_bindgen]
impl Sample {
    /// `frame_count · count · dim` numbers: the first frame is noise, the last the samples.
    #[wasm_bindgen(getter)]
    pub fn frames(&self) -> Vec<f32> {
        self.run.frames.clone()
    }

    /// What the model took each frame to be without noise; as long as `frames`.
    #[wasm_bindgen(getter)]
    pub fn predicted(&self) -> Vec<f32> {
        self.run.predicted.clone()
    }

    /// Numbers per sample: 2, or pixels times channels.
    #[wasm_bindgen(getter)]
    pub fn dim(&self) -> usize {
        self.run.dim
    }

    /// Number of frames.
    #[wasm_bindgen(getter)]
    pub fn frame_count(&self) -> usize {
        self.run.timesteps.len()
    }

    /// Samples per frame.
    #[wasm_bindgen(getter)]
    pub fn count(&self) -> usize {
        self.run.count
    }

    /// For each frame the timestep it stands at; -1 for clean.
    #[wasm_bindgen(getter)]
    pub fn timesteps(&self) -> Vec<f32> {
        self.run.timesteps.clone()
    }

    /// Network evaluations per sample.
    #[wasm_bindgen(getter)]
    pub fn model_evaluations(&self) -> usize {
        self.run.model_evaluations
    }

    /// Time from the call to the result.
    #[wasm_bindgen(getter)]
    pub fn milliseconds(&self) -> f64 {
        self.milliseconds
    }
}
