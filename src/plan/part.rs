//! Some launches of a plan by themselves, for timing.

use std::collections::HashMap;
use std::ops::Range;

use super::{Binding, Memory, Plan};
use crate::graph::{DType, Resource};

impl Plan {
    /// The launches of `range` as a plan of its own. What they read and write are resources that stand in for the memory of the run,
    /// named `f32 0`, `f32 1`, … in the order of their first use: a part of the same operation compiled otherwise has the same.
    pub fn part(&self, range: Range<usize>) -> Plan {
        let mut dispatches = self.dispatches[range].to_vec();
        let mut resources: Vec<Resource> = Vec::new();
        let mut places: HashMap<(Memory, usize), usize> = HashMap::new();
        for binding in dispatches.iter_mut().flat_map(|d| &mut d.bindings) {
            let Binding { memory, offset, len, dtype, .. } = *binding;
            let index = *places.entry((memory, offset)).or_insert_with(|| {
                let of_type = if dtype == DType::F32 { "f32" } else { "u32" };
                resources.push(Resource { name: format!("{of_type} {}", resources.len()), dtype, len });
                resources.len() - 1
            });
            resources[index].len = resources[index].len.max(len);
            (binding.memory, binding.offset) = (Memory::Resource(index), 0);
        }
        Plan { dispatches, resources, slots: Vec::new(), constants: Vec::new(), outputs: Vec::new(), choices: Vec::new() }
    }
}
