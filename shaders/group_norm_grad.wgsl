// Derivatives of group normalisation by its input. With z = a x + b, dz = dy · f'(z), x̂ = r x + m, over the pixels of one image
//   S1 = Σ dz, S2 = Σ dz x̂ for each channel, T1 = 1/n Σ a S1, T2 = 1/n Σ a S2 over the channels of a group and its n elements:
//   dx = a dz - T1 - x̂ T2 (+ residual). SUMS: S2 and S1 are stored, for the parameters' derivatives.
// SECOND: the channels past `split` are those of x2; their derivative goes to dx2 if GRAD2.
// Constants: see lib/groups. Grid: `spans` workgroups of THREADS. Workgroup memory: 32 THREADS bytes, at most 8 KiB.
#import groups

struct Params {
    pixels: u32,
    channels: u32,
    split: u32,
    spans: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(2) var<storage, read> dy: array<Element>; // [batch, pixels, channels]
@group(0) @binding(3) var<storage, read> coefficients: array<vec4f>; // [batch, channels]: a, b, r, m
@group(0) @binding(4) var<storage, read_write> dx: array<Element>; // as x
#if RESIDUAL
@group(0) @binding(5) var<storage, read> residual: array<Element>; // as x
#endif
#if SUMS
@group(0) @binding(6) var<storage, read_write> sums: array<Element>; // [batch, 2, channels]: S2, S1
#endif
#if GRAD2
@group(0) @binding(8) var<storage, read_write> dx2: array<Element>; // as x2
#endif

var<workgroup> firsts: array<Element, THREADS>; // S1 of each lane, then a S1 in the first
var<workgroup> seconds: array<Element, THREADS>; // and S2

struct Lines { a: Element, b: Element, r: Element, m: Element }

fn lines_at(i: u32) -> Lines {
#if VEC4
    let k = transpose(mat4x4f(coefficients[i], coefficients[i + 1u], coefficients[i + 2u], coefficients[i + 3u]));
#else
    let k = coefficients[i];
#endif
    return Lines(k[0], k[1], k[2], k[3]);
}

// dz and x̂ of one element.
struct Pair { dz: Element, normal: Element }

fn pair_at(k: Lines, pixel: u32, column: u32) -> Pair {
    let v = x_at(pixel, column);
    return Pair(dy[pixel * (p.channels / WIDTH) + column] * slope_e(k.a * v + k.b), k.r * v + k.m);
}

// T1 and T2 of the group of the workgroup's channel c.
fn means_of(c: u32) -> vec2f {
    var t = vec2f();
    let first = group_start(c);
    for (var l = first; l < first + PER_GROUP; l++) {
        t += vec2f(component(firsts[l / WIDTH], l % WIDTH), component(seconds[l / WIDTH], l % WIDTH));
    }
    return t / f32(p.pixels * PER_GROUP);
}

fn keep(pixel: u32, column: u32, value: Element) {
    var v = value;
#if SECOND
    let split = p.split / WIDTH;
    if (column >= split) {
#if GRAD2
        dx2[pixel * (p.channels / WIDTH - split) + column - split] = v;
#endif
        return;
    }
#else
    let split = p.channels / WIDTH;
#endif
#if RESIDUAL
    v += residual[pixel * split + column];
#endif
    dx[pixel * split + column] = v;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
    let share = share_of(group, groups, local);
    let k = lines_at(share.channel);
    let end = share.start + p.pixels;
    let first = share.start + share.lane;
    var s1 = Element();
    var s2 = Element();
#if KEPT
    var held: array<Pair, KEPT>;
    for (var s = 0u; s < KEPT; s++) {
        if (first + s * LANES < end) {
            held[s] = pair_at(k, first + s * LANES, share.column);
            s1 += held[s].dz;
            s2 += held[s].dz * held[s].normal;
        }
    }
#else
    for (var i = first; i < end; i += LANES) {
        let v = pair_at(k, i, share.column);
        s1 += v.dz;
        s2 += v.dz * v.normal;
    }
#endif
    firsts[local] = s1;
    seconds[local] = s2;
    workgroupBarrier();
    for (var n = LANES; n > 1u; n = (n + 1u) / 2u) {
        let half = (n + 1u) / 2u;
        if (share.lane < n - half) {
            firsts[local] += firsts[local + half * COLUMNS];
            seconds[local] += seconds[local + half * COLUMNS];
        }
        workgroupBarrier();
    }
    if (share.lane == 0u) {
#if SUMS
        let image = share.channel / p.channels * (p.channels / WIDTH);
        sums[2u * image + share.column] = seconds[local];
        sums[2u * image + p.channels / WIDTH + share.column] = firsts[local];
#endif
        firsts[local] *= k.a;
        seconds[local] *= k.a;
    }
    workgroupBarrier();
    var t1 = Element();
    var t2 = Element();
#if VEC4
    for (var e = 0u; e < WIDTH; e++) {
        let t = means_of(share.own * WIDTH + e);
        t1[e] = t.x;
        t2[e] = t.y;
    }
#else
    let t = means_of(share.own);
    t1 = t.x;
    t2 = t.y;
#endif
#if KEPT
    for (var s = 0u; s < KEPT; s++) {
        let i = first + s * LANES;
        if (i < end) { keep(i, share.column, k.a * held[s].dz - t1 - held[s].normal * t2); }
    }
#else
    for (var i = first; i < end; i += LANES) {
        let v = pair_at(k, i, share.column);
        keep(i, share.column, k.a * v.dz - t1 - v.normal * t2);
    }
#endif
}
