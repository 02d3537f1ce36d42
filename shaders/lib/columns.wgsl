// Four tokens of a head of 8 numbers as the columns of two matrices, four numbers of each token in either. For kernels whose Params
// `p` have tokens.

// Fours of tokens in a sequence; the last may have fewer.
fn fours() -> u32 { return (p.tokens + 3u) / 4u; }

// Four tokens from this one on; past the last, the last again.
fn tokens_from(token: u32) -> vec4u {
    return min(vec4u(token, token + 1u, token + 2u, token + 3u), vec4u(p.tokens - 1u));
}

fn outer(v: vec4f, w: vec4f) -> mat4x4f { return mat4x4f(w.x * v, w.y * v, w.z * v, w.w * v); }

// Each column times its weight.
fn scaled(m: mat4x4f, w: vec4f) -> mat4x4f { return mat4x4f(w.x * m[0], w.y * m[1], w.z * m[2], w.w * m[3]); }

fn rows_of_qkv(at: vec4u) -> mat4x4f { return mat4x4f(qkv[at.x], qkv[at.y], qkv[at.z], qkv[at.w]); }
