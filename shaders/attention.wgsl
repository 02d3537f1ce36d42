// Multi-head attention: y_i = Σ_j softmax_j(q_i · k_j / √HEAD) v_j within each head.
// The softmax is a running one (Milakov and Gimelshein, 1805.02867): sums are relative to the largest score so far, and no
// score is stored. HEAD: numbers per token and head. VEC4: it is a multiple of 4.
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
@group(0) @binding(3) var<storage, read> v: array<Element>; // [batch, tokens, heads, HEAD]
@group(0) @binding(4) var<storage, read_write> y: array<Element>; // [batch, tokens, heads, HEAD]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n) { return; }
    let first = first_row(i);
    let own = first + (i % p.tokens) * token_stride();
    var query: array<Element, PARTS>;
    var sum: array<Element, PARTS>;
    for (var e = 0u; e < PARTS; e++) { query[e] = p.scale * q[own + e]; }
    var largest = -1e30;
    var total = 0.0;
    for (var j = 0u; j < p.tokens; j++) {
        let other = first + j * token_stride();
        var score = 0.0;
        for (var e = 0u; e < PARTS; e++) { score += product(query[e], k[other + e]); }
        if (score > largest) {
            let shrink = exp(largest - score);
            total *= shrink;
            for (var e = 0u; e < PARTS; e++) { sum[e] *= shrink; }
            largest = score;
        }
        let weight = exp(score - largest);
        total += weight;
        for (var e = 0u; e < PARTS; e++) { sum[e] += weight * v[other + e]; }
    }
    for (var e = 0u; e < PARTS; e++) { y[own + e] = sum[e] / total; }
}
