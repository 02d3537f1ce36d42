// Derivative of a convolution by its weights, split over the reduction:
//   part[s, tap, c, n] = Σ_{pixels o of split s} x[b, (o · STRIDE + tap - pad) / UPSAMPLE, c] · dy[b, o, n]
// Each thread keeps a square of weights of one tap as blocks of 4×4. Splits are summed in order by a second kernel.
// Grid: a thread for each of n / TILE × taps · channels / TILE squares, in groups of ACROSS × DOWN, × splits; TILE = 8 if TILE8,
// else 4. Workgroup memory: none.

struct Params {
    m: u32,
    n: u32,
    channels: u32,
    in_height: u32,
    in_width: u32,
    out_height: u32,
    out_width: u32,
    pad: u32,
    chunk: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
#if VEC4_A
@group(0) @binding(1) var<storage, read> x: array<vec4f>; // [batch, in_height, in_width, channels]
#else
@group(0) @binding(1) var<storage, read> x: array<f32>; // [batch, in_height, in_width, channels]
#endif
#if VEC4_B
@group(0) @binding(2) var<storage, read> dy: array<vec4f>; // [batch, out_height, out_width, n], m pixels
@group(0) @binding(3) var<storage, read_write> part: array<vec4f>; // [splits, KERNEL, KERNEL, channels, n]
#else
@group(0) @binding(2) var<storage, read> dy: array<f32>; // [batch, out_height, out_width, n], m pixels
@group(0) @binding(3) var<storage, read_write> part: array<f32>; // [splits, KERNEL, KERNEL, channels, n]
#endif

fn row_x(i: u32) -> vec4f {
#if VEC4_A
    return x[i / 4u];
#else
    return vec4f(x[i], x[i + 1u], x[i + 2u], x[i + 3u]);
#endif
}

fn row_dy(i: u32) -> vec4f {
#if VEC4_B
    return dy[i / 4u];
#else
    return vec4f(dy[i], dy[i + 1u], dy[i + 2u], dy[i + 3u]);
#endif
}

fn outer(a: vec4f, b: vec4f) -> mat4x4f {
    return mat4x4f(a.x * b, a.y * b, a.z * b, a.w * b);
}

fn keep_row(slice: u32, c: u32, j: u32, v: vec4f) {
    if (c >= p.channels) { return; }
    let i = (slice * p.channels + c) * p.n + j;
#if VEC4_B
    if (j < p.n) { part[i / 4u] = v; }
#else
    for (var l = 0u; l < min(4u, p.n - min(j, p.n)); l++) { part[i + l] = v[l]; }
#endif
}

fn keep_block(slice: u32, c: u32, j: u32, v: mat4x4f) {
    keep_row(slice, c, j, v[0]);
    keep_row(slice, c + 1u, j, v[1]);
    keep_row(slice, c + 2u, j, v[2]);
    keep_row(slice, c + 3u, j, v[3]);
}

const TILE = select(4u, 8u, TILE8);

@compute @workgroup_size(ACROSS, DOWN)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let tiles = (p.channels + TILE - 1u) / TILE;
    let tap = id.y / tiles;
    let c = TILE * (id.y % tiles);
    let j = TILE * id.x;
    if (tap >= KERNEL * KERNEL || j >= p.n) { return; }
    let end = min(p.m, (id.z + 1u) * p.chunk);
    let first = id.z * p.chunk;
    // The pixel before each place's first tap, this tap's offset included; unsigned, so that what lies before 0 is far beyond.
    let offset = vec2u(tap % KERNEL, tap / KERNEL) - p.pad;
    let extent = vec2u(p.in_width, p.in_height) * UPSAMPLE;
    var image = first / (p.out_height * p.out_width);
    var o = vec2u(first % p.out_width, (first / p.out_width) % p.out_height);
    var c00 = mat4x4f();
#if TILE8
    var c01 = mat4x4f(); var c10 = mat4x4f(); var c11 = mat4x4f();
#endif
    for (var r = first; r < end; r++) {
#if STRIDED
        var at = o * STRIDE + offset;
#else
        var at = o + offset;
#endif
        if (all(at < extent)) {
#if UPSAMPLED
            at /= UPSAMPLE;
#endif
            let i = ((image * p.in_height + at.y) * p.in_width + at.x) * p.channels + c;
            let a0 = row_x(i);
            let b0 = row_dy(r * p.n + j);
            c00 += outer(a0, b0);
#if TILE8
            let a1 = row_x(i + 4u);
            let b1 = row_dy(r * p.n + j + 4u);
            c01 += outer(a0, b1); c10 += outer(a1, b0); c11 += outer(a1, b1);
#endif
        }
        o.x++;
        if (o.x == p.out_width) {
            o = vec2u(0u, o.y + 1u);
            if (o.y == p.out_height) { o.y = 0u; image++; }
        }
    }
    let slice = id.z * KERNEL * KERNEL + tap;
    keep_block(slice, c, j, c00);
#if TILE8
    keep_block(slice, c, j + 4u, c01);
    keep_block(slice, c + 4u, j, c10);
    keep_block(slice, c + 4u, j + 4u, c11);
#endif
}
