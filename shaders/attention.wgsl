// Multi-head attention: y_i = Σ_j softmax_j(q_i · k_j / √HEAD) v_j within each head.
// The softmax is a running one (Milakov and Gimelshein, 1805.02867), four keys at a time: sums are relative to the largest score
// so far, and no score is stored. LSE: lse_i = log Σ_j exp(q_i · k_j / √HEAD), which the derivatives need, is.
// Constants: see lib/heads; ROWS: see lib/attention_rows. Else, grid: one workgroup of THREADS per batch entry and head, a thread per query.
// Workgroup memory: 8 TILE · HEAD bytes if TILED, at most 14 KiB.
#import heads

struct Params {
    tokens: u32,
    heads: u32,
    pairs: u32,
    scale: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> qkv: array<Element>; // [batch, tokens, 3, heads, HEAD]
@group(0) @binding(2) var<storage, read_write> y: array<Element>; // [batch, tokens, heads, HEAD]
#if LSE
@group(0) @binding(3) var<storage, read_write> lse: array<f32>; // [batch, heads, tokens]
#endif

#if ROWS
#import attention_rows
#else
#if TILED
var<workgroup> keys: array<Element, TILE * PARTS>;
var<workgroup> values: array<Element, TILE * PARTS>;
#endif

// Element e of the tile's j-th key and value; the tile starts with the query at `tile`.
fn key(tile: u32, j: u32, e: u32) -> Element {
#if TILED
    return keys[j * PARTS + e];
#else
    return qkv[tile + (3u * j + 1u) * stride() + e];
#endif
}

fn value(tile: u32, j: u32, e: u32) -> Element {
#if TILED
    return values[j * PARTS + e];
#else
    return qkv[tile + (3u * j + 2u) * stride() + e];
#endif
}

// Brings the tile's rows into workgroup memory.
fn share(tile: u32, count: u32, local: u32) {
#if TILED
    workgroupBarrier();
    for (var i = local; i < count * PARTS; i += THREADS) {
        let at = tile + 3u * (i / PARTS) * stride() + i % PARTS;
        keys[i] = qkv[at + stride()];
        values[i] = qkv[at + 2u * stride()];
    }
    workgroupBarrier();
#endif
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
    let pair = min(linear_group(group, groups), p.pairs - 1u);
    let first = first_query(pair);
    let token = min(local, p.tokens - 1u);
    var query: array<Element, PARTS>;
    var sum: array<Element, PARTS>;
    for (var e = 0u; e < PARTS; e++) { query[e] = p.scale * qkv[first + 3u * token * stride() + e]; }
    var largest = -1e30;
    var total = 0.0;
    for (var start = 0u; start < p.tokens; start += TILE) {
        let tile = first + 3u * start * stride();
        let count = min(TILE, p.tokens - start);
        share(tile, count, local);
        for (var j = 0u; j < count; j += 4u) {
            let four = vec4u(j, j + 1u, j + 2u, j + 3u);
            let at = min(four, vec4u(count - 1u));
            var scores = vec4f();
            for (var e = 0u; e < PARTS; e++) {
                scores += vec4f(
                    product(query[e], key(tile, at.x, e)), product(query[e], key(tile, at.y, e)),
                    product(query[e], key(tile, at.z, e)), product(query[e], key(tile, at.w, e)));
            }
            scores = select(vec4f(-1e30), scores, four < vec4u(count));
            let top = max(max(scores.x, scores.y), max(scores.z, scores.w));
            let next = max(largest, top);
            let shrink = exp(largest - next);
            let weights = exp(scores - next);
            total = total * shrink + dot(weights, vec4f(1.0));
            for (var e = 0u; e < PARTS; e++) {
                sum[e] = sum[e] * shrink + weights.x * value(tile, at.x, e) + weights.y * value(tile, at.y, e)
                    + weights.z * value(tile, at.z, e) + weights.w * value(tile, at.w, e);
            }
            largest = next;
        }
    }
    if (local >= p.tokens) { return; }
    let own = first_row(pair) + token * stride();
    for (var e = 0u; e < PARTS; e++) { y[own + e] = sum[e] / total; }
#if LSE
    lse[pair * p.tokens + local] = largest + log(total);
#endif
}
#endif
