// Derivative of group normalisation by its input: dx = a dz - T1 - x̂ T2 (+ residual), with dz = dy · f'(a x + b) and x̂ = r x + m.
// Grid: one thread per element. Workgroup memory: none.
#import index
#import activation

struct Params {
    n: u32,
    pixels: u32,
    channels: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>; // [batch, pixels, channels], n elements
@group(0) @binding(2) var<storage, read> x: array<f32>; // as dy
@group(0) @binding(3) var<storage, read> coefficients: array<vec4f>; // [batch, channels]: a, b, r, m
@group(0) @binding(4) var<storage, read> sums: array<vec4f>; // [batch, channels]: S1, S2, T1, T2
@group(0) @binding(5) var<storage, read_write> dx: array<f32>; // as dy
#if RESIDUAL
@group(0) @binding(6) var<storage, read> residual: array<f32>; // as dy
#endif

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n) { return; }
    let c = (i / (p.pixels * p.channels)) * p.channels + i % p.channels;
    let k = coefficients[c];
    let s = sums[c];
    let dz = dy[i] * slope(KIND, k.x * x[i] + k.y);
    var v = k.x * dz - s.z - (k.z * x[i] + k.w) * s.w;
#if RESIDUAL
    v += residual[i];
#endif
    dx[i] = v;
}
