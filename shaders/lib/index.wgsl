// Threads per workgroup of the elementwise kernels.
const WORKGROUP: u32 = 64u;

// Index of a thread in a grid of x·y groups: past 65,535 groups a row of them continues in y.
fn linear_index(id: vec3u, groups: vec3u) -> u32 {
    return id.y * groups.x * WORKGROUP + id.x;
}

// Index of a workgroup in such a grid.
fn linear_group(group: vec3u, groups: vec3u) -> u32 {
    return group.y * groups.x + group.x;
}
