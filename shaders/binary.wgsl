// Sum or product of two tensors, y = a + b or y = a · b, repeated along axes of extent 1 (NumPy's broadcasting).
// MULTIPLY: product instead of sum. SAME_SHAPE: no axis is repeated.
// d1…d3: inner extents of y. a0…a3, b0…b3: strides of a and b, 0 along a repeated axis.
// VEC4: no axis is repeated, n is a multiple of 4, and elements are fours. Grid: one thread per element of y. Workgroup memory: none.
#import index
#import fours

struct Params {
    n: u32,
#if SAME_SHAPE
#else
    d1: u32, a0: u32, b0: u32,
    d2: u32, a1: u32, b1: u32,
    d3: u32, a2: u32, b2: u32,
    a3: u32, b3: u32,
#endif
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<Element>; // broadcasts to y
@group(0) @binding(2) var<storage, read> b: array<Element>; // broadcasts to y
@group(0) @binding(3) var<storage, read_write> y: array<Element>; // [n] = [d0, d1, d2, d3]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n / WIDTH) { return; }
    var ia = i;
    var ib = i;
#if SAME_SHAPE
#else
    let i3 = i % p.d3;
    let i2 = (i / p.d3) % p.d2;
    let i1 = (i / (p.d3 * p.d2)) % p.d1;
    let i0 = i / (p.d3 * p.d2 * p.d1);
    ia = i0 * p.a0 + i1 * p.a1 + i2 * p.a2 + i3 * p.a3;
    ib = i0 * p.b0 + i1 * p.b1 + i2 * p.b2 + i3 * p.b3;
#endif
    if (MULTIPLY) { y[i] = a[ia] * b[ib]; } else { y[i] = a[ia] + b[ib]; }
}
