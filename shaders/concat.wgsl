// Two tensors side by side: y[o] = a[o] followed by b[o].
// VEC4: rows are multiples of 4 long, and elements are fours. Grid: one thread per element of y. Workgroup memory: none.
#import index
#import fours

struct Params {
    n: u32,
    row_a: u32,
    row_b: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<Element>; // [outer, row_a]
@group(0) @binding(2) var<storage, read> b: array<Element>; // [outer, row_b]
@group(0) @binding(3) var<storage, read_write> y: array<Element>; // [outer, row_a + row_b], n elements

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n / WIDTH) { return; }
    let row_a = p.row_a / WIDTH;
    let row_b = p.row_b / WIDTH;
    let outer = i / (row_a + row_b);
    let j = i % (row_a + row_b);
    if (j < row_a) {
        y[i] = a[outer * row_a + j];
    } else {
        y[i] = b[outer * row_b + j - row_a];
    }
}
