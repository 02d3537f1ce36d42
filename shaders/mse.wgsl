// Squared error per sample: loss_b = w_b / D Σ_d (prediction_bd - target_bd)².
// LANES threads (a power of two, at most 64) share a sample: strided sums, then a tree in fixed order.
// Grid: one workgroup per 64 / LANES samples. Workgroup memory: 256 bytes.
#import index

struct Params {
    batch: u32,
    dim: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> prediction: array<f32>; // [batch, dim]
@group(0) @binding(2) var<storage, read> target_value: array<f32>; // [batch, dim]
#if WEIGHTS
@group(0) @binding(3) var<storage, read> weights: array<f32>; // [batch]
#endif
@group(0) @binding(4) var<storage, read_write> loss: array<f32>; // [batch]

var<workgroup> sums: array<f32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
    let lane = local % LANES;
    let b = linear_group(group, groups) * (WORKGROUP / LANES) + local / LANES;
    var sum = 0.0;
    if (b < p.batch) {
        for (var d = lane; d < p.dim; d += LANES) {
            let error = prediction[b * p.dim + d] - target_value[b * p.dim + d];
            sum += error * error;
        }
    }
    sums[local] = sum;
    workgroupBarrier();
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        if (lane < half) { sums[local] += sums[local + half]; }
        workgroupBarrier();
    }
    if (lane == 0u && b < p.batch) {
        var w = 1.0 / f32(p.dim);
#if WEIGHTS
        w *= weights[b];
#endif
        loss[b] = w * sums[local];
    }
}
