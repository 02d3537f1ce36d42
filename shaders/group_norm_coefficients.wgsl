// Group normalisation as a line per channel: over each group of PER_GROUP channels and all pixels of one image,
//   r = 1 / √(variance + eps), a = r · γ · (1 + scale), b = (β - mean · r · γ) · (1 + scale) + shift
//   y[b, c] = (a, b, r, -mean · r), so that a x + b is normalised and scaled, r x - mean · r only normalised.
// A workgroup takes one group of one image: LANES partial sums for each channel, added up by a tree, twice: the mean first,
// then squares about it. Grid: `groups` workgroups of THREADS = PER_GROUP · LANES. Workgroup memory: 4 THREADS bytes.
#import index
#import joined

struct Params {
    pixels: u32,
    channels: u32,
    split: u32,
    groups: u32,
    eps: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(2) var<storage, read> gamma: array<f32>; // [channels]
@group(0) @binding(3) var<storage, read> beta: array<f32>; // [channels]
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>; // [batch, channels, 4]
#if FILM
@group(0) @binding(5) var<storage, read> film: array<f32>; // [batch, 2 channels]: scale, then shift
#endif

var<workgroup> sums: array<f32, THREADS>;

fn total(local: u32, mine: f32) -> f32 {
    sums[local] = mine;
    workgroupBarrier();
    for (var n = THREADS; n > 1u; n = (n + 1u) / 2u) {
        let half = (n + 1u) / 2u;
        if (local < n - half) { sums[local] += sums[local + half]; }
        workgroupBarrier();
    }
    let result = sums[0];
    workgroupBarrier();
    return result;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
    let g = min(linear_group(group, groups), p.groups - 1u);
    let per_image = p.channels / PER_GROUP;
    let image = g / per_image;
    let c = (g % per_image) * PER_GROUP + local % PER_GROUP;
    let lane = local / PER_GROUP;
    let start = image * p.pixels;
    let count = f32(p.pixels * PER_GROUP);
    var sum = 0.0;
    for (var i = lane; i < p.pixels; i += LANES) { sum += x_at(start + i, c); }
    let mean = total(local, sum) / count;
    var squares = 0.0;
    for (var i = lane; i < p.pixels; i += LANES) {
        let d = x_at(start + i, c) - mean;
        squares += d * d;
    }
    let r = 1.0 / sqrt(total(local, squares) / count + p.eps);
    if (lane == 0u) {
        var a = r * gamma[c];
        var b = beta[c] - mean * a;
#if FILM
        let scale = 1.0 + film[2u * image * p.channels + c];
        a *= scale;
        b = b * scale + film[(2u * image + 1u) * p.channels + c];
#endif
        y[image * p.channels + c] = vec4f(a, b, r, -mean * r);
    }
}
