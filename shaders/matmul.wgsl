// Matrix product per batch, C = op(A) · op(B) + bias, with the steps that follow it fused behind:
//   z = op(A) op(B) + bias (kept if KEEP_PRE);  c = f(z) · f'(gate) + residual, each part only if asked for.
// TRANSPOSE_A: A is stored [k, m]. TRANSPOSE_B: B is stored [n, k]. VEC4_A, VEC4_B, VEC4_C: rows of the stored A, of the
// stored B and of C are multiples of 4 long. RAGGED_K: k is no multiple of 4.
// SUMS: behind each C lies a row of the sums of B's columns (B not transposed): the gradient by a bias, beside that by its weights.
// A thread keeps its results as 4×4 blocks, four strips of four at most (lib/strip). SHARED: its group reads tiles of A and B through
// workgroup memory, else it shares nothing. A mat4x4f holds in column i the block's row i.
// Grid: a thread for each such piece of n × m results, in groups of ACROSS × DOWN, × batches.
// Workgroup memory: none, or lib/tile's 8 KiB if SHARED.
#import epilogue
#import product

struct Params {
    m: u32,
    n: u32,
    k: u32,
}

@group(0) @binding(0) var<uniform> p: Params;

fn rows_a() -> u32 { return select(p.m, p.k, TRANSPOSE_A); }
fn columns_a() -> u32 { return select(p.k, p.m, TRANSPOSE_A); }
fn rows_b() -> u32 { return select(p.k, p.n, TRANSPOSE_B); }
fn columns_b() -> u32 { return select(p.n, p.k, TRANSPOSE_B); }

// The block at (row, column) of A as stored. Entries past k must be 0; what lies past m reaches no result that is kept.
#if VEC4_A
@group(0) @binding(1) var<storage, read> a: array<vec4f>; // [batches, m, k], or [batches, k, m] if TRANSPOSE_A
fn stored_a(batch: u32, row: u32, column: u32) -> mat4x4f {
    let step = columns_a() / 4u;
    let i = (batch * rows_a() + row) * step + column / 4u;
    let v = mat4x4f(a[i], a[i + step], a[i + 2u * step], a[i + 3u * step]);
    if (!TRANSPOSE_A || !RAGGED_K) { return v; }
    let inside = vec4u(row, row + 1u, row + 2u, row + 3u) < vec4u(p.k);
    let o = vec4f();
    return mat4x4f(select(o, v[0], inside.x), select(o, v[1], inside.y), select(o, v[2], inside.z), select(o, v[3], inside.w));
}
#else
@group(0) @binding(1) var<storage, read> a: array<f32>; // [batches, m, k], or [batches, k, m] if TRANSPOSE_A
fn row_a(batch: u32, row: u32, column: u32) -> vec4f {
    let i = (batch * rows_a() + row) * columns_a() + column;
    let inside = (vec4u(column, column + 1u, column + 2u, column + 3u) < vec4u(columns_a())) & vec4<bool>(row < rows_a());
    return select(vec4f(), vec4f(a[i], a[i + 1u], a[i + 2u], a[i + 3u]), inside);
}
fn stored_a(batch: u32, row: u32, column: u32) -> mat4x4f {
    return mat4x4f(row_a(batch, row, column), row_a(batch, row + 1u, column), row_a(batch, row + 2u, column), row_a(batch, row + 3u, column));
}
#endif

// Likewise of B. Entries past k meet zeros of A and need only be finite, which a clamped read is.
#if VEC4_B
@group(0) @binding(2) var<storage, read> b: array<vec4f>; // [batches, k, n], or [batches, n, k] if TRANSPOSE_B
fn row_b(batch: u32, row: u32, column: u32) -> vec4f { return b[((batch * rows_b() + row) * columns_b() + column) / 4u]; }
fn stored_b(batch: u32, row: u32, column: u32) -> mat4x4f {
    let step = columns_b() / 4u;
    let i = (batch * rows_b() + row) * step + column / 4u;
    return mat4x4f(b[i], b[i + step], b[i + 2u * step], b[i + 3u * step]);
}
#else
@group(0) @binding(2) var<storage, read> b: array<f32>; // [batches, k, n], or [batches, n, k] if TRANSPOSE_B
fn row_b(batch: u32, row: u32, column: u32) -> vec4f {
    let i = (batch * rows_b() + row) * columns_b() + column;
    return vec4f(b[i], b[i + 1u], b[i + 2u], b[i + 3u]);
}
fn stored_b(batch: u32, row: u32, column: u32) -> mat4x4f {
    return mat4x4f(row_b(batch, row, column), row_b(batch, row + 1u, column), row_b(batch, row + 2u, column), row_b(batch, row + 3u, column));
}
#endif

fn block_a(batch: u32, row: u32, k: u32) -> mat4x4f {
    if (TRANSPOSE_A) { return transpose(stored_a(batch, k, row)); }
    return stored_a(batch, row, k);
}

fn block_b(batch: u32, k: u32, column: u32) -> mat4x4f {
    if (TRANSPOSE_B) { return transpose(stored_b(batch, column, k)); }
    return stored_b(batch, k, column);
}

#if SUMS
fn sums_of_columns(batch: u32, column: u32) -> vec4f {
    var sum = vec4f();
    for (var k = 0u; k < p.k; k++) { sum += row_b(batch, k, column); }
    return sum;
}
#endif

#if SHARED
#import matmul_shared
#else
#import matmul_registers
#endif
