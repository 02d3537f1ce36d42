// conv_weight_grad, its group of 64 threads reading tiles of both sides through workgroup memory.
#import tile

// Four rows of weights from (tap, channel) `row` on.
fn keep_rows(split: u32, row: u32, j: u32, v: mat4x4f) {
    let tap = row / p.channels;
    if (tap < KERNEL * KERNEL) { keep_block(first_row(split, tap), row - tap * p.channels, j, v); }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) l: u32) {
    let row = 4u * ROW_BLOCKS * group.y;
    let column = 4u * COLUMN_BLOCKS * group.x;
    let end = min(p.m, (group.z + 1u) * p.chunk);
    // Blocks that this thread fetches: neighbours take neighbouring channels.
    let ka = l / ROW_BLOCKS;
    let ia = l % ROW_BLOCKS;
    let kb = l / COLUMN_BLOCKS;
    let jb = l % COLUMN_BLOCKS;
    let tap = (row + 4u * ia) / p.channels;
    let c = row + 4u * ia - tap * p.channels;
    let y = l / ACROSS;
    let x_at = l % ACROSS;
    var t = Sums();
    for (var k = group.z * p.chunk; k < end; k += TERMS) {
        let r = k + 4u * ka;
        var a = mat4x4f();
        var b = mat4x4f();
        if (r < end && tap < KERNEL * KERNEL) { a = block_x(sources(pixels(r), tap / KERNEL, tap % KERNEL, 0u, 0u), end - r, c); }
        if (k + 4u * kb < end) { b = block_dy(k + 4u * kb, column + 4u * jb); }
        workgroupBarrier();
        lay_a(ka, ia, a);
        if (l < TERM_BLOCKS * COLUMN_BLOCKS) { lay_b(kb, jb, b); }
        workgroupBarrier();
        t = add_tile(t, y, x_at, select(0u, end - k, group.y == 0u));
    }
    let i = row + 4u * y;
    let j = column + 4u * x_at;
    keep_rows(group.z, i, j, t.c00);
#if ROWS2
    keep_rows(group.z, i, j + 4u * ACROSS, t.c01);
    keep_rows(group.z, i + 4u * DOWN, j, t.c10);
    keep_rows(group.z, i + 4u * DOWN, j + 4u * ACROSS, t.c11);
#endif
#if SUMS
    if (group.y == 0u && y == 0u) {
        keep_sums(group.z, j, t.b0);
#if ROWS2
        keep_sums(group.z, j + 4u * ACROSS, t.b1);
#endif
    }
#endif
}
