// Convolution over NHWC as an implicit matrix product of m pixels, taps · channels and n output channels:
//   sum[b, o, n] = Σ_{tap, c} x[b, (o · STRIDE + tap - pad) / UPSAMPLE, c] · w[tap, c, n] (+ shift[b, n])
// where x is 0 outside its image and UPSAMPLE repeats every pixel (nearest) before the taps are laid over it. With
// INPUT_GRAD the same for the derivative: x is dy, o a pixel of the input, and taps run backwards through w[tap, n, c].
// Each thread keeps a square of results as blocks of 4×4; the fused steps behind are those of epilogue.
// Grid: a thread for each of n / TILE × m / TILE squares, in groups of ACROSS × DOWN; TILE = 8 if TILE8, else 4.
// Workgroup memory: none.
#import epilogue
#import patch

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

@compute @workgroup_size(ACROSS, DOWN)
fn main(@builtin(global_invocation_id) id: vec3u) {
#if TILE8
    let i = 8u * id.y;
    let j = 8u * id.x;
    let q0 = pixels(i);
    let q1 = pixels(i + 4u);
    var c00 = mat4x4f(); var c01 = mat4x4f(); var c10 = mat4x4f(); var c11 = mat4x4f();
    for (var step = 0u; step < KERNEL * KERNEL * SUBS; step++) {
        let tap = step / SUBS;
        let sub = step % SUBS;
        let s0 = sources(q0, tap / KERNEL, tap % KERNEL, sub / UPSAMPLE, sub % UPSAMPLE);
        let s1 = sources(q1, tap / KERNEL, tap % KERNEL, sub / UPSAMPLE, sub % UPSAMPLE);
        for (var c = 0u; c < p.channels; c += 4u) {
            let a0 = block_a(s0, c);
            let a1 = block_a(s1, c);
            let b0 = block_b(tap, c, j);
            let b1 = block_b(tap, c, j + 4u);
            c00 += b0 * a0; c01 += b1 * a0; c10 += b0 * a1; c11 += b1 * a1;
        }
    }
    keep(q0, i, j, c00);
    keep(q0, i, j + 4u, c01);
    keep(q1, i + 4u, j, c10);
    keep(q1, i + 4u, j + 4u, c11);
#else
    let i = 4u * id.y;
    let j = 4u * id.x;
    let q = pixels(i);
    var sum = mat4x4f();
    for (var step = 0u; step < KERNEL * KERNEL * SUBS; step++) {
        let tap = step / SUBS;
        let sub = step % SUBS;
        let s = sources(q, tap / KERNEL, tap % KERNEL, sub / UPSAMPLE, sub % UPSAMPLE);
        for (var c = 0u; c < p.channels; c += 4u) {
            sum += block_b(tap, c, j) * block_a(s, c);
        }
    }
    keep(q, i, j, sum);
#endif
}
