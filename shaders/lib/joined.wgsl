// Channels of an input that may lie in two tensors side by side, x and then x2 (SECOND): reading them where they are saves the
// copy that would join them. For kernels whose Params `p` have channels and split, the number of channels in x.

@group(0) @binding(1) var<storage, read> x: array<f32>; // [batch, pixels, split], or [.., channels] if alone
#if SECOND
@group(0) @binding(7) var<storage, read> x2: array<f32>; // [batch, pixels, channels - split]
fn x_at(pixel: u32, c: u32) -> f32 {
    if (c < p.split) { return x[pixel * p.split + c]; }
    return x2[pixel * (p.channels - p.split) + c - p.split];
}
#else
fn x_at(pixel: u32, c: u32) -> f32 { return x[pixel * p.channels + c]; }
#endif
