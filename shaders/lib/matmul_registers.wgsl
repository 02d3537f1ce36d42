// matmul, each thread by itself.
#import strip

// Terms k … k + 3 of the thread's columns.
fn strip_b(batch: u32, k: u32, j: u32) -> Strip {
    var s = Strip();
    s.c0 = block_b(batch, k, j);
#if COLUMNS2
    s.c1 = block_b(batch, k, j + 4u);
#endif
#if COLUMNS4
    s.c2 = block_b(batch, k, j + 8u);
    s.c3 = block_b(batch, k, j + 12u);
#endif
    return s;
}

fn keep_strip(batch: u32, i: u32, j: u32, s: Strip) {
    keep_block(batch, i, j, s.c0);
#if COLUMNS2
    keep_block(batch, i, j + 4u, s.c1);
#endif
#if COLUMNS4
    keep_block(batch, i, j + 8u, s.c2);
    keep_block(batch, i, j + 12u, s.c3);
#endif
}

@compute @workgroup_size(ACROSS, DOWN)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let batch = id.z;
    let i = ROWS * id.y;
    let j = COLUMNS * id.x;
    var s0 = Strip();
#if ROWS2
    var s1 = Strip();
#endif
#if ROWS4
    var s2 = Strip();
    var s3 = Strip();
#endif
    for (var k = 0u; k < p.k; k += 4u) {
        let b = strip_b(batch, k, j);
        s0 = add_to_strip(s0, block_a(batch, i, k), b);
#if ROWS2
        s1 = add_to_strip(s1, block_a(batch, i + 4u, k), b);
#endif
#if ROWS4
        s2 = add_to_strip(s2, block_a(batch, i + 8u, k), b);
        s3 = add_to_strip(s3, block_a(batch, i + 12u, k), b);
#endif
    }
    keep_strip(batch, i, j, s0);
#if ROWS2
    keep_strip(batch, i + 4u, j, s1);
#endif
#if ROWS4
    keep_strip(batch, i + 8u, j, s2);
    keep_strip(batch, i + 12u, j, s3);
#endif
#if SUMS
    if (id.y == 0u) {
        for (var l = 0u; l < COLUMNS; l += 4u) { keep_sums(batch, j + l, sums_of_columns(batch, j + l)); }
    }
#endif
}
