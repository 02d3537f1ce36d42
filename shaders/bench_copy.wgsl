// Memory alone: a copy. Its speed is what the bench takes for the device's bandwidth.
// Grid: one thread per four numbers. Workgroup memory: none.
#import index

struct Params {
    n: u32, // fours
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>; // [n]
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>; // [n]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n) { return; }
    y[i] = x[i];
}
