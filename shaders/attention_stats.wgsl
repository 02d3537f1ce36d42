// What the derivatives of attention need of each query i: L_i = log Σ_j exp(q_i · k_j / √HEAD) and D_i = dy_i · y_i.
// HEAD: numbers per token and head. VEC4: it is a multiple of 4.
// Grid: one thread per batch entry, head and query. Workgroup memory: none.
#import index
#import heads

struct Params {
    n: u32,
    tokens: u32,
    heads: u32,
    scale: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> q: array<Element>; // [batch, tokens, heads, HEAD]
@group(0) @binding(2) var<storage, read> k: array<Element>; // [batch, tokens, heads, HEAD]
@group(0) @binding(3) var<storage, read> y: array<Element>; // [batch, tokens, heads, HEAD]
@group(0) @binding(4) var<storage, read> dy: array<Element>; // [batch, tokens, heads, HEAD]
@group(0) @binding(5) var<storage, read_write> stats: array<vec2f>; // [batch, heads, tokens] of (L, D)

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n) { return; }
    let first = first_row(i);
    let own = first + (i % p.tokens) * token_stride();
    var query: array<Element, PARTS>;
    var d = 0.0;
    for (var e = 0u; e < PARTS; e++) {
        query[e] = p.scale * q[own + e];
        d += product(dy[own + e], y[own + e]);
    }
    // A running sum relative to the largest score so far.
    var largest = -1e30;
    var total = 0.0;
    for (var j = 0u; j < p.tokens; j++) {
        let other = first + j * token_stride();
        var score = 0.0;
        for (var e = 0u; e < PARTS; e++) { score += product(query[e], k[other + e]); }
        if (score > largest) {
            total *= exp(largest - score);
            largest = score;
        }
        total += exp(score - largest);
    }
    stats[i] = vec2f(largest + log(total), d);
}
