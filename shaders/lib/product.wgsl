// Products of 4×4 blocks. A mat4x4f holds a block of C or B by rows: its column r is the block's row r.
// Every sum takes its terms in ascending order into one accumulator by fma, so that all tilings agree to the last bit.

fn row_of(c: vec4f, a: vec4f, b: mat4x4f) -> vec4f {
    return fma(vec4f(a.w), b[3], fma(vec4f(a.z), b[2], fma(vec4f(a.y), b[1], fma(vec4f(a.x), b[0], c))));
}

// c + a b, with the rows of a as columns.
fn add_product(c: mat4x4f, a: mat4x4f, b: mat4x4f) -> mat4x4f {
    return mat4x4f(row_of(c[0], a[0], b), row_of(c[1], a[1], b), row_of(c[2], a[2], b), row_of(c[3], a[3], b));
}

// c + a bᵀ for two vectors: one term of every sum.
fn add_outer(c: mat4x4f, a: vec4f, b: vec4f) -> mat4x4f {
    return mat4x4f(fma(vec4f(a.x), b, c[0]), fma(vec4f(a.y), b, c[1]), fma(vec4f(a.z), b, c[2]), fma(vec4f(a.w), b, c[3]));
}
