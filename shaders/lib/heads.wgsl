// Rows of attention's operands [batch, tokens, heads · HEAD]: HEAD numbers per token and head, handled in PARTS elements.
// For kernels whose Params `p` have tokens and heads. VEC4: HEAD is a multiple of 4, and elements are fours.

#if VEC4
alias Element = vec4f;
const PARTS = HEAD / 4u;
fn product(a: vec4f, b: vec4f) -> f32 { return dot(a, b); }
#else
alias Element = f32;
const PARTS = HEAD;
fn product(a: f32, b: f32) -> f32 { return a * b; }
#endif

// From a row to that of the next token.
fn token_stride() -> u32 { return p.heads * PARTS; }

// The first token's row, for thread i of [batch, heads, tokens].
fn first_row(i: u32) -> u32 {
    let pair = i / p.tokens;
    return (pair / p.heads) * p.tokens * token_stride() + (pair % p.heads) * PARTS;
}
