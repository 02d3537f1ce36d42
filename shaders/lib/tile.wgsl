// Tiles of A and B in workgroup memory, shared by ACROSS × DOWN = 64 threads with SIDE × SIDE results each (SIDE 8 if ROWS2,
// else 4), as 4×4 blocks. Both lie by k: entry (k, i) holds rows (or columns) 4 i … 4 i + 3 of term k, so that a thread reads
// vectors, neighbours read neighbouring ones, and those that need the same one share it. A block's thread puts down its four
// terms; blocks of other terms are shifted by an exclusive or, so that eight threads always touch eight different 16-byte banks.
// Workgroup memory: 8 KiB at most.
#import product

const PER_SIDE: u32 = select(1u, 2u, ROWS2);
const ROW_BLOCKS: u32 = DOWN * PER_SIDE;
const COLUMN_BLOCKS: u32 = ACROSS * PER_SIDE;
// Blocks of four terms per tile: one block of A for each of the 64 threads.
const TERM_BLOCKS: u32 = 64u / ROW_BLOCKS;
const TERMS: u32 = 4u * TERM_BLOCKS;
const SHIFT_BY: u32 = 8u / TERM_BLOCKS;

var<workgroup> tile_a: array<vec4f, TERMS * ROW_BLOCKS>;
var<workgroup> tile_b: array<vec4f, TERMS * COLUMN_BLOCKS>;

// Results of one thread: blocks (y, x), (y, x + ACROSS), (y + DOWN, x), (y + DOWN, x + ACROSS). SUMS: also sums of B's columns.
struct Sums {
    c00: mat4x4f,
#if ROWS2
    c01: mat4x4f,
    c10: mat4x4f,
    c11: mat4x4f,
#endif
#if SUMS
    b0: vec4f,
#if ROWS2
    b1: vec4f,
#endif
#endif
}

// Puts a block down whose column e is term 4 · block + e of rows 4 i …
fn lay_a(block: u32, i: u32, v: mat4x4f) {
    let at = 4u * block * ROW_BLOCKS + (i ^ (block * SHIFT_BY));
    tile_a[at] = v[0];
    tile_a[at + ROW_BLOCKS] = v[1];
    tile_a[at + 2u * ROW_BLOCKS] = v[2];
    tile_a[at + 3u * ROW_BLOCKS] = v[3];
}

fn lay_b(block: u32, i: u32, v: mat4x4f) {
    let at = 4u * block * COLUMN_BLOCKS + (i ^ (block * SHIFT_BY));
    tile_b[at] = v[0];
    tile_b[at + COLUMN_BLOCKS] = v[1];
    tile_b[at + 2u * COLUMN_BLOCKS] = v[2];
    tile_b[at + 3u * COLUMN_BLOCKS] = v[3];
}

// The sums with a tile's terms added; those of columns only with the first `counted`.
fn add_tile(before: Sums, y: u32, x: u32, counted: u32) -> Sums {
    var s = before;
    for (var k = 0u; k < TERMS; k++) {
        let by = (k / 4u) * SHIFT_BY;
        let a0 = tile_a[k * ROW_BLOCKS + (y ^ by)];
        let b0 = tile_b[k * COLUMN_BLOCKS + (x ^ by)];
        s.c00 = add_outer(s.c00, a0, b0);
#if SUMS
        if (k < counted) { s.b0 += b0; }
#endif
#if ROWS2
        let a1 = tile_a[k * ROW_BLOCKS + ((y + DOWN) ^ by)];
        let b1 = tile_b[k * COLUMN_BLOCKS + ((x + ACROSS) ^ by)];
        s.c01 = add_outer(s.c01, a0, b1);
        s.c10 = add_outer(s.c10, a1, b0);
        s.c11 = add_outer(s.c11, a1, b1);
#if SUMS
        if (k < counted) { s.b1 += b1; }
#endif
#endif
    }
    return s;
}
