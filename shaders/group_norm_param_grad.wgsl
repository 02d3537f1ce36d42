// Derivatives of group normalisation by its parameters, from the sums S1 = Σ dz and S2 = Σ dz x̂ of each image and channel:
//   dγ[c] = Σ_b (1 + scale) S2, dβ[c] = Σ_b (1 + scale) S1
// dβ begins at element beta_at of y, or lies in a buffer of its own if APART.
// Grid: one thread per channel. Workgroup memory: none.
#import index

struct Params {
    batch: u32,
    channels: u32,
    beta_at: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> sums: array<f32>; // [batch, 2, channels]: S2, S1
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // dγ [channels], dβ [channels]
#if FILM
@group(0) @binding(3) var<storage, read> film: array<f32>; // [batch, 2 channels]: scale, then shift
#endif
#if APART
@group(0) @binding(4) var<storage, read_write> dbeta: array<f32>; // [channels]
#endif

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let c = linear_index(id, groups);
    if (c >= p.channels) { return; }
    var sum = vec2f();
    for (var b = 0u; b < p.batch; b++) {
        let at = 2u * b * p.channels + c;
        var s = vec2f(sums[at], sums[at + p.channels]);
#if FILM
        s *= 1.0 + film[at];
#endif
        sum += s;
    }
    y[c] = sum.x;
#if APART
    dbeta[c] = sum.y;
#else
    y[p.beta_at + c] = sum.y;
#endif
}
