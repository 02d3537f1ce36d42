// Sums of squares, y[g] = Σ x² over the g-th share of x, in a fixed order: the first half of a norm.
// LANES threads work on a share and meet in a tree, or one thread does if LANES is 1.
// VEC4: n and share are multiples of 4, and elements are fours.
// Grid: LANES threads per share, in groups of THREADS (LANES, but at least 64). Workgroup memory: 4 THREADS bytes, at most 1 KiB.
#import fours

struct Params {
    n: u32,
    shares: u32,
    share: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<Element>; // [n]
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // [shares]

var<workgroup> sums: array<f32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let g = (group.x * THREADS + local) / LANES;
    let lane = local % LANES;
    let end = min(p.n, (g + 1u) * p.share) / WIDTH;
    var squares = Element();
    for (var i = g * p.share / WIDTH + lane; i < end; i += LANES) {
        squares += x[i] * x[i];
    }
    var sum = total_of(squares);
    if (LANES > 1u) {
        sums[local] = sum;
        workgroupBarrier();
        for (var half = LANES / 2u; half > 0u; half /= 2u) {
            if (lane < half) { sums[local] += sums[local + half]; }
            workgroupBarrier();
        }
        sum = sums[local];
    }
    if (lane == 0u && g < p.shares) { y[g] = sum; }
}
