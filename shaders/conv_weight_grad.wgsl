// Derivative of a convolution by its weights, split over the reduction:
//   part[s, tap, c, n] = Σ_{pixels o of split s} x[b, (o · STRIDE + tap - pad) / UPSAMPLE, c] · dy[b, o, n]
// A thread keeps weights of one tap as 4×4 blocks, four strips of four at most (lib/strip). SHARED: its
// group reads tiles of both through workgroup memory, whose rows run over taps and channels (a multiple of 4); else it shares nothing.
// SUMS: behind each split's weights lies a row of the sums of dy's columns over its pixels: the gradient by a bias.
// Splits are summed in order by a second kernel.
// Grid: a thread for each such piece of n × taps · channels weights, in groups of ACROSS × DOWN, × splits.
// Workgroup memory: none, or lib/tile's 8 KiB if SHARED.
#import patch
#import product

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
@group(0) @binding(3) var<storage, read_write> part: array<vec4f>; // [splits, KERNEL · KERNEL · channels (+ 1 if SUMS), n]
#else
@group(0) @binding(2) var<storage, read> dy: array<f32>; // [batch, out_height, out_width, n], m pixels
@group(0) @binding(3) var<storage, read_write> part: array<f32>; // [splits, KERNEL · KERNEL · channels (+ 1 if SUMS), n]
#endif

fn row_x(source: i32, c: u32) -> vec4f {
    let i = u32(max(source, 0)) * p.channels + c;
#if VEC4_A
    return select(vec4f(), x[i / 4u], source >= 0);
#else
    return select(vec4f(), vec4f(x[i], x[i + 1u], x[i + 2u], x[i + 3u]), source >= 0);
#endif
}

// Four pixels' channels c … c + 3, by pixel; 0 outside the image and from pixel `left` on.
fn block_x(s: vec4i, left: u32, c: u32) -> mat4x4f {
    let t = select(vec4i(-1), s, vec4u(0u, 1u, 2u, 3u) < vec4u(left));
    return mat4x4f(row_x(t.x, c), row_x(t.y, c), row_x(t.z, c), row_x(t.w, c));
}

fn row_dy(i: u32) -> vec4f {
#if VEC4_B
    return dy[i / 4u];
#else
    return vec4f(dy[i], dy[i + 1u], dy[i + 2u], dy[i + 3u]);
#endif
}

// Four pixels' columns j … j + 3, by pixel. What lies past the last pixel meets zeros of x.
fn block_dy(r: u32, j: u32) -> mat4x4f {
    let i = r * p.n + j;
    return mat4x4f(row_dy(i), row_dy(i + p.n), row_dy(i + 2u * p.n), row_dy(i + 3u * p.n));
}

#if SUMS
const ROWS_BEHIND = 1u;
#else
const ROWS_BEHIND = 0u;
#endif

// Row of `part` where a tap's channels begin.
fn first_row(split: u32, tap: u32) -> u32 {
    return split * (KERNEL * KERNEL * p.channels + ROWS_BEHIND) + tap * p.channels;
}

fn keep_four(row: u32, j: u32, v: vec4f) {
    let i = row * p.n + j;
#if VEC4_B
    if (j < p.n) { part[i / 4u] = v; }
#else
    for (var l = 0u; l < min(4u, p.n - min(j, p.n)); l++) { part[i + l] = v[l]; }
#endif
}

fn keep_block(first: u32, c: u32, j: u32, v: mat4x4f) {
    if (c < p.channels) { keep_four(first + c, j, v[0]); }
    if (c + 1u < p.channels) { keep_four(first + c + 1u, j, v[1]); }
    if (c + 2u < p.channels) { keep_four(first + c + 2u, j, v[2]); }
    if (c + 3u < p.channels) { keep_four(first + c + 3u, j, v[3]); }
}

#if SUMS
fn keep_sums(split: u32, j: u32, v: vec4f) { keep_four(first_row(split, KERNEL * KERNEL), j, v); }

fn sums_of_columns(start: u32, end: u32, j: u32) -> vec4f {
    var sum = vec4f();
    for (var r = start; r < end; r++) { sum += row_dy(r * p.n + j); }
    return sum;
}
#endif

#if SHARED
#import conv_weight_grad_shared
#else
#import conv_weight_grad_registers
#endif
