// Derivative of attention by q, k or v. With P_ij = exp(q_i · k_j / √HEAD - L_i) and S_ij = P_ij (dy_i · v_j - D_i) / √HEAD:
//   dq_i = Σ_j S_ij k_j,   dk_j = Σ_i S_ij q_i,   dv_j = Σ_i P_ij dy_i.
// BY_QUERY: dx is dq, a thread's own row is a query and it goes through the keys; else its row is a key and it goes through
// the queries. SLOPE: the weights are S (for dq and dk), else P (for dv).
// HEAD: numbers per token and head. VEC4: it is a multiple of 4.
// Grid: one thread per batch entry, head and row of dx. Workgroup memory: none.
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
@group(0) @binding(4) var<storage, read> dy: array<Element>; // [batch, tokens, heads, HEAD]
@group(0) @binding(5) var<storage, read> stats: array<vec2f>; // [batch, heads, tokens] of (L, D)
@group(0) @binding(6) var<storage, read_write> dx: array<Element>; // [batch, tokens, heads, HEAD]

// A side has a row in the scores' product, and one in the slopes'.
fn own_score(row: u32) -> Element { if (BY_QUERY) { return q[row]; } return k[row]; }
fn own_slope(row: u32) -> Element { if (BY_QUERY) { return dy[row]; } return v[row]; }
fn other_score(row: u32) -> Element { if (BY_QUERY) { return k[row]; } return q[row]; }
fn other_slope(row: u32) -> Element { if (BY_QUERY) { return v[row]; } return dy[row]; }

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n) { return; }
    let first = first_row(i);
    let own = first + (i % p.tokens) * token_stride();
    var left: array<Element, PARTS>;
    var right: array<Element, PARTS>;
    var sum: array<Element, PARTS>;
    for (var e = 0u; e < PARTS; e++) {
        left[e] = p.scale * own_score(own + e);
        if (SLOPE) { right[e] = own_slope(own + e); }
    }
    for (var j = 0u; j < p.tokens; j++) {
        let other = first + j * token_stride();
        var score = 0.0;
        var slope = 0.0;
        for (var e = 0u; e < PARTS; e++) {
            score += product(left[e], other_score(other + e));
            if (SLOPE) { slope += product(right[e], other_slope(other + e)); }
        }
        let of_query = stats[select(i - i % p.tokens + j, i, BY_QUERY)];
        var weight = exp(score - of_query.x);
        if (SLOPE) { weight *= p.scale * (slope - of_query.y); }
        for (var e = 0u; e < PARTS; e++) {
            if (SLOPE) { sum[e] += weight * other_score(other + e); } else { sum[e] += weight * other_slope(other + e); }
        }
    }
    for (var e = 0u; e < PARTS; e++) { dx[own + e] = sum[e]; }
}
