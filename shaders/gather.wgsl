// Rows by index: y[i, :] = table[index[i], :]; an index past the end takes the last row.
// INTEGER: the table holds integers.
// Grid: one thread per element of y. Workgroup memory: none.
#import index

#if INTEGER
alias Element = u32;
#else
alias Element = f32;
#endif

struct Params {
    n: u32,
    rows: u32,
    row_len: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> table: array<Element>; // [rows, row_len]
@group(0) @binding(2) var<storage, read> index: array<u32>; // [n / row_len]
@group(0) @binding(3) var<storage, read_write> y: array<Element>; // [n / row_len, row_len]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n) { return; }
    let row = min(index[i / p.row_len], p.rows - 1u);
    y[i] = table[row * p.row_len + i % p.row_len];
}
