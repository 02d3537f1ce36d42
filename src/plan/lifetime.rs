//! Buffers for values: each lives from the kernel that writes it to the last that reads it, and hands its buffer on.

use std::collections::HashMap;

use super::{Lowered, Memory, Slot};
use crate::graph::{DType, Graph, NodeId, Operand, Place};

/// Which buffer every value and every piece of scratch memory got.
pub(super) struct Assignment {
    pub slots: Vec<Slot>,
    pub nodes: HashMap<NodeId, usize>,
    scratch: HashMap<(usize, u32), usize>,
}

impl Assignment {
    /// Memory of an operand of the `item`-th lowered operation.
    pub fn memory(&self, item: usize, operand: &Operand) -> Memory {
        match operand.place {
            Place::Node(id) => Memory::Slot(self.nodes[&id]),
            Place::Scratch(i) => Memory::Slot(self.scratch[&(item, i)]),
            Place::Resource(i) => Memory::Resource(i as usize),
            Place::Constants => Memory::Constants,
        }
    }
}

/// Walks the operations in order, taking the smallest free buffer that fits (and is not more than twice too large).
pub(super) fn assign(graph: &Graph, items: &[Lowered]) -> Assignment {
    let mut last_use: HashMap<NodeId, usize> = HashMap::new();
    // Of values that several kernels write side by side, none has all.
    let mut len: HashMap<NodeId, usize> = HashMap::new();
    for (index, item) in items.iter().enumerate() {
        for arg in item.kernels.iter().flat_map(|k| &k.args) {
            if let Place::Node(id) = arg.operand.place {
                last_use.insert(id, index);
                let len = len.entry(id).or_default();
                *len = (arg.operand.offset + arg.operand.len).max(*len);
            }
        }
    }
    for (_, t) in &graph.outputs {
        last_use.insert(t.0, items.len());
    }
    let mut a = Assignment { slots: Vec::new(), nodes: HashMap::new(), scratch: HashMap::new() };
    let mut free: Vec<usize> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let mut released = Vec::new();
        for arg in item.kernels.iter().flat_map(|k| &k.args) {
            match arg.operand.place {
                Place::Node(id) => {
                    if !a.nodes.contains_key(&id) {
                        let slot = take(&mut a.slots, &mut free, len[&id], arg.operand.dtype);
                        a.nodes.insert(id, slot);
                    }
                    if last_use[&id] == index && !released.contains(&a.nodes[&id]) {
                        released.push(a.nodes[&id]);
                    }
                }
                Place::Scratch(i) if !a.scratch.contains_key(&(index, i)) => {
                    let (len, dtype) = item.scratch[i as usize];
                    let slot = take(&mut a.slots, &mut free, len, dtype);
                    a.scratch.insert((index, i), slot);
                    released.push(slot);
                }
                _ => {}
            }
        }
        free.extend(released);
    }
    a
}

fn take(slots: &mut Vec<Slot>, free: &mut Vec<usize>, len: usize, dtype: DType) -> usize {
    let fits = |slot: &Slot| slot.dtype == dtype && slot.len >= len && slot.len <= 2 * len;
    let best = (0..free.len()).filter(|i| fits(&slots[free[*i]])).min_by_key(|i| slots[free[*i]].len);
    match best {
        Some(i) => free.swap_remove(i),
        None => {
            slots.push(Slot { dtype, len });
            slots.len() - 1
        }
    }
}
