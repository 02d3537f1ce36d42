// Derivatives of group normalisation by the scale and shift that each image brings: dscale = γ S2 + β S1, dshift = S1.
// Grid: one thread per image and channel, n in all. Workgroup memory: none.
#import index

struct Params {
    n: u32,
    channels: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> sums: array<f32>; // [batch, 2, channels]: S2, S1
@group(0) @binding(2) var<storage, read> gamma: array<f32>; // [channels]
@group(0) @binding(3) var<storage, read> beta: array<f32>; // [channels]
@group(0) @binding(4) var<storage, read_write> y: array<f32>; // [batch, 2, channels]: dscale, then dshift

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n) { return; }
    let c = i % p.channels;
    let at = 2u * (i - c) + c;
    y[at] = gamma[c] * sums[at] + beta[c] * sums[at + p.channels];
    y[at + p.channels] = sums[at + p.channels];
}
