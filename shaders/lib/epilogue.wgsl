// What becomes of a block of results of a matrix product C [batches, m, n] in registers:
//   z = sum + bias (kept if KEEP_PRE);  c = f(z) · f'(gate) + residual, each part only if its flag is set.
// For kernels whose Params `p` have m and n. VEC4_C: n is a multiple of 4, and elements are handled by fours.
// SUMS: each C has a row more, which keep_sums writes.
// SILU, SILU_GATE: f is SiLU, by far the most frequent; written out, since all of lib/activation in every row of a large square
// of results takes software adapters seconds to compile.
#import activation

#if VEC4_C
alias ElementC = vec4f;
fn activate_c(kind: u32, v: vec4f) -> vec4f { return activate4(kind, v); }
fn slope_c(kind: u32, v: vec4f) -> vec4f { return slope4(kind, v); }
#else
alias ElementC = f32;
fn activate_c(kind: u32, v: f32) -> f32 { return activate(kind, v); }
fn slope_c(kind: u32, v: f32) -> f32 { return slope(kind, v); }
#endif

@group(0) @binding(3) var<storage, read_write> c: array<ElementC>; // [batches, m, n]
#if BIAS
@group(0) @binding(4) var<storage, read> bias: array<ElementC>; // [n]
#endif
#if KEEP_PRE
@group(0) @binding(5) var<storage, read_write> z: array<ElementC>; // [batches, m, n]
#endif
#if GATE
@group(0) @binding(6) var<storage, read> gate: array<ElementC>; // [batches, m, n]
#endif
#if RESIDUAL
@group(0) @binding(7) var<storage, read> residual: array<ElementC>; // [batches, m, n]
#endif

// One result (or four in a row) through the fused steps and out. i: its place in C, j: in a row.
fn finish(i: u32, j: u32, sum: ElementC) {
    var v = sum;
#if BIAS
    v += bias[j];
#endif
#if KEEP_PRE
    z[i] = v;
#endif
#if SILU
    v *= 1.0 / (1.0 + exp(-clamp(v, ElementC(-80.0), ElementC(80.0))));
#else
#if ACTIVATION
    v = activate_c(ACTIVATION, v);
#endif
#endif
#if GATE
#if SILU_GATE
    let g = gate[i];
    let s = 1.0 / (1.0 + exp(-clamp(g, ElementC(-80.0), ElementC(80.0))));
    v *= s * (1.0 + g * (1.0 - s));
#else
    v *= slope_c(GATE_KIND, gate[i]);
#endif
#endif
#if RESIDUAL
    v += residual[i];
#endif
    c[i] = v;
}

#if SUMS
const ROWS_BEHIND = 1u;
#else
const ROWS_BEHIND = 0u;
#endif

fn keep_row(batch: u32, row: u32, column: u32, v: vec4f) {
    let i = (batch * (p.m + ROWS_BEHIND) + row) * p.n + column;
#if VEC4_C
    if (row < p.m && column < p.n) { finish(i / 4u, column / 4u, v); }
#else
    let count = select(0u, min(4u, p.n - min(column, p.n)), row < p.m);
    for (var l = 0u; l < count; l++) { finish(i + l, column + l, v[l]); }
#endif
}

fn keep_block(batch: u32, row: u32, column: u32, v: mat4x4f) {
    keep_row(batch, row, column, v[0]);
    keep_row(batch, row + 1u, column, v[1]);
    keep_row(batch, row + 2u, column, v[2]);
    keep_row(batch, row + 3u, column, v[3]);
}

#if SUMS
// Four sums of columns, behind the last row.
fn keep_sums(batch: u32, column: u32, v: vec4f) {
    let i = (batch * (p.m + 1u) + p.m) * p.n + column;
#if VEC4_C
    if (column < p.n) { c[i / 4u] = v; }
#else
    for (var l = 0u; l < min(4u, p.n - min(column, p.n)); l++) { c[i + l] = v[l]; }
#endif
}
#endif
