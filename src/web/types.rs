//! Plain objects that cross into JavaScript. Their TypeScript types are written from here into `www/src/engine-types.ts`.

use serde::Serialize;

/// Where the work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum BackendName {
    /// WebGPU.
    Webgpu,
    /// SIMD in WebAssembly.
    Cpu,
}

/// Why it is done there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// There is a GPU.
    Gpu,
    /// The page or its user asked for it.
    Requested,
    /// The browser has no WebGPU.
    NoWebgpu,
    /// The browser has WebGPU but gives no adapter.
    NoAdapter,
    /// WebGPU runs in software here, slower than the CPU backend.
    FasterThanSoftwareGpu,
    /// WebGPU runs in software here, and still faster than the CPU backend.
    SoftwareGpuFaster,
}

/// Training steps per second, tried at the start where the choice was open.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub struct MeasuredSpeed {
    /// On the software WebGPU adapter.
    pub webgpu: f64,
    /// On the CPU backend.
    pub cpu: f64,
}

/// Who does the work, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub struct AdapterInfo {
    /// WebGPU or CPU.
    pub backend: BackendName,
    /// The adapter's name as far as the browser tells it.
    pub name: String,
    /// True for a WebGPU adapter that is a program, not a GPU.
    pub software: bool,
    /// Why this backend.
    pub reason: Reason,
    /// Speeds of both backends, if both were tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(all(test, not(target_arch = "wasm32")), ts(optional))]
    pub measured: Option<MeasuredSpeed>,
}

/// State of the run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub struct Metrics {
    /// Steps done.
    pub step: u32,
    /// Mean loss of the last steps, at most 100; null before the first.
    pub loss: Option<f32>,
    /// Losses not reported before, oldest first.
    pub losses: Vec<f32>,
    /// The step of the first of them, from 0.
    pub first_step: u32,
    /// Norm of the last gradient before clipping.
    pub grad_norm: f32,
    /// Learning rate of the last step.
    pub learning_rate: f32,
    /// Training steps per second over the last two seconds or so.
    pub steps_per_second: f64,
    /// Steps in one submit, as it has settled.
    pub steps_per_submit: usize,
    /// The step at which a loss was not finite: parameters stay at their last good values; null if all is well.
    pub frozen_at: Option<u32>,
    /// How often a lost device was made again.
    pub recoveries: u32,
    /// Buffers on the device.
    pub buffers: usize,
    /// Their bytes.
    #[cfg_attr(all(test, not(target_arch = "wasm32")), ts(type = "number"))]
    pub buffer_bytes: u64,
    /// Parameters of the model.
    pub parameters: usize,
}

/// How far the classifier of noised samples is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub struct ClassifierMetrics {
    /// Steps done.
    pub step: u32,
    /// Mean loss of the last steps.
    pub loss: f32,
    /// Share of fresh noised samples that it names rightly.
    pub accuracy: f32,
}

/// Time spent in one kernel.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub struct KernelTime {
    /// Stem of its shader.
    pub kernel: String,
    /// Launches.
    pub calls: usize,
    /// Milliseconds in all.
    pub milliseconds: f64,
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use ts_rs::TS;

    use super::super::schedules::{SamplerTableView, ScheduleTable, SchedulerFile};
    use super::*;
    use crate::data::{DataConfig, DatasetName};
    use crate::diffusion::{
        AlgorithmType, BetaSchedule, FinalSigmasType, Level, LossWeighting, ObjectiveConfig, PredictionType, Row, SamplerName,
        ScheduleConfig, SolverType, TimestepSampling, VarianceType,
    };
    use crate::graph::Activation;
    use crate::nn::{ClassEmbedType, DownBlockType, MlpConfig, ResampleType, TimeScaleShift, UnetConfig, UpBlockType};
    use crate::plan::{Cost, DeviceInfo, DeviceKind, KernelCost, Prediction};
    use crate::train::bench::{Axis, Depth, Event, Gain, Growth, KernelShare, Outcome, Peaks, Point, Report, Sampling, Timing, Training};
    use crate::train::{
        ClassConditioning, Config, Goal, ImageConfig, ImageDataset, LrSchedule, MemoryPlan, OptimizerConfig, Preset, SampleOptions,
        SpacingChoice, WeightsChoice,
    };

    /// The page's types are these. `UNNOISE_WRITE_TYPES=1 cargo test` writes the file anew.
    #[test]
    fn typescript_types_are_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/www/src/engine-types.ts");
        let ts = ts_rs::Config::new().with_large_int("number");
        let mut text = String::from("// Written from the Rust types by a test (src/web/types.rs); do not edit.\n");
        macro_rules! declare {
            ($($ty:ty),* $(,)?) => { $( text.push_str(&format!("export {}\n", <$ty as TS>::decl(&ts))); )* };
        }
        declare!(
            DatasetName,
            Activation,
            BetaSchedule,
            PredictionType,
            LossWeighting,
            TimestepSampling,
            AlgorithmType,
            SolverType,
            FinalSigmasType,
            SpacingChoice,
            Goal,
            LrSchedule,
            SamplerName,
            VarianceType,
            WeightsChoice,
            DataConfig,
            MlpConfig,
            ScheduleConfig,
            OptimizerConfig,
            ObjectiveConfig,
            DownBlockType,
            UpBlockType,
            ResampleType,
            TimeScaleShift,
            ClassEmbedType,
            UnetConfig,
            ImageDataset,
            ClassConditioning,
            Preset,
            ImageConfig,
            MemoryPlan,
            Config,
            SampleOptions,
            BackendName,
            Reason,
            MeasuredSpeed,
            AdapterInfo,
            Metrics,
            ClassifierMetrics,
            KernelTime,
            Level,
            Row,
            ScheduleTable,
            SamplerTableView,
            SchedulerFile,
            DeviceKind,
            DeviceInfo,
            KernelCost,
            Prediction,
            Cost,
            Depth,
            Timing,
            Peaks,
            KernelShare,
            Gain,
            Training,
            Sampling,
            Axis,
            Point,
            Growth,
            Outcome,
            Report,
            Event,
        );
        // Doc comments of the fields stay in Rust; here they would only repeat.
        let text = strip_comments(&text);
        if std::env::var_os("UNNOISE_WRITE_TYPES").is_some() {
            std::fs::write(path, &text).expect("the file can be written");
        }
        let committed = std::fs::read_to_string(path).expect("www/src/engine-types.ts is there");
        assert_eq!(committed, text, "the page's types differ from Rust's: run UNNOISE_WRITE_TYPES=1 cargo test typescript");
    }

    fn strip_comments(text: &str) -> String {
        let (mut out, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once("/**") {
            out.push_str(before.trim_end_matches([' ', '\n']));
            rest = after.split_once("*/").map_or("", |(_, after)| after.trim_start_matches('\n'));
            if !out.ends_with(['\n', ' ']) && !rest.starts_with([' ', '\n']) {
                out.push(' ');
            }
        }
        out.push_str(rest);
        out
    }
}
