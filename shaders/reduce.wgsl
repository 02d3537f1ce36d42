// Sum over the middle axis: y[o, c, i] = factor · Σ_r x[o, r, i] over the c-th chunk of rows, in a fixed order.
// COLS columns (1, 4 or 16) by 256 / COLS partial sums each, then a tree.
// Grid: one workgroup per o, chunk and COLS columns, `groups` in all. Workgroup memory: 1 KiB.
#import index

struct Params {
    rows: u32,
    inner: u32,
    chunk: u32,
    chunks: u32,
    groups: u32,
    factor: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>; // [outer, rows, inner]
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // [outer, chunks, inner]

const LANES: u32 = 256u / COLS;
var<workgroup> sums: array<f32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
    let g = linear_group(group, groups);
    let tiles = (p.inner + COLS - 1u) / COLS;
    let i = (g % tiles) * COLS + local % COLS;
    let chunk = (g / tiles) % p.chunks;
    let o = g / (tiles * p.chunks);
    let lane = local / COLS;
    let valid = g < p.groups && i < p.inner;
    var sum = 0.0;
    if (valid) {
        let end = min(p.rows, (chunk + 1u) * p.chunk);
        for (var r = chunk * p.chunk + lane; r < end; r += LANES) {
            sum += x[(o * p.rows + r) * p.inner + i];
        }
    }
    sums[local] = sum;
    workgroupBarrier();
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        if (lane < half) { sums[local] += sums[local + half * COLS]; }
        workgroupBarrier();
    }
    if (valid && lane == 0u) {
        y[(o * p.chunks + chunk) * p.inner + i] = p.factor * sums[local];
    }
}
