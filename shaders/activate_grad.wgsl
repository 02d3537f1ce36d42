// Backward pass of an activation: dz = dy · f'(z), elementwise.
// KIND: 1 SiLU, 2 GELU, 3 tanh, 4 ReLU.
// VEC4: n is a multiple of 4, and elements are fours. Grid: one thread per element. Workgroup memory: none.
#import index
#import fours_activation

struct Params {
    n: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> dy: array<Element>; // [n]
@group(0) @binding(2) var<storage, read> z: array<Element>; // [n]
@group(0) @binding(3) var<storage, read_write> dz: array<Element>; // [n]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n / WIDTH) { return; }
    dz[i] = dy[i] * slope_e(z[i]);
}
