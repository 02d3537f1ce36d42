// Sinusoidal timestep embedding: y_b = [cos(t_b f), sin(t_b f)], or [sin, cos] without COS_FIRST.
// INTEGER: timesteps are integers.
// Grid: one thread per (b, frequency). Workgroup memory: none.
#import index
#import trig

#if INTEGER
alias Time = u32;
#else
alias Time = f32;
#endif

struct Params {
    n: u32,
    half: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> t: array<Time>; // [n / half]
@group(0) @binding(2) var<storage, read> frequency: array<f32>; // [half]
@group(0) @binding(3) var<storage, read_write> y: array<f32>; // [n / half, 2 half]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n) { return; }
    let b = i / p.half;
    let j = i % p.half;
    let wave = cos_sin(f32(t[b]) * frequency[j]);
    let row = b * 2u * p.half;
    y[row + j] = select(wave.y, wave.x, COS_FIRST);
    y[row + p.half + j] = select(wave.x, wave.y, COS_FIRST);
}
