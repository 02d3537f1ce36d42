// Derivatives of attention by q, k and v. With P_ij = exp(q_i · k_j / √HEAD - lse_i) and S_ij = P_ij (dy_i · v_j - dy_i · y_i) / √HEAD:
//   dq_i = Σ_j S_ij k_j,   dk_j = Σ_i S_ij q_i,   dv_j = Σ_i P_ij dy_i
// A thread's row is a query first and goes through the keys, then a key and goes through the queries.
// Constants: see lib/heads; ROWS: see lib/attention_grad_rows. Else, grid: one workgroup of THREADS per batch entry and head, a thread per token.
// Workgroup memory: 8 THREADS bytes, and 8 TILE · HEAD if TILED: at most 16 KiB.
#import heads

struct Params {
    tokens: u32,
    heads: u32,
    pairs: u32,
    scale: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> qkv: array<Element>; // [batch, tokens, 3, heads, HEAD]
@group(0) @binding(2) var<storage, read> y: array<Element>; // [batch, tokens, heads, HEAD]
@group(0) @binding(3) var<storage, read> dy: array<Element>; // as y
@group(0) @binding(4) var<storage, read> lse: array<f32>; // [batch, heads, tokens]
@group(0) @binding(5) var<storage, read_write> dqkv: array<Element>; // as qkv

#if ROWS
#import attention_grad_rows
#else
var<workgroup> stats: array<vec2f, THREADS>; // lse_i and dy_i · y_i
#if TILED
var<workgroup> lefts: array<Element, TILE * PARTS>; // rows in the scores' product
var<workgroup> rights: array<Element, TILE * PARTS>; // rows in the slopes'
#endif

// Element e of a token's rows on either side of the products: its key and value for a query, its query and dy for a key.
fn left_at(by_query: bool, pair: u32, token: u32, e: u32) -> Element {
    return qkv[first_query(pair) + (3u * token + select(0u, 1u, by_query)) * stride() + e];
}
fn right_at(by_query: bool, pair: u32, token: u32, e: u32) -> Element {
    if (by_query) { return qkv[first_query(pair) + (3u * token + 2u) * stride() + e]; }
    return dy[first_row(pair) + token * stride() + e];
}

// The same of the j-th token of the tile that starts with token `start`.
fn left(by_query: bool, pair: u32, start: u32, j: u32, e: u32) -> Element {
#if TILED
    return lefts[j * PARTS + e];
#else
    return left_at(by_query, pair, start + j, e);
#endif
}

fn right(by_query: bool, pair: u32, start: u32, j: u32, e: u32) -> Element {
#if TILED
    return rights[j * PARTS + e];
#else
    return right_at(by_query, pair, start + j, e);
#endif
}

// Brings the tile's rows into workgroup memory.
fn share(by_query: bool, pair: u32, start: u32, count: u32, local: u32) {
#if TILED
    workgroupBarrier();
    for (var i = local; i < count * PARTS; i += THREADS) {
        lefts[i] = left_at(by_query, pair, start + i / PARTS, i % PARTS);
        rights[i] = right_at(by_query, pair, start + i / PARTS, i % PARTS);
    }
    workgroupBarrier();
#endif
}

// The row as a query, or as a key; to be compiled for each.
fn turn(by_query: bool, pair: u32, local: u32) {
    let token = min(local, p.tokens - 1u);
    let query = first_query(pair) + 3u * token * stride();
    let key = query + stride();
    let value = key + stride();
    var a: array<Element, PARTS>; // of its row, in the scores' product
    var b: array<Element, PARTS>; // in the slopes'
    var l: array<Element, PARTS>; // of the other's row
    var r: array<Element, PARTS>;
    var sum: array<Element, PARTS>;
    var direct: array<Element, PARTS>;
    for (var e = 0u; e < PARTS; e++) {
        if (by_query) { a[e] = p.scale * qkv[query + e]; b[e] = dy[first_row(pair) + token * stride() + e]; }
        else { a[e] = p.scale * qkv[key + e]; b[e] = qkv[value + e]; }
    }
    let mine = stats[local];
    for (var start = 0u; start < p.tokens; start += TILE) {
        let count = min(TILE, p.tokens - start);
        share(by_query, pair, start, count, local);
        for (var j = 0u; j < count; j++) {
            var score = 0.0;
            var slope = 0.0;
            for (var e = 0u; e < PARTS; e++) {
                l[e] = left(by_query, pair, start, j, e);
                r[e] = right(by_query, pair, start, j, e);
                score += product(a[e], l[e]);
                slope += product(b[e], r[e]);
            }
            var of_query = mine;
            if (!by_query) { of_query = stats[start + j]; }
            let weight = exp(score - of_query.x);
            let s = p.scale * weight * (slope - of_query.y);
            for (var e = 0u; e < PARTS; e++) {
                sum[e] += s * l[e];
                if (!by_query) { direct[e] += weight * r[e]; }
            }
        }
    }
    if (local < p.tokens) {
        for (var e = 0u; e < PARTS; e++) {
            if (by_query) { dqkv[query + e] = sum[e]; } else { dqkv[key + e] = sum[e]; dqkv[value + e] = direct[e]; }
        }
    }
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
    let pair = min(linear_group(group, groups), p.pairs - 1u);
    let first = first_row(pair);
    let token = min(local, p.tokens - 1u);
    var d = 0.0;
    for (var e = 0u; e < PARTS; e++) {
        let at = first + token * stride() + e;
        d += product(dy[at], y[at]);
    }
    stats[local] = vec2f(lse[pair * p.tokens + token], d);
    workgroupBarrier();
    turn(true, pair, local);
    turn(false, pair, local);
}
#endif
