// This step's entry of a table, once per sample: y[i] = table[step].
// Grid: one thread per element of y. Workgroup memory: none.
#import index
#import state

struct Params {
    n: u32,
    steps: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> table: array<f32>; // [steps]
@group(0) @binding(2) var<storage, read> counters: array<u32>; // state: STEP, …
@group(0) @binding(3) var<storage, read_write> y: array<f32>; // [n]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n) { return; }
    y[i] = table[min(counters[STEP], p.steps - 1u)];
}
