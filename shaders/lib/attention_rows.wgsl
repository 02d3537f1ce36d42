// Attention where nothing is shared and a head has 8 numbers: a thread takes four queries of one head, a column of a matrix each,
// and reads every key and value once for all four. Grid: one thread per batch entry, head and four queries.
#import columns

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.pairs * fours()) { return; }
    let first = first_query(i / fours());
    let token = 4u * (i % fours());
    let tokens = tokens_from(token);
    let q0 = p.scale * rows_of_qkv(first + 3u * tokens * stride());
    let q1 = p.scale * rows_of_qkv(first + 3u * tokens * stride() + 1u);
    var sum0 = mat4x4f();
    var sum1 = mat4x4f();
    var largest = vec4f(-1e30);
    var total = vec4f();
    for (var j = 0u; j < p.tokens; j++) {
        let key = first + (3u * j + 1u) * stride();
        let value = key + stride();
        let scores = qkv[key] * q0 + qkv[key + 1u] * q1;
        let next = max(largest, scores);
        let shrink = exp(largest - next);
        let weights = exp(scores - next);
        total = total * shrink + weights;
        sum0 = scaled(sum0, shrink) + outer(qkv[value], weights);
        sum1 = scaled(sum1, shrink) + outer(qkv[value + 1u], weights);
        largest = next;
    }
    sum0 = scaled(sum0, 1.0 / total);
    sum1 = scaled(sum1, 1.0 / total);
    let own = first_row(i / fours()) + tokens * stride();
    for (var c = 0u; c < min(4u, p.tokens - token); c++) {
        y[own[c]] = sum0[c];
        y[own[c] + 1u] = sum1[c];
#if LSE
        lse[(i / fours()) * p.tokens + token + c] = largest[c] + log(total[c]);
#endif
    }
}
