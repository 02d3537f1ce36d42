// conv_weight_grad, each thread by itself; see lib/matmul_registers for the order of things.

const ROWS = select(select(4u, 8u, TILE8), 16u, TILE16);
const COLUMNS = select(select(4u, 8u, TILE8 || TILE16), 16u, WIDE);

@compute @workgroup_size(ACROSS, DOWN)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let tiles = (p.channels + ROWS - 1u) / ROWS;
    let tap = id.y / tiles;
    let c = ROWS * (id.y % tiles);
    let j = COLUMNS * id.x;
    if (tap >= KERNEL * KERNEL || j >= p.n) { return; }
    let end = min(p.m, (id.z + 1u) * p.chunk);
    var c00 = mat4x4f();
#if TILE8
    var c01 = mat4x4f(); var c10 = mat4x4f(); var c11 = mat4x4f();
#endif
#if TILE16
    var c01 = mat4x4f();
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
#endif
    for (var r = id.z * p.chunk; r < end; r += 4u) {
        let s = sources(pixels(r), tap / KERNEL, tap % KERNEL, 0u, 0u);
        let b0 = block_dy(r, j);
        let a0 = transpose(block_x(s, end - r, c));
        c00 = add_product(c00, a0, b0);
#if TILE8
        let b1 = block_dy(r, j + 4u);
        c01 = add_product(c01, a0, b1);
        let a1 = transpose(block_x(s, end - r, c + 4u));
        c10 = add_product(c10, a1, b0); c11 = add_product(c11, a1, b1);
#endif
#if TILE16
        let b1 = block_dy(r, j + 4u);
#if WIDE
        let b2 = block_dy(r, j + 8u);
        let b3 = block_dy(r, j + 12u);
#endif
        c01 = add_product(c01, a0, b1);
#if WIDE
        c02 = add_product(c02, a0, b2); c03 = add_product(c03, a0, b3);
#endif
        let a1 = transpose(block_x(s, end - r, c + 4u));
        c10 = add_product(c10, a1, b0); c11 = add_product(c11, a1, b1);
#if WIDE
        c12 = add_product(c12, a1, b2); c13 = add_product(c13, a1, b3);
#endif
        let a2 = transpose(block_x(s, end - r, c + 8u));
        c20 = add_product(c20, a2, b0); c21 = add_product(c21, a2, b1);
#if WIDE
        c22 = add_product(c22, a2, b2); c23 = add_product(c23, a2, b3);
#endif
        let a3 = transpose(block_x(s, end - r, c + 12u));
        c30 = add_product(c30, a3, b0); c31 = add_product(c31, a3, b1);
#if WIDE
        c32 = add_product(c32, a3, b2); c33 = add_product(c33, a3, b3);
#endif
#endif
    }
    let first = first_row(id.z, tap);
    keep_block(first, c, j, c00);
#if TILE8
    keep_block(first, c, j + 4u, c01);
    keep_block(first, c + 4u, j, c10);
    keep_block(first, c + 4u, j + 4u, c11);
#endif
#if TILE16
    keep_block(first, c, j + 4u, c01);
#if WIDE
    keep_block(first, c, j + 8u, c02); keep_block(first, c, j + 12u, c03);
#endif
    keep_block(first, c + 4u, j, c10); keep_block(first, c + 4u, j + 4u, c11);
#if WIDE
    keep_block(first, c + 4u, j + 8u, c12); keep_block(first, c + 4u, j + 12u, c13);
#endif
    keep_block(first, c + 8u, j, c20); keep_block(first, c + 8u, j + 4u, c21);
#if WIDE
    keep_block(first, c + 8u, j + 8u, c22); keep_block(first, c + 8u, j + 12u, c23);
#endif
    keep_block(first, c + 12u, j, c30); keep_block(first, c + 12u, j + 4u, c31);
#if WIDE
    keep_block(first, c + 12u, j + 8u, c32); keep_block(first, c + 12u, j + 12u, c33);
#endif
#endif
#if SUMS
    if (id.y == 0u) {
        for (var l = 0u; l < COLUMNS; l += 4u) { keep_sums(id.z, j + l, sums_of_columns(id.z * p.chunk, end, j + l)); }
    }
#endif
}
