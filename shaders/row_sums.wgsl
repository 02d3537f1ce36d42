// Sums over the rows of several matrices, all in one launch: for each matrix s
//   y[to + i] = Σ_r x[from + r · stride + i],  i = 0 … len - 1, r = 0 … rows - 1, in ascending order
// where from, stride, to and len are multiples of 4 and count elements of four here, as they do in the table.
// Grid: one thread per element, the matrices one after the other in whole workgroups. Workgroup memory: none.
#import index

struct Params {
    matrices: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> table: array<f32>; // [matrices, 6]: first workgroup, from, rows, stride, to, len
@group(0) @binding(2) var<storage, read> x: array<vec4f>; // all matrices
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>; // all sums

fn entry(matrix: u32, column: u32) -> u32 { return u32(table[6u * matrix + column]); }

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
    let g = linear_group(group, groups);
    // The last matrix that begins at this workgroup or before it.
    var s = 0u;
    for (var after = p.matrices; after - s > 1u;) {
        let middle = (s + after) / 2u;
        if (entry(middle, 0u) <= g) { s = middle; } else { after = middle; }
    }
    let i = (g - entry(s, 0u)) * WORKGROUP + local;
    if (i >= entry(s, 5u)) { return; }
    let stride = entry(s, 3u);
    let end = entry(s, 1u) + entry(s, 2u) * stride + i;
    var sum = vec4f();
    for (var at = entry(s, 1u) + i; at < end; at += stride) { sum += x[at]; }
    y[entry(s, 4u) + i] = sum;
}
