//! SIMD versions of the few heavy kernels, for visitors without a GPU. The twins beside them stay the oracle.

mod activation;
mod adamw;
mod attention;
mod bench;
mod conv;
mod epilogue;
mod gemm;
mod group_norm;
mod matmul;
mod sums;
mod taps;

use super::Twin;

/// The fast version of the twin `stem`, if there is one.
pub(super) fn find(stem: &str) -> Option<Twin<f32>> {
    Some(match stem {
        "matmul" => matmul::run,
        "activate" => activation::run,
        "activate_grad" => activation::run_grad,
        "attention" => attention::run,
        "attention_grad" => attention::run_grad,
        "group_norm" => group_norm::run,
        "group_norm_grad" => group_norm::run_grad,
        "conv" => conv::run,
        "conv_weight_grad" => conv::run_weight_grad,
        "reduce" => sums::run_reduce,
        "binary" => sums::run_binary,
        "adamw" => adamw::run,
        "bench_fma" => bench::run,
        _ => return None,
    })
}
