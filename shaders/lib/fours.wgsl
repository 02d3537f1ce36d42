// Elements of kernels that go through whole tensors: fours if VEC4, which takes extents that are multiples of 4.

#if VEC4
alias Element = vec4f;
const WIDTH = 4u;
fn component(v: vec4f, e: u32) -> f32 { return v[e]; }
fn total_of(v: vec4f) -> f32 { return (v.x + v.y) + (v.z + v.w); }
#else
alias Element = f32;
const WIDTH = 1u;
fn component(v: f32, e: u32) -> f32 { return v; }
fn total_of(v: f32) -> f32 { return v; }
#endif
