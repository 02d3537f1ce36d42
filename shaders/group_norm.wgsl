// Group normalisation, scaled and activated: over each group of PER_GROUP channels and all pixels of one image,
//   r = 1 / √(variance + eps), a = r · γ · (1 + scale), b = (β - mean · r · γ) · (1 + scale) + shift, y = f(a x + b).
// KEEP: coefficients = (a, b, r, -mean · r) per image and channel, which the derivatives need, so that r x - mean · r is x normalised.
// Mean and squares about it are followed together (Welford), the lanes' merged by a tree (Chan et al.): one pass, and a second to
// apply the line unless KEPT.
// Constants: see lib/groups. Grid: `spans` workgroups of THREADS. Workgroup memory: 36 THREADS bytes, at most 9 KiB.
#import groups

struct Params {
    pixels: u32,
    channels: u32,
    split: u32,
    spans: u32,
    eps: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(2) var<storage, read> gamma: array<f32>; // [channels]
@group(0) @binding(3) var<storage, read> beta: array<f32>; // [channels]
@group(0) @binding(4) var<storage, read_write> y: array<Element>; // [batch, pixels, channels]
#if FILM
@group(0) @binding(5) var<storage, read> film: array<f32>; // [batch, 2 channels]: scale, then shift
#endif
#if KEEP
@group(0) @binding(6) var<storage, read_write> coefficients: array<vec4f>; // [batch, channels]
#endif

var<workgroup> means: array<Element, THREADS>; // then a, in the first lane
var<workgroup> squares: array<Element, THREADS>; // then b
var<workgroup> counts: array<f32, THREADS>;

// a and b of channel c of the workgroup, the channel-th of the model and the place-th of [batch, channels].
fn line(c: u32, channel: u32, place: u32) -> vec2f {
    let first = group_start(c);
    var mean = 0.0;
    for (var l = first; l < first + PER_GROUP; l++) { mean += component(means[l / WIDTH], l % WIDTH); }
    mean /= f32(PER_GROUP);
    var within = 0.0;
    var between = 0.0;
    for (var l = first; l < first + PER_GROUP; l++) {
        let d = component(means[l / WIDTH], l % WIDTH) - mean;
        within += component(squares[l / WIDTH], l % WIDTH);
        between += d * d;
    }
    let r = 1.0 / sqrt((within / f32(p.pixels) + between) / f32(PER_GROUP) + p.eps);
    var a = r * gamma[channel];
    var b = beta[channel] - mean * a;
#if FILM
    let scale = 1.0 + film[2u * place - channel];
    a *= scale;
    b = b * scale + film[2u * place - channel + p.channels];
#endif
#if KEEP
    coefficients[place] = vec4f(a, b, r, -mean * r);
#endif
    return vec2f(a, b);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
    let share = share_of(group, groups, local);
    var count = 0.0;
    var mean = Element();
    var square = Element();
#if KEPT
    var held: array<Element, KEPT>;
    for (var s = 0u; s < KEPT; s++) {
        let i = share.lane + s * LANES;
        if (i < p.pixels) {
            held[s] = x_at(share.start + i, share.column);
            let d = held[s] - mean;
            count += 1.0;
            mean += d * (1.0 / count);
            square += d * (held[s] - mean);
        }
    }
#else
    for (var i = share.lane; i < p.pixels; i += LANES) {
        let v = x_at(share.start + i, share.column);
        let d = v - mean;
        count += 1.0;
        mean += d * (1.0 / count);
        square += d * (v - mean);
    }
#endif
    means[local] = mean;
    squares[local] = square;
    counts[local] = count;
    workgroupBarrier();
    for (var n = LANES; n > 1u; n = (n + 1u) / 2u) {
        let half = (n + 1u) / 2u;
        if (share.lane < n - half) {
            let other = local + half * COLUMNS;
            let d = means[other] - means[local];
            let part = counts[other] / (counts[local] + counts[other]);
            squares[local] += squares[other] + d * d * (counts[local] * part);
            means[local] += d * part;
            counts[local] += counts[other];
        }
        workgroupBarrier();
    }
    var a = Element();
    var b = Element();
    if (share.lane == 0u) {
#if VEC4
        for (var e = 0u; e < WIDTH; e++) {
            let k = line(share.own * WIDTH + e, share.column * WIDTH + e, share.channel + e);
            a[e] = k.x;
            b[e] = k.y;
        }
#else
        let k = line(share.own, share.column, share.channel);
        a = k.x;
        b = k.y;
#endif
    }
    workgroupBarrier();
    if (share.lane == 0u) {
        means[share.own] = a;
        squares[share.own] = b;
    }
    workgroupBarrier();
    a = means[share.own];
    b = squares[share.own];
    let row = p.channels / WIDTH;
#if KEPT
    for (var s = 0u; s < KEPT; s++) {
        let i = share.lane + s * LANES;
        if (i < p.pixels) { y[(share.start + i) * row + share.column] = activate_e(a * held[s] + b); }
    }
#else
    for (var i = share.lane; i < p.pixels; i += LANES) {
        y[(share.start + i) * row + share.column] = activate_e(a * x_at(share.start + i, share.column) + b);
    }
#endif
}
