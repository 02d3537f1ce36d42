// Labels replaced at random: y_i = null_label if word_i < threshold or ALWAYS, else labels_i, with a word of Threefry per label
// and threshold = probability · 2^32.
// Key (seed, stream), counter (step, pair of elements).
// Grid: one thread per two elements. Workgroup memory: none.
#import index
#import random
#import state

struct Params {
    n: u32,
    stream: u32,
    threshold: u32,
    null_label: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> counters: array<u32>; // state: STEP, SEED, …
@group(0) @binding(2) var<storage, read> labels: array<u32>; // [n]
@group(0) @binding(3) var<storage, read_write> y: array<u32>; // [n]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (2u * i >= p.n) { return; }
    let word = threefry2x32(vec2u(counters[SEED], p.stream), vec2u(counters[STEP], i));
    let drop = (word < vec2u(p.threshold)) | vec2<bool>(ALWAYS);
    y[2u * i] = select(labels[2u * i], p.null_label, drop.x);
    if (2u * i + 1u < p.n) { y[2u * i + 1u] = select(labels[2u * i + 1u], p.null_label, drop.y); }
}
