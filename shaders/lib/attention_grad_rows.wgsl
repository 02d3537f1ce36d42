// Derivatives of attention where nothing is shared and a head has 8 numbers: a thread takes four rows of one head, a column of a
// matrix each, and reads every other row once for all four. Half of the threads have queries, half have keys.
// Grid: two threads per batch entry, head and four tokens.
#import columns

fn rows_dy(own: vec4u, e: u32) -> mat4x4f { return mat4x4f(dy[own.x + e], dy[own.y + e], dy[own.z + e], dy[own.w + e]); }

// dy_i · y_i of the row at this place.
fn mean(at: u32) -> f32 { return dot(dy[at], y[at]) + dot(dy[at + 1u], y[at + 1u]); }

// Writes the columns to rows of the output.
fn keep(at: vec4u, count: u32, sum0: mat4x4f, sum1: mat4x4f) {
    var m0 = sum0;
    var m1 = sum1;
    for (var c = 0u; c < count; c++) {
        dqkv[at[c]] = m0[c];
        dqkv[at[c] + 1u] = m1[c];
    }
}

fn queries(pair: u32, token: u32, count: u32) {
    let first = first_query(pair);
    let tokens = tokens_from(token);
    let query = first + 3u * tokens * stride();
    let own = first_row(pair) + tokens * stride();
    let q0 = p.scale * rows_of_qkv(query);
    let q1 = p.scale * rows_of_qkv(query + 1u);
    let dy0 = rows_dy(own, 0u);
    let dy1 = rows_dy(own, 1u);
    let l = pair * p.tokens + tokens;
    let sums = vec4f(lse[l.x], lse[l.y], lse[l.z], lse[l.w]);
    let means = vec4f(mean(own.x), mean(own.y), mean(own.z), mean(own.w));
    var dq0 = mat4x4f();
    var dq1 = mat4x4f();
    for (var j = 0u; j < p.tokens; j++) {
        let key = first + (3u * j + 1u) * stride();
        let value = key + stride();
        let k0 = qkv[key];
        let k1 = qkv[key + 1u];
        let weights = exp(k0 * q0 + k1 * q1 - sums);
        let s = p.scale * weights * (qkv[value] * dy0 + qkv[value + 1u] * dy1 - means);
        dq0 += outer(k0, s);
        dq1 += outer(k1, s);
    }
    keep(query, count, dq0, dq1);
}

fn keys(pair: u32, token: u32, count: u32) {
    let first = first_query(pair);
    let key = first + (3u * tokens_from(token) + 1u) * stride();
    let value = key + stride();
    let k0 = p.scale * rows_of_qkv(key);
    let k1 = p.scale * rows_of_qkv(key + 1u);
    let v0 = rows_of_qkv(value);
    let v1 = rows_of_qkv(value + 1u);
    var dk0 = mat4x4f();
    var dk1 = mat4x4f();
    var dv0 = mat4x4f();
    var dv1 = mat4x4f();
    for (var i = 0u; i < p.tokens; i++) {
        let query = first + 3u * i * stride();
        let at = first_row(pair) + i * stride();
        let q0 = qkv[query];
        let q1 = qkv[query + 1u];
        let dy0 = dy[at];
        let dy1 = dy[at + 1u];
        let weights = exp(q0 * k0 + q1 * k1 - lse[pair * p.tokens + i]);
        let s = p.scale * weights * (dy0 * v0 + dy1 * v1 - (dot(dy0, y[at]) + dot(dy1, y[at + 1u])));
        dk0 += outer(q0, s);
        dk1 += outer(q1, s);
        dv0 += outer(dy0, weights);
        dv1 += outer(dy1, weights);
    }
    keep(key, count, dk0, dk1);
    keep(value, count, dv0, dv1);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    let turn = i / (p.pairs * fours());
    let pair = (i / fours()) % p.pairs;
    let token = 4u * (i % fours());
    let count = min(4u, p.tokens - token);
    if (turn == 0u) { queries(pair, token, count); }
    if (turn == 1u) { keys(pair, token, count); }
}
