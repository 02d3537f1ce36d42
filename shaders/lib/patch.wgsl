// Which pixel of the input a tap of a convolution reads for a pixel of its result; for kernels whose Params `p` have the extents
// of both. Constants: STRIDE, UPSAMPLE, STRIDED and UPSAMPLED if they are not 1, INPUT_GRAD.

// Four consecutive pixels of the result.
struct Pixels {
    image: vec4u,
    y: vec4u,
    x: vec4u,
}

fn pixels(row: u32) -> Pixels {
    let r = vec4u(row, row + 1u, row + 2u, row + 3u);
    let image = r / (p.out_height * p.out_width);
    let rest = r - image * (p.out_height * p.out_width);
    let y = rest / p.out_width;
    return Pixels(image, y, rest - y * p.out_width);
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
