// A window on the middle axis: y[o, j, i] = x[o, j + skip - lead, i], zero where x has no such entry.
// A slice has skip = start, its derivative (padding) has lead = start.
// VEC4: inner is a multiple of 4, and elements are fours. Grid: one thread per element of y. Workgroup memory: none.
#import index
#import fours

struct Params {
    n: u32,
    from_extent: u32,
    to_extent: u32,
    inner: u32,
    skip: u32,
    lead: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<Element>; // [outer, from_extent, inner]
@group(0) @binding(2) var<storage, read_write> y: array<Element>; // [outer, to_extent, inner], n elements

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n / WIDTH) { return; }
    let row = p.inner / WIDTH;
    let j = (i / row) % p.to_extent + p.skip;
    let outer = i / (row * p.to_extent);
    if (j >= p.lead && j - p.lead < p.from_extent) {
        y[i] = x[(outer * p.from_extent + j - p.lead) * row + i % row];
    } else {
        y[i] = Element();
    }
}
