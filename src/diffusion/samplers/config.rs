//! What decides a sampling table.

use serde::{Deserialize, Serialize};

use super::super::TimestepSpacing;

/// A sampling algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub enum SamplerName {
    /// DDIM (Song, Meng and Ermon, arXiv 2010.02502, equation 12): deterministic at `eta = 0`.
    #[default]
    Ddim,
    /// DDPM's ancestral sampling (Ho, Jain and Abbeel, arXiv 2006.11239, Algorithm 2), on any sub-sequence of timesteps.
    Ddpm,
    /// Euler's method for the probability-flow ODE (EDM, arXiv 2206.00364, Algorithm 1 without churn), also of flow matching.
    Euler,
    /// Euler's method to a lower level, and fresh noise up to the next (k-diffusion's ancestral sampler).
    EulerAncestral,
    /// Heun's method (EDM, arXiv 2206.00364, Algorithm 1), of second order: two evaluations per step, one for the last.
    Heun,
    /// DPM-Solver++ as a multistep method (arXiv 2211.01095, Algorithm 2), of order 1 to 3, as an ODE or an SDE.
    Dpmpp,
    /// The linear multistep method of order 4 (Adams-Bashforth on uneven steps).
    Lms,
}

/// The variance of DDPM's added noise; diffusers' `variance_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub enum VarianceType {
    /// `β̃_t`, the posterior variance: exact for data at a single point.
    #[default]
    FixedSmall,
    /// `exp(ln β̃_t)`: the same numbers by way of the logarithm.
    FixedSmallLog,
    /// `β_t`: exact for data that are standard normal.
    FixedLarge,
    /// `exp(ln β_t)`: the same numbers by way of the logarithm.
    FixedLargeLog,
}

/// What DPM-Solver++ integrates; diffusers' `algorithm_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub enum AlgorithmType {
    /// The ODE.
    #[default]
    #[serde(rename = "dpmsolver++")]
    Dpmsolver,
    /// The SDE: every step adds noise.
    #[serde(rename = "sde-dpmsolver++")]
    SdeDpmsolver,
}

/// How DPM-Solver++ of order 2 uses the evaluation before; diffusers' `solver_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub enum SolverType {
    /// As the derivative half-way.
    #[default]
    Midpoint,
    /// In the exact integral of a straight line.
    Heun,
}

/// Where the last step of Euler and DPM-Solver++ ends; diffusers' `final_sigmas_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub enum FinalSigmasType {
    /// At the clean data.
    #[default]
    Zero,
    /// At the level of timestep 0.
    SigmaMin,
}

/// What decides a sampling table.
///
/// What belongs to one algorithm only (`eta`, `variance_type`, `use_clipped_model_output`, `solver_order` and the five after
/// it) is of no effect on the others; anything else that an algorithm cannot do is an error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields, default)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub struct SamplerConfig {
    /// The algorithm.
    pub sampler: SamplerName,
    /// Number of steps `n`, 1 to `T`; the network is evaluated once per step, by Heun's method twice but for the last.
    pub num_inference_steps: usize,
    /// How the steps are spread.
    pub timestep_spacing: TimestepSpacing,
    /// Added to the timesteps of the spacing `leading`.
    pub steps_offset: usize,
    /// Timesteps picked by hand, strictly falling; if there are any, they take the place of the three fields above. DDIM, DDPM and
    /// DPM-Solver++ take whole ones.
    pub timesteps: Vec<f64>,
    /// Levels spread by Karras et al. (EDM, arXiv 2206.00364, equation 5, ρ = 7) between those of first and last timestep.
    pub use_karras_sigmas: bool,
    /// DDIM's η: 0 is deterministic, 1 has DDPM's `fixed_small` noise.
    pub eta: f64,
    /// DDPM's variance.
    pub variance_type: VarianceType,
    /// DDIM: the last step ends at the clean data, not at the level of timestep 0.
    pub set_alpha_to_one: bool,
    /// The predicted clean sample is kept within `clip_sample_range` (DDIM, DDPM and Heun).
    pub clip_sample: bool,
    /// Its bound.
    pub clip_sample_range: f64,
    /// Dynamic thresholding (DDIM, DDPM and DPM-Solver++; see [`super::Clip::Threshold`]); wins over `clip_sample`.
    pub thresholding: bool,
    /// Share of the numbers that it leaves alone.
    pub dynamic_thresholding_ratio: f64,
    /// Largest range that it allows before it divides.
    pub sample_max_value: f64,
    /// DDIM with a clipped clean sample: the noise that goes with it is the one that leads from it to `x`. With the network's own,
    /// which guidance makes longer than noise is, every step would leave more noise than the next one expects.
    /// (diffusers' default is false.)
    pub use_clipped_model_output: bool,
    /// DPM-Solver++: order, 1 to 3.
    pub solver_order: usize,
    /// DPM-Solver++: what is integrated.
    pub algorithm_type: AlgorithmType,
    /// DPM-Solver++ of order 2: how.
    pub solver_type: SolverType,
    /// DPM-Solver++ with fewer than 15 steps: lower orders for the last two.
    pub lower_order_final: bool,
    /// DPM-Solver++: order 1 for the last step.
    pub euler_at_final: bool,
    /// Euler and DPM-Solver++: where the last step ends.
    pub final_sigmas_type: FinalSigmasType,
    /// From clean data to noise (DDIM, Euler and Heun), along the same levels.
    pub inverse: bool,
    /// Share of the steps that is taken, the last ones: 1 starts from pure noise, less from noised data (img2img).
    pub strength: f64,
    /// Each step but the last is taken so often, with a jump back to its start in between (RePaint, arXiv 2201.09865, with
    /// jumps of one step); 1 is plain sampling. DDIM and DDPM only. In an inversion by DDIM, each step after the first taking
    /// corrects itself, which brings the image back more exactly; at most 4.
    pub num_resamples: usize,
}

impl Default for SamplerConfig {
    /// DDIM, 50 steps, η = 0, diffusers' spacing.
    fn default() -> Self {
        SamplerConfig {
            sampler: SamplerName::Ddim,
            num_inference_steps: 50,
            timestep_spacing: TimestepSpacing::Leading,
            steps_offset: 0,
            timesteps: Vec::new(),
            use_karras_sigmas: false,
            eta: 0.0,
            variance_type: VarianceType::FixedSmall,
            set_alpha_to_one: true,
            clip_sample: false,
            clip_sample_range: 1.0,
            thresholding: false,
            dynamic_thresholding_ratio: 0.995,
            sample_max_value: 1.0,
            use_clipped_model_output: true,
            solver_order: 2,
            algorithm_type: AlgorithmType::Dpmsolver,
            solver_type: SolverType::Midpoint,
            lower_order_final: true,
            euler_at_final: false,
            final_sigmas_type: FinalSigmasType::Zero,
            inverse: false,
            strength: 1.0,
            num_resamples: 1,
        }
    }
}
