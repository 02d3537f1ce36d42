// Threefry-2x32, 20 rounds (Salmon et al., SC 2011), and numbers made of its bits.

fn rotate(x: u32, by: u32) -> u32 {
    return (x << by) | (x >> (32u - by));
}

fn round4(v: vec2u, r: vec4u) -> vec2u {
    var x = v;
    x.x += x.y; x.y = rotate(x.y, r.x) ^ x.x;
    x.x += x.y; x.y = rotate(x.y, r.y) ^ x.x;
    x.x += x.y; x.y = rotate(x.y, r.z) ^ x.x;
    x.x += x.y; x.y = rotate(x.y, r.w) ^ x.x;
    return x;
}

fn threefry2x32(key: vec2u, counter: vec2u) -> vec2u {
    let even = vec4u(13u, 15u, 26u, 6u);
    let odd = vec4u(17u, 29u, 16u, 24u);
    let k2 = key.x ^ key.y ^ 0x1BD11BDAu;
    var x = counter + key;
    x = round4(x, even) + vec2u(key.y, k2 + 1u);
    x = round4(x, odd) + vec2u(k2, key.x + 2u);
    x = round4(x, even) + vec2u(key.x, key.y + 3u);
    x = round4(x, odd) + vec2u(key.y, k2 + 4u);
    x = round4(x, even) + vec2u(k2, key.x + 5u);
    return x;
}

// Standard normal by the inverse error function (Giles, "Approximating the erfinv function", single precision).
// 23 bits, centred in their cells: u = 2(n + 1/2)/2^23 - 1 is exact in f32 and never ±1.
fn normal_from_bits(bits: u32) -> f32 {
    let u = (f32(bits >> 9u) + 0.5) * 2.384185791015625e-7 - 1.0;
    var w = -log((1.0 - u) * (1.0 + u));
    var p: f32;
    if (w < 5.0) {
        w -= 2.5;
        p = 2.81022636e-08;
        p = p * w + 3.43273939e-07;
        p = p * w - 3.5233877e-06;
        p = p * w - 4.39150654e-06;
        p = p * w + 0.00021858087;
        p = p * w - 0.00125372503;
        p = p * w - 0.00417768164;
        p = p * w + 0.246640727;
        p = p * w + 1.50140941;
    } else {
        w = sqrt(w) - 3.0;
        p = -0.000200214257;
        p = p * w + 0.000100950558;
        p = p * w + 0.00134934322;
        p = p * w - 0.00367342844;
        p = p * w + 0.00573950773;
        p = p * w - 0.0076224613;
        p = p * w + 0.00943887047;
        p = p * w + 1.00167406;
        p = p * w + 2.83297682;
    }
    return 1.4142135 * p * u;
}
