// How a workgroup goes through SPAN channels of one image, a whole number of groups of PER_GROUP channels: COLUMNS elements side by
// side times LANES pixels at once, THREADS = COLUMNS · LANES. Channels may lie in two tensors side by side, x and then x2 (SECOND):
// reading them where they are saves the copy that would join them.
// For kernels whose Params `p` have pixels, channels, split (channels in x), and spans, the number of workgroups.
// VEC4: channels, split and SPAN are multiples of 4, and elements are fours. KEPT: elements that a thread keeps in registers, enough
// for its share of the pixels; if 0 it reads them again.
#import index
#import fours_activation

const COLUMNS = SPAN / WIDTH;

@group(0) @binding(1) var<storage, read> x: array<Element>; // [batch, pixels, split], or [.., channels] if alone
#if SECOND
@group(0) @binding(7) var<storage, read> x2: array<Element>; // [batch, pixels, channels - split]
fn x_at(pixel: u32, column: u32) -> Element {
    let split = p.split / WIDTH;
    if (column < split) { return x[pixel * split + column]; }
    return x2[pixel * (p.channels / WIDTH - split) + column - split];
}
#else
fn x_at(pixel: u32, column: u32) -> Element { return x[pixel * (p.channels / WIDTH) + column]; }
#endif

// A thread's share: its image's first pixel, its column in a row of all channels and in the workgroup, its lane; the place of its
// first channel in [batch, channels].
struct Share {
    start: u32,
    column: u32,
    own: u32,
    lane: u32,
    channel: u32,
}

fn share_of(group: vec3u, groups: vec3u, local: u32) -> Share {
    let span = min(linear_group(group, groups), p.spans - 1u);
    let per_image = p.channels / SPAN;
    let image = span / per_image;
    let own = local % COLUMNS;
    let column = (span % per_image) * COLUMNS + own;
    return Share(image * p.pixels, column, own, local / COLUMNS, image * p.channels + column * WIDTH);
}

// First channel of the group of channel c, both counted from the workgroup's first.
fn group_start(c: u32) -> u32 { return c - c % PER_GROUP; }
