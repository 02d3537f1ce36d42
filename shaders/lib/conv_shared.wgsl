// conv, its group of 64 threads reading tiles of both sides through workgroup memory.
#import tile

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) l: u32) {
    let row = 4u * ROW_BLOCKS * group.y;
    let column = 4u * COLUMN_BLOCKS * group.x;
    // Blocks that this thread fetches: neighbours take neighbouring memory.
    let ka = l % TERM_BLOCKS;
    let ia = l / TERM_BLOCKS;
    let kb = select(l / COLUMN_BLOCKS, l % TERM_BLOCKS, INPUT_GRAD);
    let jb = select(l % COLUMN_BLOCKS, l / TERM_BLOCKS, INPUT_GRAD);
    let y = l / ACROSS;
    let x_at = l % ACROSS;
    let q = pixels(row + 4u * ia);
    var t = Sums();
    for (var step = 0u; step < KERNEL * KERNEL * SUBS; step++) {
        let s = sources_at(q, step);
        for (var k = 0u; k < p.channels; k += TERMS) {
            var a = mat4x4f();
            var b = mat4x4f();
            if (k + 4u * ka < p.channels) { a = transpose(block_a(s, k + 4u * ka)); }
            if (k + 4u * kb < p.channels) { b = block_b(step / SUBS, k + 4u * kb, column + 4u * jb); }
            workgroupBarrier();
            lay_a(ka, ia, a);
            if (l < TERM_BLOCKS * COLUMN_BLOCKS) { lay_b(kb, jb, b); }
            workgroupBarrier();
            t = add_tile(t, y, x_at, 0u);
        }
    }
    let i = row + 4u * y;
    let j = column + 4u * x_at;
    let q0 = pixels(i);
    keep(q0, i, j, t.c00);
#if ROWS2
    let q1 = pixels(i + 4u * DOWN);
    keep(q0, i, j + 4u * ACROSS, t.c01);
    keep(q1, i + 4u * DOWN, j, t.c10);
    keep(q1, i + 4u * DOWN, j + 4u * ACROSS, t.c11);
#endif
}
