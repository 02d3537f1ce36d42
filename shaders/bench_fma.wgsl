// Arithmetic alone: every number starts eight chains of a ← m a + b, and the sum of their ends is the result. Its speed is what
// the bench takes for the device's peak: 128 operations per number and round.
// Grid: one thread per number. Workgroup memory: none.
#import index

struct Params {
    n: u32,
    rounds: u32,
    m: f32,
    b: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>; // [n]
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // [n]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n) { return; }
    let m = vec4f(p.m);
    let b = vec4f(p.b);
    var first = x[i] + vec4f(0.0, 1.0, 2.0, 3.0);
    var second = x[i] + vec4f(4.0, 5.0, 6.0, 7.0);
    for (var r = 0u; r < p.rounds; r++) {
        first = fma(first, m, b);
        second = fma(second, m, b);
        first = fma(first, m, b);
        second = fma(second, m, b);
        first = fma(first, m, b);
        second = fma(second, m, b);
        first = fma(first, m, b);
        second = fma(second, m, b);
        first = fma(first, m, b);
        second = fma(second, m, b);
        first = fma(first, m, b);
        second = fma(second, m, b);
        first = fma(first, m, b);
        second = fma(second, m, b);
        first = fma(first, m, b);
        second = fma(second, m, b);
    }
    y[i] = dot(first + second, vec4f(1.0));
}
