// matmul, its group of 64 threads reading tiles of both sides through workgroup memory.
#import tile

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) l: u32) {
    let batch = group.z;
    let row = 4u * ROW_BLOCKS * group.y;
    let column = 4u * COLUMN_BLOCKS * group.x;
    // Blocks that this thread fetches: neighbours take neighbouring memory.
    let ka = select(l % TERM_BLOCKS, l / ROW_BLOCKS, TRANSPOSE_A);
    let ia = select(l / TERM_BLOCKS, l % ROW_BLOCKS, TRANSPOSE_A);
    let kb = select(l / COLUMN_BLOCKS, l % TERM_BLOCKS, TRANSPOSE_B);
    let jb = select(l % COLUMN_BLOCKS, l / TERM_BLOCKS, TRANSPOSE_B);
    let y = l / ACROSS;
    let x = l % ACROSS;
    var s = Sums();
    for (var k = 0u; k < p.k; k += TERMS) {
        var a = mat4x4f();
        var b = mat4x4f();
        if (k + 4u * ka < p.k) { a = transpose(block_a(batch, row + 4u * ia, k + 4u * ka)); }
        if (k + 4u * kb < p.k) { b = block_b(batch, k + 4u * kb, column + 4u * jb); }
        workgroupBarrier();
        lay_a(ka, ia, a);
        if (l < TERM_BLOCKS * COLUMN_BLOCKS) { lay_b(kb, jb, b); }
        workgroupBarrier();
        s = add_tile(s, y, x, select(0u, p.k - k, group.y == 0u));
    }
    let i = row + 4u * y;
    let j = column + 4u * x;
    keep_block(batch, i, j, s.c00);
#if ROWS2
    keep_block(batch, i, j + 4u * ACROSS, s.c01);
    keep_block(batch, i + 4u * DOWN, j, s.c10);
    keep_block(batch, i + 4u * DOWN, j + 4u * ACROSS, s.c11);
#endif
#if SUMS
    if (group.y == 0u && y == 0u) {
        keep_sums(batch, j, s.b0);
#if ROWS2
        keep_sums(batch, j + 4u * ACROSS, s.b1);
#endif
    }
#endif
}
