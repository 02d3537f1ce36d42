// Activations f(z) and their slopes f'(z); kind: 1 SiLU, 2 GELU, 3 tanh, 4 ReLU, else the identity.

// Some drivers overflow in tanh: past 15 it is 1 to the last bit.
fn safe_tanh(z: f32) -> f32 {
    return tanh(clamp(z, -15.0, 15.0));
}

fn sigmoid(z: f32) -> f32 {
    return 1.0 / (1.0 + exp(-clamp(z, -80.0, 80.0)));
}

// Abramowitz & Stegun 7.1.26: within 1.5e-7 of erf.
fn erf(z: f32) -> f32 {
    let t = 1.0 / (1.0 + 0.3275911 * abs(z));
    let p = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
    return sign(z) * (1.0 - p * exp(-min(z * z, 80.0)));
}

fn activate(kind: u32, z: f32) -> f32 {
    if (kind == 1u) { return z * sigmoid(z); }
    if (kind == 2u) { return 0.5 * z * (1.0 + erf(z * 0.70710678)); }
    if (kind == 3u) { return safe_tanh(z); }
    if (kind == 4u) { return select(z, 0.0, z < 0.0); }
    return z;
}

fn slope(kind: u32, z: f32) -> f32 {
    if (kind == 1u) {
        let s = sigmoid(z);
        return s * (1.0 + z * (1.0 - s));
    }
    if (kind == 2u) {
        let density = 0.39894228 * exp(-min(0.5 * z * z, 80.0));
        return 0.5 * (1.0 + erf(z * 0.70710678)) + z * density;
    }
    if (kind == 3u) {
        let y = safe_tanh(z);
        return 1.0 - y * y;
    }
    if (kind == 4u) { return select(0.0, 1.0, z > 0.0); }
    return 1.0;
}

fn activate4(kind: u32, z: vec4f) -> vec4f {
    return vec4f(activate(kind, z.x), activate(kind, z.y), activate(kind, z.z), activate(kind, z.w));
}

fn slope4(kind: u32, z: vec4f) -> vec4f {
    return vec4f(slope(kind, z.x), slope(kind, z.y), slope(kind, z.z), slope(kind, z.w));
}
