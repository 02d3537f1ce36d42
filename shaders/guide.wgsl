// Guidance by this step's row (g, k) of a table: y = m_∅ + g (m_y - m_∅), and m_y itself where g = 1, if GUIDED: m holds the
// outputs with the class and, after them, those without. With GRADIENT, k · gradient is added.
// Grid: one thread per element of y. Workgroup memory: none.
#import index
#import state

struct Params {
    n: u32,
    steps: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> m: array<f32>; // [n], or [2, n] if GUIDED
@group(0) @binding(2) var<storage, read> table: array<f32>; // [steps, 2]
@group(0) @binding(3) var<storage, read> counters: array<u32>; // state: STEP, …
#if GRADIENT
@group(0) @binding(4) var<storage, read> gradient: array<f32>; // [n]
#endif
@group(0) @binding(5) var<storage, read_write> y: array<f32>; // [n]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = linear_index(id, groups);
    if (i >= p.n) { return; }
    let row = 2u * min(counters[STEP], p.steps - 1u);
    var value = m[i];
#if GUIDED
    let scale = table[row];
    let without = m[p.n + i];
    if (scale != 1.0) { value = without + scale * (value - without); }
#endif
#if GRADIENT
    value += table[row + 1u] * gradient[i];
#endif
    y[i] = value;
}
