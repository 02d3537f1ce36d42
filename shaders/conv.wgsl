// Convolution over NHWC as an implicit matrix product of m pixels, taps · channels and n output channels:
//   sum[b, o, n] = Σ_{tap, c} x[b, (o · STRIDE + tap - pad) / UPSAMPLE, c] · w[tap, c, n] (+ shift[b, n])
// where x is 0 outside its image and UPSAMPLE repeats every pixel (nearest) before the taps are laid over it. With
// INPUT_GRAD the same for the derivative: x is dy, o a pixel of the input, and taps run backwards through w[tap, n, c].
// A thread keeps its results as 4×4 blocks, four strips of four at most (lib/strip). SHARED: its group reads tiles of both through
// workgroup memory, else it shares nothing. The fused steps behind are those of epilogue.
// Grid: a thread for each such piece of n × m results, in groups of ACROSS × DOWN.
// Workgroup memory: none, or lib/tile's 8 KiB if SHARED.
#import epilogue
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
}

@group(0) @binding(0) var<uniform> p: Params;
#if VEC4_A
@group(0) @binding(1) var<storage, read> x: array<vec4f>; // [batch, in_height, in_width, channels]
#else
@group(0) @binding(1) var<storage, read> x: array<f32>; // [batch, in_height, in_width, channels]
#endif
#if VEC4_B
@group(0) @binding(2) var<storage, read> w: array<vec4f>; // [KERNEL, KERNEL, channels, n], or [.., n, channels] if INPUT_GRAD
#else
@group(0) @binding(2) var<storage, read> w: array<f32>; // [KERNEL, KERNEL, channels, n], or [.., n, channels] if INPUT_GRAD
#endif
#if SHIFT
@group(0) @binding(8) var<storage, read> shift: array<ElementC>; // [batch, n]
#endif

// Four channels of one pixel; 0 outside the image and past the last channel.
fn row_a(source: i32, c: u32) -> vec4f {
    let i = u32(max(source, 0)) * p.channels + c;
#if VEC4_A
    return select(vec4f(), x[i / 4u], source >= 0);
#else
    let inside = (vec4u(c, c + 1u, c + 2u, c + 3u) < vec4u(p.channels)) & vec4<bool>(source >= 0);
    return select(vec4f(), vec4f(x[i], x[i + 1u], x[i + 2u], x[i + 3u]), inside);
#endif
}

fn block_a(s: vec4i, c: u32) -> mat4x4f {
    return mat4x4f(row_a(s.x, c), row_a(s.y, c), row_a(s.z, c), row_a(s.w, c));
}

fn row_b(i: u32) -> vec4f {
#if VEC4_B
    return w[i / 4u];
#else
    return vec4f(w[i], w[i + 1u], w[i + 2u], w[i + 3u]);
#endif
}

// Four channels by four columns of the tap's matrix. Entries past the last channel meet zeros of x.
fn block_b(tap: u32, c: u32, j: u32) -> mat4x4f {
#if INPUT_GRAD
    let i = (tap * p.n + j) * p.channels + c;
    return transpose(mat4x4f(row_b(i), row_b(i + p.channels), row_b(i + 2u * p.channels), row_b(i + 3u * p.channels)));
#else
    let i = (tap * p.channels + c) * p.n + j;
    return mat4x4f(row_b(i), row_b(i + p.n), row_b(i + 2u * p.n), row_b(i + 3u * p.n));
#endif
}

fn shifted(image: u32, j: u32, v: vec4f) -> vec4f {
#if SHIFT
#if VEC4_C
    return v + shift[(image * p.n + j) / 4u];
#else
    let i = image * p.n + j;
    return v + vec4f(shift[i], shift[i + 1u], shift[i + 2u], shift[i + 3u]);
#endif
#else
    return v;
#endif
}

fn keep(q: Pixels, i: u32, j: u32, v: mat4x4f) {
    keep_block(0u, i, j, mat4x4f(shifted(q.image.x, j, v[0]), shifted(q.image.y, j, v[1]), shifted(q.image.z, j, v[2]), shifted(q.image.w, j, v[3])));
}

const SUBS = select(1u, UPSAMPLE * UPSAMPLE, INPUT_GRAD);

// Pixels of x that a step of the sum reads for four pixels of the result.
fn sources_at(q: Pixels, step: u32) -> vec4i {
    let tap = step / SUBS;
    let sub = step % SUBS;
    return sources(q, tap / KERNEL, tap % KERNEL, sub / UPSAMPLE, sub % UPSAMPLE);
}

#if SHARED
#import conv_shared
#else
#import conv_registers
#endif
