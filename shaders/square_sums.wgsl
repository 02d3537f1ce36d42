// Sums of squares, y[g] = Σ x² over the g-th share of x, in a fixed order: the first half of a norm.
// Grid: one workgroup per share. Workgroup memory: 1 KiB.
#import index

struct Params {
    n: u32,
    share: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>; // [n]
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // [shares]

var<workgroup> sums: array<f32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let end = min(p.n, (group.x + 1u) * p.share);
    var sum = 0.0;
    for (var i = group.x * p.share + local; i < end; i += 256u) {
        sum += x[i] * x[i];
    }
    sums[local] = sum;
    workgroupBarrier();
    for (var half = 128u; half > 0u; half /= 2u) {
        if (local < half) { sums[local] += sums[local + half]; }
        workgroupBarrier();
    }
    if (local == 0u) { y[group.x] = sums[0]; }
}
