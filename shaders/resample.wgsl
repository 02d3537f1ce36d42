// Images at half or twice their size, channels last.
// DOWN: y[b, h, w, c] = factor · the sum of x over the square of 2×2 pixels at (2h, 2w); a last odd row or column is left out.
// Else: y[b, h, w, c] = factor · x[b, ⌊h/2⌋, ⌊w/2⌋, c], and 0 where there is no such pixel. Each is the other's derivative.
// VEC4: channels are a multiple of 4, and elements are fours. Grid: one thread per element of y. Workgroup memory: none.
#import index
#import fours

struct Params {
    n: u32,
    height: u32,
    width: u32,
    from_height: u32,
    from_width: u32,
    channels: u32,
    factor: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<Element>; // [B, from_height, from_width, channels]
@group(0) @binding(2) var<storage, read_write> y: array<Element>; // [B, height, width, channels], n elements

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n / WIDTH) { return; }
    let channels = p.channels / WIDTH;
    let c = i % channels;
    let w = (i / channels) % p.width;
    let line = i / (channels * p.width);
    let h = line % p.height;
    let b = line / p.height;
    let next = p.from_width * channels;
#if DOWN
    let at = ((b * p.from_height + 2u * h) * p.from_width + 2u * w) * channels + c;
    y[i] = p.factor * (x[at] + x[at + channels] + x[at + next] + x[at + next + channels]);
#else
    if (h / 2u < p.from_height && w / 2u < p.from_width) {
        y[i] = p.factor * x[(b * p.from_height + h / 2u) * next + w / 2u * channels + c];
    } else {
        y[i] = Element();
    }
#endif
}
