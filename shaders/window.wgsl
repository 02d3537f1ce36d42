// A window on the middle axis: y[o, j, i] = x[o, j + skip - lead, i], zero where x has no such entry.
// A slice has skip = start, its derivative (padding) has lead = start.
// Grid: one thread per element of y. Workgroup memory: none.
#import index

struct Params {
    n: u32,
    from_extent: u32,
    to_extent: u32,
    inner: u32,
    skip: u32,
    lead: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>; // [outer, from_extent, inner]
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // [outer, to_extent, inner], n elements

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n) { return; }
    let inner = i % p.inner;
    let j = (i / p.inner) % p.to_extent + p.skip;
    let outer = i / (p.inner * p.to_extent);
    let inside = j >= p.lead && j - p.lead < p.from_extent;
    let source = select(0u, j - p.lead, inside);
    y[i] = select(0.0, x[(outer * p.from_extent + source) * p.inner + inner], inside);
}
