//! The machine's arithmetic, with nothing else to do.

/// Numbers worked on side by side. On wasm they fill 12 registers of 4, which V8 keeps in those of x86; elsewhere as many as measured
/// best: without a fused instruction more chains hide more of what two take.
const LANES: usize = if cfg!(target_arch = "wasm32") { 48 } else { 128 };

/// Whether the target multiplies and adds in one instruction wherever it runs.
const FUSED: bool = cfg!(any(target_arch = "aarch64", target_feature = "fma"));

/// `y`: for each of `x` the sum of the ends of eight chains of `steps` times `a ← m a + b`, begun at `x`, `x + 1`, …
pub fn chains(x: &[f32], y: &mut [f32], steps: usize, m: f32, b: f32) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        #[expect(unsafe_code, reason = "the processor has just been asked whether it has what the function is compiled for")]
        // SAFETY: `chains_avx2` needs AVX2 and FMA, which are there, and nothing else.
        unsafe {
            chains_avx2(x, y, steps, m, b);
        }
        return;
    }
    run::<LANES, FUSED>(x, y, steps, m, b);
}

/// The same code, compiled for 16 registers of 8 floats: half of them hide what an instruction takes.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn chains_avx2(x: &[f32], y: &mut [f32], steps: usize, m: f32, b: f32) {
    run::<64, true>(x, y, steps, m, b);
}

#[inline(always)]
fn run<const LANES: usize, const FUSED: bool>(x: &[f32], y: &mut [f32], steps: usize, m: f32, b: f32) {
    for (x, y) in x.chunks(LANES).zip(y.chunks_mut(LANES)) {
        let mut start = [0.0; LANES];
        start[..x.len()].copy_from_slice(x);
        let mut sums = [0.0; LANES];
        for chain in 0..8 {
            let mut ends = start.map(|a| a + chain as f32);
            for _ in 0..steps {
                for a in &mut ends {
                    *a = if FUSED { a.mul_add(m, b) } else { *a * m + b };
                }
            }
            sums.iter_mut().zip(ends).for_each(|(sum, a)| *sum += a);
        }
        y.copy_from_slice(&sums[..y.len()]);
    }
}

#[cfg(test)]
mod tests {
    use super::{LANES, chains, run};

    #[test]
    fn chains_end_where_their_formula_says() {
        for n in [1, 64, 161] {
            let x: Vec<f32> = (0..n).map(|i| i as f32 * 0.25 - 2.0).collect();
            let (mut y, mut plain) = (vec![0.0; n], vec![0.0; n]);
            chains(&x, &mut y, 3, 0.75, 0.25);
            run::<LANES, false>(&x, &mut plain, 3, 0.75, 0.25);
            // a ↦ 1 + (a - 1) m³ for each chain.
            let end = |x: f32| (0..8).map(|c| 1.0 + (x + c as f32 - 1.0) * 0.75f32.powi(3)).sum::<f32>();
            for (i, x) in x.iter().enumerate() {
                assert!((end(*x) - y[i]).abs() < 1e-4 && (end(*x) - plain[i]).abs() < 1e-4, "{x}: {}, {}, not {}", y[i], plain[i], end(*x));
            }
        }
    }
}
