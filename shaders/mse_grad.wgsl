// Derivative of the mean squared error: dprediction = factor · w_b (prediction - target) · dloss, factor = 2/(B·D).
// Grid: one thread per element. Workgroup memory: none.
#import index

struct Params {
    n: u32,
    dim: u32,
    factor: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> dloss: array<f32>; // [1]
@group(0) @binding(2) var<storage, read> prediction: array<f32>; // [B, dim], n elements
@group(0) @binding(3) var<storage, read> target_value: array<f32>; // [B, dim]
#if WEIGHTS
@group(0) @binding(4) var<storage, read> weights: array<f32>; // [B]
#endif
@group(0) @binding(5) var<storage, read_write> dprediction: array<f32>; // [B, dim]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n) { return; }
    var w = p.factor * dloss[0];
#if WEIGHTS
    w *= weights[i / p.dim];
#endif
    dprediction[i] = w * (prediction[i] - target_value[i]);
}
