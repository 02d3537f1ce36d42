// Derivative of picking rows: y[v, c] = Σ dy[i, c] over all i with index[i] = v, in the order of i: no atomics.
// Grid: one thread per element of y. Workgroup memory: none.
#import index

struct Params {
    n: u32,
    rows: u32,
    row_len: u32,
    count: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>; // [count, row_len]
@group(0) @binding(2) var<storage, read> index: array<u32>; // [count]
@group(0) @binding(3) var<storage, read_write> y: array<f32>; // [rows, row_len], n elements

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n) { return; }
    let v = i / p.row_len;
    let c = i % p.row_len;
    var sum = 0.0;
    for (var j = 0u; j < p.count; j++) {
        if (min(index[j], p.rows - 1u) == v) { sum += dy[j * p.row_len + c]; }
    }
    y[i] = sum;
}
