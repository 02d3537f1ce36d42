//! SIMD versions of the few heavy kernels, for visitors without a GPU. The twins beside them stay the oracle.

mod activation;
mod adamw;
mod attention;
mod gemm;
mod matmul;

use super::Twin;

/// The fast version of the twin `stem`, if there is one.
pub(super) fn find(stem: &str) -> Option<Twin<f32>> {
    Some(match stem {
        "matmul" => matmul::run,
        "activate" => activation::run,
        "activate_grad" => activation::run_grad,
        "attention" => attention::run,
        "attention_stats" => attention::run_stats,
        "attention_grad" => attention::run_grad,
        "adamw" => adamw::run,
        _ => return None,
    })
}
