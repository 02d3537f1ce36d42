// Images by index out of a data set of bytes: y[i, :] = 2/255 · bytes[index[i], :] - 1, from 0 … 255 to -1 … 1.
// A word holds four bytes, the first in its lowest bits; an image starts at a word. An index past the end takes the last image.
// Grid: one thread per element of y. Workgroup memory: none.
#import index

struct Params {
    n: u32,
    rows: u32,
    row_words: u32,
    row_len: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> data: array<u32>; // [rows, row_words], row_words = ⌈row_len / 4⌉
@group(0) @binding(2) var<storage, read> index: array<u32>; // [n / row_len]
@group(0) @binding(3) var<storage, read_write> y: array<f32>; // [n / row_len, row_len]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n) { return; }
    let row = min(index[i / p.row_len], p.rows - 1u);
    let at = i % p.row_len;
    let byte = (data[row * p.row_words + at / 4u] >> (8u * (at % 4u))) & 255u;
    y[i] = f32(byte) * (2.0 / 255.0) - 1.0;
}
