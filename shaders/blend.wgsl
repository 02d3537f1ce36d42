// Forward jump: y_b = table[t_b, 0] · x_b + table[t_b, 1] · e_b; with table = (√ᾱ, √(1-ᾱ)) it noises x to time t.
// Grid: one thread per element of y. Workgroup memory: none.
#import index

struct Params {
    n: u32,
    dim: u32,
    rows: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>; // [B, dim], n elements
@group(0) @binding(2) var<storage, read> e: array<f32>; // [B, dim]
@group(0) @binding(3) var<storage, read> t: array<u32>; // [B]
@group(0) @binding(4) var<storage, read> table: array<f32>; // [rows, 2]
@group(0) @binding(5) var<storage, read_write> y: array<f32>; // [B, dim]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n) { return; }
    let row = 2u * min(t[i / p.dim], p.rows - 1u);
    y[i] = table[row] * x[i] + table[row + 1u] * e[i];
}
