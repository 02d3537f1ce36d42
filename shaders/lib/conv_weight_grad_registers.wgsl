// conv_weight_grad, each thread by itself.
#import strip

// Pixels r … r + 3 of the thread's columns.
fn strip_dy(r: u32, j: u32) -> Strip {
    var s = Strip();
    s.c0 = block_dy(r, j);
#if COLUMNS2
    s.c1 = block_dy(r, j + 4u);
#endif
#if COLUMNS4
    s.c2 = block_dy(r, j + 8u);
    s.c3 = block_dy(r, j + 12u);
#endif
    return s;
}

fn keep_strip(first: u32, c: u32, j: u32, s: Strip) {
    keep_block(first, c, j, s.c0);
#if COLUMNS2
    keep_block(first, c, j + 4u, s.c1);
#endif
#if COLUMNS4
    keep_block(first, c, j + 8u, s.c2);
    keep_block(first, c, j + 12u, s.c3);
#endif
}

@compute @workgroup_size(ACROSS, DOWN)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let tiles = (p.channels + ROWS - 1u) / ROWS;
    let tap = id.y / tiles;
    let c = ROWS * (id.y % tiles);
    let j = COLUMNS * id.x;
    if (tap >= KERNEL * KERNEL || j >= p.n) { return; }
    let end = min(p.m, (id.z + 1u) * p.chunk);
    var s0 = Strip();
#if ROWS2
    var s1 = Strip();
#endif
#if ROWS4
    var s2 = Strip();
    var s3 = Strip();
#endif
    for (var r = id.z * p.chunk; r < end; r += 4u) {
        let at = sources(pixels(r), tap / KERNEL, tap % KERNEL, 0u, 0u);
        let b = strip_dy(r, j);
        s0 = add_to_strip(s0, transpose(block_x(at, end - r, c)), b);
#if ROWS2
        s1 = add_to_strip(s1, transpose(block_x(at, end - r, c + 4u)), b);
#endif
#if ROWS4
        s2 = add_to_strip(s2, transpose(block_x(at, end - r, c + 8u)), b);
        s3 = add_to_strip(s3, transpose(block_x(at, end - r, c + 12u)), b);
#endif
    }
    let first = first_row(id.z, tap);
    keep_strip(first, c, j, s0);
#if ROWS2
    keep_strip(first, c + 4u, j, s1);
#endif
#if ROWS4
    keep_strip(first, c + 8u, j, s2);
    keep_strip(first, c + 12u, j, s3);
#endif
#if SUMS
    if (id.y == 0u) {
        for (var l = 0u; l < COLUMNS; l += 4u) { keep_sums(id.z, j + l, sums_of_columns(id.z * p.chunk, end, j + l)); }
    }
#endif
}
