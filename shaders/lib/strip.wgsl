// What a thread of a kernel like a matrix product keeps in registers: up to four strips of up to four 4×4 blocks of results. Strips
// are left out by ROWS2 (there are two or more) and ROWS4 (four), blocks by COLUMNS2 and COLUMNS4. Named one by one, since software
// adapters keep arrays in memory. They are added to strip by strip: the fewer blocks are at hand at once, the less travels.
#import product

const ROWS = select(select(4u, 8u, ROWS2), 16u, ROWS4);
const COLUMNS = select(select(4u, 8u, COLUMNS2), 16u, COLUMNS4);

// Blocks side by side: results, or four terms of B.
struct Strip {
    c0: mat4x4f,
#if COLUMNS2
    c1: mat4x4f,
#endif
#if COLUMNS4
    c2: mat4x4f,
    c3: mat4x4f,
#endif
}

// c + a b, with the rows of a as columns.
fn add_to_strip(c: Strip, a: mat4x4f, b: Strip) -> Strip {
    var s = c;
    s.c0 = add_product(s.c0, a, b.c0);
#if COLUMNS2
    s.c1 = add_product(s.c1, a, b.c1);
#endif
#if COLUMNS4
    s.c2 = add_product(s.c2, a, b.c2);
    s.c3 = add_product(s.c3, a, b.c3);
#endif
    return s;
}
