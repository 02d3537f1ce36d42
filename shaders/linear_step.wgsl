// Reverse update in place, with this step's row (c_x, c_e, c_z, frame, p_x, p_e, k_0, k_x) of the table:
//   clean = p_x · x + p_e · e, x ← c_x · x + c_e · e + c_z · z
// or with CLIPPED, clean being brought into [-1, 1], x ← k_0 · clean + k_x · x + c_z · z.
// A frame of 0 or more keeps a copy of the new x in frames[frame], and, if PREDICTED, of clean in predicted[frame].
// Grid: one thread per element of x. Workgroup memory: none.
#import index
#import state

struct Params {
    n: u32,
    steps: u32,
    frame_count: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> x: array<f32>; // [n]
@group(0) @binding(2) var<storage, read> e: array<f32>; // [n]
@group(0) @binding(3) var<storage, read> coefficients: array<f32>; // [steps, 8]
@group(0) @binding(4) var<storage, read> counters: array<u32>; // state: STEP, …
@group(0) @binding(5) var<storage, read_write> frames: array<f32>; // [frame_count, n]
#if NOISE
@group(0) @binding(6) var<storage, read> z: array<f32>; // [n]
#endif
#if PREDICTED
@group(0) @binding(7) var<storage, read_write> predicted: array<f32>; // [frame_count, n]
#endif

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n) { return; }
    let row = 8u * min(counters[STEP], p.steps - 1u);
    var clean = coefficients[row + 4u] * x[i] + coefficients[row + 5u] * e[i];
#if CLIPPED
    clean = clamp(clean, -1.0, 1.0);
    var y = coefficients[row + 6u] * clean + coefficients[row + 7u] * x[i];
#else
    var y = coefficients[row] * x[i] + coefficients[row + 1u] * e[i];
#endif
#if NOISE
    y += coefficients[row + 2u] * z[i];
#endif
    let frame = coefficients[row + 3u];
    if (frame >= 0.0 && u32(frame) < p.frame_count) {
        frames[u32(frame) * p.n + i] = y;
#if PREDICTED
        predicted[u32(frame) * p.n + i] = clean;
#endif
    }
    x[i] = y;
}
