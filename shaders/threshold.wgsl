// Dynamic thresholding (2205.11487, section 2.3) of the clean sample c = p_x · x + p_m · m, with this step's row of the table
// (lib/reverse): s = quantile(|c_b|, ratio) of each sample, at least 1 and at most range; clean = clamp(c, -s, s) / s.
// The quantile is that of NumPy: linear, by `share`, between the order statistics `rank` and the one above. They are found bit by bit: floats that
// are not negative are ordered as their bits are.
// Grid: one workgroup per sample. Workgroup memory: 8 bytes.
#import index
#import state
#import reverse

struct Params {
    batch: u32,
    dim: u32,
    steps: u32,
    frame_count: u32,
    rank: u32,
    share: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>; // [batch, dim]
@group(0) @binding(2) var<storage, read> m: array<f32>; // [batch, dim]
@group(0) @binding(3) var<storage, read> coefficients: array<f32>; // [steps, 16]
@group(0) @binding(4) var<storage, read> counters: array<u32>; // state: STEP, …
@group(0) @binding(5) var<storage, read_write> clean: array<f32>; // [batch, dim]
#if PREDICTED
@group(0) @binding(6) var<storage, read_write> predicted: array<f32>; // [frame_count, batch, dim]
#endif

var<workgroup> count: atomic<u32>;
var<workgroup> above: atomic<u32>;

// How many magnitudes of the sample have smaller bits than `limit`; the same in every thread.
fn smaller(first: u32, local: u32, limit: u32) -> u32 {
    if (local == 0u) { atomicStore(&count, 0u); }
    workgroupBarrier();
    var mine = 0u;
    for (var i = local; i < p.dim; i += WORKGROUP) {
        mine += select(0u, 1u, bitcast<u32>(abs(clean[first + i])) < limit);
    }
    atomicAdd(&count, mine);
    workgroupBarrier();
    let all = atomicLoad(&count);
    workgroupBarrier();
    return all;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
    let b = min(linear_group(group, groups), p.batch - 1u);
    let first = b * p.dim;
    let row = COLUMNS * min(counters[STEP], p.steps - 1u);
    for (var i = local; i < p.dim; i += WORKGROUP) {
        clean[first + i] = coefficients[row + P_X] * x[first + i] + coefficients[row + P_M] * m[first + i];
    }
    // A thread reads what it wrote itself, so that no barrier is needed in between.
    var bits = 0u;
    for (var bit = 1u << 30u; bit > 0u; bit >>= 1u) {
        if (smaller(first, local, bits | bit) <= p.rank) { bits |= bit; }
    }
    // The next larger one, unless there are more of these.
    let upto = smaller(first, local, bits + 1u);
    if (local == 0u) { atomicStore(&above, 0x7f800000u); }
    workgroupBarrier();
    for (var i = local; i < p.dim; i += WORKGROUP) {
        let magnitude = bitcast<u32>(abs(clean[first + i]));
        if (magnitude > bits) { atomicMin(&above, magnitude); }
    }
    workgroupBarrier();
    let low = bitcast<f32>(bits);
    let high = bitcast<f32>(select(atomicLoad(&above), bits, upto > p.rank + 1u || p.rank + 1u >= p.dim));
    let quantile = low + p.share * (high - low);
    let s = clamp(quantile, 1.0, coefficients[row + RANGE]);
    for (var i = local; i < p.dim; i += WORKGROUP) {
        let value = clamp(clean[first + i], -s, s) / s;
        clean[first + i] = value;
#if PREDICTED
        let frame = coefficients[row + FRAME];
        if (frame >= 0.0 && u32(frame) < p.frame_count) {
            predicted[(u32(frame) * p.batch + b) * p.dim + i] = value;
        }
#endif
    }
}
