// conv, each thread by itself.
#import strip

// Channels c … c + 3 of a tap for the thread's columns.
fn strip_b(tap: u32, c: u32, j: u32) -> Strip {
    var s = Strip();
    s.c0 = block_b(tap, c, j);
#if COLUMNS2
    s.c1 = block_b(tap, c, j + 4u);
#endif
#if COLUMNS4
    s.c2 = block_b(tap, c, j + 8u);
    s.c3 = block_b(tap, c, j + 12u);
#endif
    return s;
}

fn keep_strip(q: Pixels, i: u32, j: u32, s: Strip) {
    keep(q, i, j, s.c0);
#if COLUMNS2
    keep(q, i, j + 4u, s.c1);
#endif
#if COLUMNS4
    keep(q, i, j + 8u, s.c2);
    keep(q, i, j + 12u, s.c3);
#endif
}

@compute @workgroup_size(ACROSS, DOWN)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let i = ROWS * id.y;
    let j = COLUMNS * id.x;
    let q0 = pixels(i);
    var s0 = Strip();
#if ROWS2
    let q1 = pixels(i + 4u);
    var s1 = Strip();
#endif
#if ROWS4
    let q2 = pixels(i + 8u);
    let q3 = pixels(i + 12u);
    var s2 = Strip();
    var s3 = Strip();
#endif
    for (var step = 0u; step < KERNEL * KERNEL * SUBS; step++) {
        let from0 = sources_at(q0, step);
#if ROWS2
        let from1 = sources_at(q1, step);
#endif
#if ROWS4
        let from2 = sources_at(q2, step);
        let from3 = sources_at(q3, step);
#endif
        for (var c = 0u; c < p.channels; c += 4u) {
            let b = strip_b(step / SUBS, c, j);
            s0 = add_to_strip(s0, block_a(from0, c), b);
#if ROWS2
            s1 = add_to_strip(s1, block_a(from1, c), b);
#endif
#if ROWS4
            s2 = add_to_strip(s2, block_a(from2, c), b);
            s3 = add_to_strip(s3, block_a(from3, c), b);
#endif
        }
    }
    keep_strip(q0, i, j, s0);
#if ROWS2
    keep_strip(q1, i + 4u, j, s1);
#endif
#if ROWS4
    keep_strip(q2, i + 8u, j, s2);
    keep_strip(q3, i + 12u, j, s3);
#endif
}
