// Rows of attention's operands: HEAD numbers per token and head, handled in PARTS elements. Results are [batch, tokens, heads, HEAD];
// qkv is [batch, tokens, 3, heads, HEAD], each token's queries, keys and values one after the other. A workgroup of
// THREADS ≥ tokens threads takes one head of the batch, a thread its row; all go through the others' rows together.
// For kernels whose Params `p` have tokens, heads, and pairs, the number of heads in the batch.
// VEC4: HEAD is a multiple of 4, and elements are fours. TILED: the others' rows come through workgroup memory, TILE at a time;
// else they are read where they lie, and TILE is as large as any sequence.
#import index
#import fours

#if VEC4
fn product(a: vec4f, b: vec4f) -> f32 { return dot(a, b); }
#else
fn product(a: f32, b: f32) -> f32 { return a * b; }
#endif
const PARTS = HEAD / WIDTH;

// From a row of a result to that of the next token; in qkv, from a query to its key, and from that to its value.
fn stride() -> u32 { return p.heads * PARTS; }

// The first token's row of a head in a result.
fn first_row(pair: u32) -> u32 {
    return (pair / p.heads) * p.tokens * stride() + (pair % p.heads) * PARTS;
}

// Its query in qkv.
fn first_query(pair: u32) -> u32 {
    return (pair / p.heads) * p.tokens * 3u * stride() + (pair % p.heads) * PARTS;
}
