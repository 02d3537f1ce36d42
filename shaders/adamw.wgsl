// AdamW (Loshchilov & Hutter, 1711.05101) and a moving average of the parameters, one pass over flat arenas:
//   g = clip · grad; m ← β1 m + (1-β1) g; v ← β2 v + (1-β2) g²
//   param ← param - rate (m / (1-β1^s) / (√(v / (1-β2^s)) + ε) + weight_decay · param)
//   ema ← ema + (1 - ema_now) (param - ema)
// VEC4: n is a multiple of 4, and elements are fours. Grid: one thread per element. Workgroup memory: none.
#import index
#import fours
#import state

struct Params {
    n: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> param: array<Element>; // [n]
@group(0) @binding(2) var<storage, read> grad: array<Element>; // [n]
@group(0) @binding(3) var<storage, read_write> m: array<Element>; // [n]
@group(0) @binding(4) var<storage, read_write> v: array<Element>; // [n]
@group(0) @binding(5) var<storage, read_write> ema: array<Element>; // [n]
@group(0) @binding(6) var<storage, read> scalars: array<f32>; // state: RATE, …
@group(0) @binding(7) var<storage, read> counters: array<u32>; // state: FROZEN, …

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n / WIDTH || counters[FROZEN] != 0u) { return; }
    let beta1 = scalars[BETA1];
    let beta2 = scalars[BETA2];
    let g = scalars[CLIP] * grad[i];
    let m1 = beta1 * m[i] + (1.0 - beta1) * g;
    let v1 = beta2 * v[i] + (1.0 - beta2) * g * g;
    let m_hat = m1 / (1.0 - scalars[BETA1_POWER]);
    let v_hat = v1 / (1.0 - scalars[BETA2_POWER]);
    let old = param[i];
    let updated = old - scalars[RATE] * (m_hat / (sqrt(v_hat) + scalars[EPSILON]) + scalars[WEIGHT_DECAY] * old);
    m[i] = m1;
    v[i] = v1;
    param[i] = updated;
    ema[i] += (1.0 - scalars[EMA_NOW]) * (updated - ema[i]);
}
