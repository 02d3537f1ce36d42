// Repetition: y = x read with stride 0 along the axes on which x has extent 1.
// d1…d3: inner extents of y; s0…s3: strides of x.
// Grid: one thread per element of y. Workgroup memory: none.
#import index

struct Params {
    n: u32,
    d1: u32,
    d2: u32,
    d3: u32,
    s0: u32,
    s1: u32,
    s2: u32,
    s3: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>; // broadcasts to y
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // [n] = [d0, d1, d2, d3]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n) { return; }
    let i3 = i % p.d3;
    let i2 = (i / p.d3) % p.d2;
    let i1 = (i / (p.d3 * p.d2)) % p.d1;
    let i0 = i / (p.d3 * p.d2 * p.d1);
    y[i] = x[i0 * p.s0 + i1 * p.s1 + i2 * p.s2 + i3 * p.s3];
}
