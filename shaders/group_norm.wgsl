// Normalised, scaled and activated: y = f(a x + b), with each image's a and b per channel.
// Grid: one thread per element. Workgroup memory: none.
#import index
#import joined
#import activation

struct Params {
    n: u32,
    pixels: u32,
    channels: u32,
    split: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(2) var<storage, read> coefficients: array<vec4f>; // [batch, channels]: a, b, …
@group(0) @binding(3) var<storage, read_write> y: array<f32>; // [batch, pixels, channels], n elements

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n) { return; }
    let c = i % p.channels;
    let k = coefficients[(i / (p.pixels * p.channels)) * p.channels + c];
    y[i] = activate(KIND, k.x * x_at(i / p.channels, c) + k.y);
}
