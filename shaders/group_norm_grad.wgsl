// Derivative of group normalisation by its input: dx = a dz - T1 - x̂ T2 (+ residual), with dz = dy · f'(a x + b) and x̂ = r x + m.
// The input may be a part of the normalised channels: `width` of them, from `first` on.
// Grid: one thread per element of dx. Workgroup memory: none.
#import index
#import activation

struct Params {
    n: u32,
    pixels: u32,
    channels: u32,
    first: u32,
    width: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>; // [batch, pixels, channels]
@group(0) @binding(2) var<storage, read> x: array<f32>; // [batch, pixels, width], n elements
@group(0) @binding(3) var<storage, read> coefficients: array<vec4f>; // [batch, channels]: a, b, r, m
@group(0) @binding(4) var<storage, read> sums: array<vec4f>; // [batch, channels]: S1, S2, T1, T2
@group(0) @binding(5) var<storage, read_write> dx: array<f32>; // as x
#if RESIDUAL
@group(0) @binding(6) var<storage, read> residual: array<f32>; // as x
#endif

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n) { return; }
    let pixel = i / p.width;
    let channel = p.first + i % p.width;
    let c = (pixel / p.pixels) * p.channels + channel;
    let k = coefficients[c];
    let s = sums[c];
    let dz = dy[pixel * p.channels + channel] * slope(KIND, k.x * x[i] + k.y);
    var v = k.x * dz - s.z - (k.z * x[i] + k.w) * s.w;
#if RESIDUAL
    v += residual[i];
#endif
    dx[i] = v;
}
