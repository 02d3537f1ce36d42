// Two tensors side by side: y[o] = a[o] followed by b[o].
// Grid: one thread per element of y. Workgroup memory: none.
#import index

struct Params {
    n: u32,
    row_a: u32,
    row_b: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>; // [outer, row_a]
@group(0) @binding(2) var<storage, read> b: array<f32>; // [outer, row_b]
@group(0) @binding(3) var<storage, read_write> y: array<f32>; // [outer, row_a + row_b], n elements

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n) { return; }
    let row = p.row_a + p.row_b;
    let outer = i / row;
    let j = i % row;
    if (j < p.row_a) {
        y[i] = a[outer * p.row_a + j];
    } else {
        y[i] = b[outer * p.row_b + j - p.row_a];
    }
}
