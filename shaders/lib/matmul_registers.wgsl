// matmul, each thread by itself. Rows of A are fetched one block at a time, and a block of sums takes four terms at once: what a
// software adapter keeps in memory rather than in registers travels less.

const COLUMNS = select(select(4u, 8u, TILE8 || TILE16), 16u, WIDE);

@compute @workgroup_size(ACROSS, DOWN)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let batch = id.z;
    let j = COLUMNS * id.x;
#if TILE16
    let i = 16u * id.y;
    var c00 = mat4x4f(); var c01 = mat4x4f();
#if WIDE
    var c02 = mat4x4f(); var c03 = mat4x4f();
#endif
    var c10 = mat4x4f(); var c11 = mat4x4f();
#if WIDE
    var c12 = mat4x4f(); var c13 = mat4x4f();
#endif
    var c20 = mat4x4f(); var c21 = mat4x4f();
#if WIDE
    var c22 = mat4x4f(); var c23 = mat4x4f();
#endif
    var c30 = mat4x4f(); var c31 = mat4x4f();
#if WIDE
    var c32 = mat4x4f(); var c33 = mat4x4f();
#endif
    for (var k = 0u; k < p.k; k += 4u) {
        let b0 = block_b(batch, k, j);
        let b1 = block_b(batch, k, j + 4u);
#if WIDE
        let b2 = block_b(batch, k, j + 8u);
        let b3 = block_b(batch, k, j + 12u);
#endif
        let a0 = block_a(batch, i, k);
        c00 = add_product(c00, a0, b0); c01 = add_product(c01, a0, b1);
#if WIDE
        c02 = add_product(c02, a0, b2); c03 = add_product(c03, a0, b3);
#endif
        let a1 = block_a(batch, i + 4u, k);
        c10 = add_product(c10, a1, b0); c11 = add_product(c11, a1, b1);
#if WIDE
        c12 = add_product(c12, a1, b2); c13 = add_product(c13, a1, b3);
#endif
        let a2 = block_a(batch, i + 8u, k);
        c20 = add_product(c20, a2, b0); c21 = add_product(c21, a2, b1);
#if WIDE
        c22 = add_product(c22, a2, b2); c23 = add_product(c23, a2, b3);
#endif
        let a3 = block_a(batch, i + 12u, k);
        c30 = add_product(c30, a3, b0); c31 = add_product(c31, a3, b1);
#if WIDE
        c32 = add_product(c32, a3, b2); c33 = add_product(c33, a3, b3);
#endif
    }
    keep_block(batch, i, j, c00); keep_block(batch, i, j + 4u, c01);
#if WIDE
    keep_block(batch, i, j + 8u, c02); keep_block(batch, i, j + 12u, c03);
#endif
    keep_block(batch, i + 4u, j, c10); keep_block(batch, i + 4u, j + 4u, c11);
#if WIDE
    keep_block(batch, i + 4u, j + 8u, c12); keep_block(batch, i + 4u, j + 12u, c13);
#endif
    keep_block(batch, i + 8u, j, c20); keep_block(batch, i + 8u, j + 4u, c21);
#if WIDE
    keep_block(batch, i + 8u, j + 8u, c22); keep_block(batch, i + 8u, j + 12u, c23);
#endif
    keep_block(batch, i + 12u, j, c30); keep_block(batch, i + 12u, j + 4u, c31);
#if WIDE
    keep_block(batch, i + 12u, j + 8u, c32); keep_block(batch, i + 12u, j + 12u, c33);
#endif
#else
#if TILE8
    let i = 8u * id.y;
    var c00 = mat4x4f(); var c01 = mat4x4f(); var c10 = mat4x4f(); var c11 = mat4x4f();
    for (var k = 0u; k < p.k; k += 4u) {
        let a0 = block_a(batch, i, k);
        let a1 = block_a(batch, i + 4u, k);
        let b0 = block_b(batch, k, j);
        let b1 = block_b(batch, k, j + 4u);
        c00 = add_product(c00, a0, b0); c01 = add_product(c01, a0, b1);
        c10 = add_product(c10, a1, b0); c11 = add_product(c11, a1, b1);
    }
    keep_block(batch, i, j, c00);
    keep_block(batch, i, j + 4u, c01);
    keep_block(batch, i + 4u, j, c10);
    keep_block(batch, i + 4u, j + 4u, c11);
#else
    let i = 4u * id.y;
    var c00 = mat4x4f();
    for (var k = 0u; k < p.k; k += 4u) {
        c00 = add_product(c00, block_a(batch, i, k), block_b(batch, k, j));
    }
    keep_block(batch, i, j, c00);
#endif
#endif
#if SUMS
    if (id.y == 0u) {
        for (var l = 0u; l < COLUMNS; l += 4u) { keep_sums(batch, j + l, sums_of_columns(batch, j + l)); }
    }
#endif
}
