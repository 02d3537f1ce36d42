// Uniform integers below a bound: a word of Threefry modulo the bound (off from uniform by bound / 2^32 at most).
// COUNTED: `bound` is the place in counters where the bound stands, and one of 0 gives 0; else it is the bound.
// Key (seed, stream), counter (step, pair of elements).
// Grid: one thread per two elements. Workgroup memory: none.
#import index
#import random
#import state

struct Params {
    bound: u32,
    n: u32,
    stream: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> counters: array<u32>; // state: STEP, SEED, …, a bound
@group(0) @binding(2) var<storage, read_write> y: array<u32>; // [n]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (2u * i >= p.n) { return; }
    let word = threefry2x32(vec2u(counters[SEED], p.stream), vec2u(counters[STEP], i));
#if COUNTED
    let bound = max(counters[p.bound], 1u);
#else
    let bound = p.bound;
#endif
    y[2u * i] = word.x % bound;
    if (2u * i + 1u < p.n) { y[2u * i + 1u] = word.y % bound; }
}
