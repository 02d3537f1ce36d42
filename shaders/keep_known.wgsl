// What is known goes back to its place: x ← mask · (a · known + b · z) + (1 - mask) · x, with (a, b) from this step's row of the
// table (lib/reverse): the known sample noised to the step's level. The step's frame follows.
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
@group(0) @binding(2) var<storage, read> known: array<f32>; // [n]
@group(0) @binding(3) var<storage, read> mask: array<f32>; // [n]
@group(0) @binding(4) var<storage, read> z: array<f32>; // [n]
@group(0) @binding(5) var<storage, read> coefficients: array<f32>; // [steps, 16]
@group(0) @binding(6) var<storage, read> counters: array<u32>; // state: STEP, …
@group(0) @binding(7) var<storage, read_write> frames: array<f32>; // [frame_count, n]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n) { return; }
    let row = COLUMNS * min(counters[STEP], p.steps - 1u);
    let noised = coefficients[row + KNOWN] * known[i] + coefficients[row + KNOWN + 1u] * z[i];
    let y = mask[i] * noised + (1.0 - mask[i]) * x[i];
    let frame = coefficients[row + FRAME];
    if (frame >= 0.0 && u32(frame) < p.frame_count) { frames[u32(frame) * p.n + i] = y; }
    x[i] = y;
}
