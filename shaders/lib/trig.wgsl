// Sine and cosine for |x| up to some thousands, within 2e-7: WGSL promises only 2^-11, and some adapters take it.
// Reduction to |r| ≤ π/4 in three parts of π/2 (Cody & Waite), then short polynomials.
fn cos_sin(x: f32) -> vec2f {
    let k = round(x * 0.63661977);
    let r = ((x - k * 1.5703125) - k * 4.837512969970703e-4) - k * 7.549789954891882e-8;
    let r2 = r * r;
    let s = r + r * r2 * (-0.16666654611 + r2 * (0.0083321608736 - r2 * 0.00019515295891));
    let c = 1.0 - 0.5 * r2 + r2 * r2 * (0.041666645683 + r2 * (-0.0013887316255 + r2 * 0.000024433157118));
    let quadrant = u32(i32(k) & 3);
    var result = vec2f(c, s);
    if (quadrant == 1u) { result = vec2f(-s, c); }
    if (quadrant == 2u) { result = vec2f(-c, -s); }
    if (quadrant == 3u) { result = vec2f(s, -c); }
    return result;
}
