// The bookkeeping of one training step, so that the host need not see it:
//   norm = √Σ partials; clip = min(1, max_norm / norm); rate = base · (1 + cos(π step / cosine_steps)) / 2;
//   β powers advance (bias correction); ema_now = min(ema_decay, (1 + step) / (10 + step)); losses[step mod ring] = loss.
// If loss or norm is not finite the run is frozen: nothing advances any more, and adamw changes nothing.
// Grid: one workgroup. Workgroup memory: 1 KiB.
#import state
#import trig

struct Params {
    partial_count: u32,
    ring: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> partials: array<f32>; // [partial_count], at most 256
@group(0) @binding(2) var<storage, read> loss: array<f32>; // [1]
@group(0) @binding(3) var<storage, read_write> counters: array<u32>; // state: STEP, …
@group(0) @binding(4) var<storage, read_write> scalars: array<f32>; // state: BASE_RATE, …
@group(0) @binding(5) var<storage, read_write> losses: array<f32>; // [ring]

var<workgroup> sums: array<f32, 256>;

// Comparing with NaN or infinity is at the compiler's mercy in WGSL; the exponent bits are not.
fn finite(bits: u32) -> bool {
    return (bits & 0x7f800000u) != 0x7f800000u;
}

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) local: u32) {
    sums[local] = 0.0;
    if (local < p.partial_count) { sums[local] = partials[local]; }
    workgroupBarrier();
    for (var half = 128u; half > 0u; half /= 2u) {
        if (local < half) { sums[local] += sums[local + half]; }
        workgroupBarrier();
    }
    if (local != 0u || counters[FROZEN] != 0u) { return; }

    let step = counters[STEP];
    let norm = sqrt(sums[0]);
    if (!finite(bitcast<u32>(loss[0])) || !finite(bitcast<u32>(sums[0]))) {
        counters[FROZEN] = 1u;
        counters[FROZEN_AT] = step;
        return;
    }
    scalars[LOSS] = loss[0];
    scalars[GRAD_NORM] = norm;
    losses[step % p.ring] = loss[0];
    let max_norm = scalars[MAX_NORM];
    scalars[CLIP] = select(1.0, max_norm / (norm + 1e-6), max_norm > 0.0 && norm > max_norm);
    let total = scalars[COSINE_STEPS];
    let share = min(f32(step) / max(total, 1.0), 1.0);
    scalars[RATE] = scalars[BASE_RATE] * select(1.0, 0.5 + 0.5 * cos_sin(3.14159265 * share).x, total > 0.0);
    scalars[BETA1_POWER] *= scalars[BETA1];
    scalars[BETA2_POWER] *= scalars[BETA2];
    scalars[EMA_NOW] = min(scalars[EMA_DECAY], (1.0 + f32(step)) / (10.0 + f32(step)));
    counters[STEP] = step + 1u;
}
