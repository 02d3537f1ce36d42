// Derivatives of group normalisation by its parameters, from the sums S1 = Σ dz and S2 = Σ dz x̂ of each image and channel:
//   dγ[c] = Σ_b (1 + scale) S2, or with BETA dβ[c] = Σ_b (1 + scale) S1
// Grid: one thread per channel. Workgroup memory: none.
#import index

struct Params {
    batch: u32,
    channels: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> sums: array<vec4f>; // [batch, channels]: S1, S2, …
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // [channels]
#if FILM
@group(0) @binding(3) var<storage, read> film: array<f32>; // [batch, 2 channels]: scale, then shift
#endif

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let c = linear_index(id, groups);
    if (c >= p.channels) { return; }
    var sum = 0.0;
    for (var b = 0u; b < p.batch; b++) {
        let s = sums[b * p.channels + c];
        var v = select(s.y, s.x, BETA);
#if FILM
        v *= 1.0 + film[2u * b * p.channels + c];
#endif
        sum += v;
    }
    y[c] = sum;
}
