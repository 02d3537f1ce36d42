// Derivative of the mean softmax cross-entropy: dx_bc = factor · (softmax(x_b)_c - [c = label_b]) · dloss, factor = 1/B.
// A label past the end counts as the last class.
// Grid: one thread per sample. Workgroup memory: none.
#import index

struct Params {
    batch: u32,
    classes: u32,
    factor: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> dloss: array<f32>; // [1]
@group(0) @binding(2) var<storage, read> logits: array<f32>; // [batch, classes]
@group(0) @binding(3) var<storage, read> labels: array<u32>; // [batch]
@group(0) @binding(4) var<storage, read_write> dlogits: array<f32>; // [batch, classes]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let b = linear_index(id, groups);
    if (b >= p.batch) { return; }
    let row = b * p.classes;
    var largest = logits[row];
    for (var c = 1u; c < p.classes; c++) { largest = max(largest, logits[row + c]); }
    var total = 0.0;
    for (var c = 0u; c < p.classes; c++) { total += exp(logits[row + c] - largest); }
    let label = min(labels[b], p.classes - 1u);
    for (var c = 0u; c < p.classes; c++) {
        let share = exp(logits[row + c] - largest) / total;
        dlogits[row + c] = p.factor * dloss[0] * (share - select(0.0, 1.0, c == label));
    }
}
