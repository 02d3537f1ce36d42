// Sum over the middle axis: y[o, c, i] = factor · Σ_r x[o, r, i] over the c-th chunk of rows, in a fixed order.
// A group takes COLS elements side by side with LANES partial sums each, added up by a tree; THREADS = COLS · LANES.
// VEC4: inner is a multiple of 4, and elements are fours.
// Grid: one workgroup per o, chunk and COLS elements, `groups` in all. Workgroup memory: 4 WIDTH · THREADS bytes, at most 4 KiB.
#import index
#import fours

struct Params {
    rows: u32,
    inner: u32,
    chunk: u32,
    chunks: u32,
    groups: u32,
    factor: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<Element>; // [outer, rows, inner]
@group(0) @binding(2) var<storage, read_write> y: array<Element>; // [outer, chunks, inner]

var<workgroup> sums: array<Element, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
    let g = linear_group(group, groups);
    let inner = p.inner / WIDTH;
    let tiles = (inner + COLS - 1u) / COLS;
    let i = (g % tiles) * COLS + local % COLS;
    let chunk = (g / tiles) % p.chunks;
    let o = g / (tiles * p.chunks);
    let lane = local / COLS;
    let valid = g < p.groups && i < inner;
    var sum = Element();
    if (valid) {
        let end = min(p.rows, (chunk + 1u) * p.chunk);
        for (var r = chunk * p.chunk + lane; r < end; r += LANES) {
            sum += x[(o * p.rows + r) * inner + i];
        }
    }
    if (LANES > 1u) {
        sums[local] = sum;
        workgroupBarrier();
        for (var half = LANES / 2u; half > 0u; half /= 2u) {
            if (lane < half) { sums[local] += sums[local + half * COLS]; }
            workgroupBarrier();
        }
        sum = sums[local];
    }
    if (valid && lane == 0u) {
        y[(o * p.chunks + chunk) * inner + i] = p.factor * sum;
    }
}
