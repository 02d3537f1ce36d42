// Reverse update in place by this step's row of the table (lib/reverse):
//   clean = p_x · x + p_m · m, brought into [-range, range] with CLIPPED, or given with CLEAN
//   x ← c_x · x + c_m · m + c_0 · clean + c_1 · h_1 + c_2 · h_2 + c_3 · h_3 + c_z · z
// with h_i = q_x · x + q_m · m + q_0 · clean as it was i rows before (HISTORY), kept in a ring of three.
// A frame of 0 or more keeps a copy of the new x in frames[frame], and, if PREDICTED, of clean in predicted[frame].
// Grid: one thread per element of x. Workgroup memory: none.
#import index
#import state
#import reverse

struct Params {
    n: u32,
    steps: u32,
    frame_count: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> x: array<f32>; // [n]
@group(0) @binding(2) var<storage, read> m: array<f32>; // [n]
@group(0) @binding(3) var<storage, read> coefficients: array<f32>; // [steps, 16]
@group(0) @binding(4) var<storage, read> counters: array<u32>; // state: STEP, …
@group(0) @binding(5) var<storage, read_write> frames: array<f32>; // [frame_count, n]
#if NOISE
@group(0) @binding(6) var<storage, read> z: array<f32>; // [n]
#endif
#if PREDICTED
@group(0) @binding(7) var<storage, read_write> predicted: array<f32>; // [frame_count, n]
#endif
#if HISTORY
@group(0) @binding(8) var<storage, read_write> history: array<f32>; // [3, n]
#endif
#if CLEAN
@group(0) @binding(9) var<storage, read> given: array<f32>; // [n]
#endif

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n) { return; }
    let step = min(counters[STEP], p.steps - 1u);
    let row = COLUMNS * step;
    let now = x[i];
    let output = m[i];
#if CLEAN
    let clean = given[i];
#else
    var clean = coefficients[row + P_X] * now + coefficients[row + P_M] * output;
#if CLIPPED
    let range = coefficients[row + RANGE];
    clean = clamp(clean, -range, range);
#endif
#endif
    var y = coefficients[row + C_X] * now + coefficients[row + C_M] * output + coefficients[row + C_0] * clean;
#if HISTORY
    for (var back = 1u; back <= 3u; back++) {
        y += coefficients[row + C_0 + back] * history[((step + 3u - back) % 3u) * p.n + i];
    }
    history[(step % 3u) * p.n + i] =
        coefficients[row + Q_X] * now + coefficients[row + Q_X + 1u] * output + coefficients[row + Q_X + 2u] * clean;
#endif
#if NOISE
    y += coefficients[row + C_Z] * z[i];
#endif
    let frame = coefficients[row + FRAME];
    if (frame >= 0.0 && u32(frame) < p.frame_count) {
        frames[u32(frame) * p.n + i] = y;
#if PREDICTED
        predicted[u32(frame) * p.n + i] = clean;
#endif
    }
    x[i] = y;
}
