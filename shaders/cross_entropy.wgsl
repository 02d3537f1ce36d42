// Softmax cross-entropy per sample: loss_b = log Σ_c exp(x_bc) - x_b,label, the exponentials relative to the largest logit.
// A label past the end counts as the last class.
// Grid: one thread per sample. Workgroup memory: none.
#import index

struct Params {
    batch: u32,
    classes: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>; // [batch, classes]
@group(0) @binding(2) var<storage, read> labels: array<u32>; // [batch]
@group(0) @binding(3) var<storage, read_write> loss: array<f32>; // [batch]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let b = linear_index(id, groups);
    if (b >= p.batch) { return; }
    let row = b * p.classes;
    var largest = logits[row];
    for (var c = 1u; c < p.classes; c++) { largest = max(largest, logits[row + c]); }
    var total = 0.0;
    for (var c = 0u; c < p.classes; c++) { total += exp(logits[row + c] - largest); }
    loss[b] = log(total) - (logits[row + min(labels[b], p.classes - 1u)] - largest);
}
