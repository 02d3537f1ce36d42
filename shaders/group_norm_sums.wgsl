// Sums that the derivative of group normalisation needs. With z = a x + b, dz = dy · f'(z) and x̂ = r x + m:
//   S1[c] = Σ dz, S2[c] = Σ dz x̂ over the pixels; T1 = 1/n Σ a S1, T2 = 1/n Σ a S2 over the n elements of the channel's group
//   y[b, c] = (S1, S2, T1, T2)
// A workgroup takes one group of one image: LANES partial sums for each channel, added up by a tree.
// Grid: `groups` workgroups of THREADS = PER_GROUP · LANES. Workgroup memory: 8 THREADS bytes.
#import index
#import joined
#import activation

struct Params {
    pixels: u32,
    channels: u32,
    split: u32,
    groups: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(2) var<storage, read> dy: array<f32>; // [batch, pixels, channels]
@group(0) @binding(3) var<storage, read> coefficients: array<vec4f>; // [batch, channels]: a, b, r, m
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>; // [batch, channels]

var<workgroup> sums: array<vec2f, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
    let g = min(linear_group(group, groups), p.groups - 1u);
    let per_image = p.channels / PER_GROUP;
    let image = g / per_image;
    let first = image * p.channels + (g % per_image) * PER_GROUP;
    let j = local % PER_GROUP;
    let lane = local / PER_GROUP;
    let k = coefficients[first + j];
    let c = first % p.channels + j;
    var sum = vec2f();
    for (var i = lane; i < p.pixels; i += LANES) {
        let pixel = image * p.pixels + i;
        let value = x_at(pixel, c);
        let dz = dy[pixel * p.channels + c] * slope(KIND, k.x * value + k.y);
        sum += vec2f(dz, dz * (k.z * value + k.w));
    }
    sums[local] = sum;
    workgroupBarrier();
    for (var n = LANES; n > 1u; n = (n + 1u) / 2u) {
        let half = (n + 1u) / 2u;
        if (lane < n - half) { sums[local] += sums[local + half * PER_GROUP]; }
        workgroupBarrier();
    }
    if (lane == 0u) {
        var t = vec2f();
        for (var l = 0u; l < PER_GROUP; l++) { t += coefficients[first + l].x * sums[l]; }
        y[first + j] = vec4f(sums[j], t / f32(p.pixels * PER_GROUP));
    }
}
