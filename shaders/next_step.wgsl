// Advances the step of a sampling run: step ← step + 1.
// Grid: one thread. Workgroup memory: none.
#import state

@group(0) @binding(1) var<storage, read_write> counters: array<u32>; // state: STEP, …

@compute @workgroup_size(1)
fn main() {
    counters[STEP] += 1u;
}
