// Scaling: y = s · x.
// VEC4: n is a multiple of 4, and elements are fours. Grid: one thread per element. Workgroup memory: none.
#import index
#import fours

struct Params {
    n: u32,
    s: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<Element>; // [n]
@group(0) @binding(2) var<storage, read_write> y: array<Element>; // [n]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n / WIDTH) { return; }
    y[i] = p.s * x[i];
}
