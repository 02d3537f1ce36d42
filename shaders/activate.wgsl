// Activation: y = f(z), elementwise.
// KIND: 1 SiLU, 2 GELU, 3 tanh, 4 ReLU.
// Grid: one thread per element of y. Workgroup memory: none.
#import index
#import activation

struct Params {
    n: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> z: array<f32>; // [n]
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // [n]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n) { return; }
    y[i] = activate(KIND, z[i]);
}
