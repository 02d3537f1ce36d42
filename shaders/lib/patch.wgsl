// Which pixel of the input a tap of a convolution reads for a pixel of its result; for kernels whose Params `p` have the extents
// of both. Constants: STRIDE, UPSAMPLE, STRIDED and UPSAMPLED if they are not 1, INPUT_GRAD.

// Four consecutive pixels of the result.
struct Pixels {
    image: vec4u,
    y: vec4u,
    x: vec4u,
}

// The pixel after one: image, row, column.
fn next(o: vec3u) -> vec3u {
    let x = o.z + 1u;
    let y = o.y + u32(x == p.out_width);
    return vec3u(o.x + u32(y == p.out_height), select(y, 0u, y == p.out_height), select(x, 0u, x == p.out_width));
}

fn pixels(row: u32) -> Pixels {
    let image = row / (p.out_height * p.out_width);
    let rest = row - image * (p.out_height * p.out_width);
    let y = rest / p.out_width;
    let a = vec3u(image, y, rest - y * p.out_width);
    let b = next(a);
    let c = next(b);
    let d = next(c);
    return Pixels(vec4u(a.x, b.x, c.x, d.x), vec4u(a.y, b.y, c.y, d.y), vec4u(a.z, b.z, c.z, d.z));
}

// Places along one axis that a tap reads; -1 where it falls outside.
fn taken(o: vec4u, tap: u32, sub: u32, extent: u32) -> vec4i {
#if INPUT_GRAD
    let at = vec4i(o * UPSAMPLE + sub + p.pad) - i32(tap);
#if STRIDED
    let inside = (at >= vec4i(0)) & (at < vec4i(i32(extent * STRIDE))) & (at % i32(STRIDE) == vec4i(0));
    return select(vec4i(-1), at / i32(STRIDE), inside);
#else
    return select(vec4i(-1), at, (at >= vec4i(0)) & (at < vec4i(i32(extent))));
#endif
#else
    let at = vec4i(o * STRIDE + tap) - i32(p.pad);
#if UPSAMPLED
    return select(vec4i(-1), at / i32(UPSAMPLE), (at >= vec4i(0)) & (at < vec4i(i32(extent * UPSAMPLE))));
#else
    return select(vec4i(-1), at, (at >= vec4i(0)) & (at < vec4i(i32(extent))));
#endif
#endif
}

// Index of the pixel of x that each row's tap reads, or -1.
fn sources(q: Pixels, ty: u32, tx: u32, sy: u32, sx: u32) -> vec4i {
    let y = taken(q.y, ty, sy, p.in_height);
    let x = taken(q.x, tx, sx, p.in_width);
    let i = (vec4i(q.image) * i32(p.in_height) + y) * i32(p.in_width) + x;
    return select(vec4i(-1), i, (y >= vec4i(0)) & (x >= vec4i(0)));
}
