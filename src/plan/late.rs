//! Sums that may wait: partial gradients of many parameters are added up in one launch, not in one each.
//!
//! What is to be summed is computed into one buffer, side by side, and summed when something reads a result, or when the buffer
//! is full.

use std::collections::{HashMap, HashSet};

use super::Lowered;
use crate::graph::ops::WORKGROUP;
use crate::graph::{ALIGNMENT, DType, Graph, Kernel, LateSum, NodeId, Operand, Place};

/// Elements of such a buffer: 16 MiB, far below what a device binds, and little beside a step's activations.
const FULL: usize = 1 << 22;
/// Columns of the kernel's table.
const COLUMNS: usize = 6;

/// Sums that are waiting, and the buffer of what they sum.
struct Batch {
    /// It goes by the name of a node that the graph does not have.
    node: NodeId,
    len: usize,
    /// In the buffer.
    sums: Vec<LateSum>,
}

/// Puts the sums that operations left for later behind them, many in one launch each. Tables are added to `constants`.
pub(super) fn gather(graph: &Graph, items: Vec<Lowered>, constants: &mut Vec<f64>) -> Vec<Lowered> {
    let mut batch = Batch { node: NodeId(graph.nodes.len() as u32), len: 0, sums: Vec::new() };
    let mut moved: HashMap<NodeId, Operand> = HashMap::new();
    let mut out = Vec::with_capacity(items.len());
    for mut item in items {
        let new: usize = item.late.iter().map(|sum| sum.source.len.next_multiple_of(ALIGNMENT)).sum();
        if batch.is_read_by(&item) || batch.len + new > FULL {
            out.extend(batch.flush(constants));
        }
        for sum in std::mem::take(&mut item.late) {
            let room = match sum.source.place {
                Place::Node(id) => *moved.entry(id).or_insert_with(|| batch.room(graph.nodes[id.0 as usize].ty.shape.elements())),
                _ => {
                    let room = batch.room(sum.source.len);
                    for operand in item.kernels.iter_mut().flat_map(|k| &mut k.args).map(|arg| &mut arg.operand) {
                        if operand.place == sum.source.place {
                            *operand = within(room, operand);
                        }
                    }
                    room
                }
            };
            debug_assert_eq!(room.place, Place::Node(batch.node), "what is summed late is summed by one operation alone");
            batch.sums.push(LateSum { source: within(room, &sum.source), ..sum });
        }
        // What only late sums did is done.
        if !item.kernels.is_empty() {
            out.push(item);
        }
    }
    out.extend(batch.flush(constants));
    for operand in out.iter_mut().flat_map(|item| &mut item.kernels).flat_map(|k| &mut k.args).map(|arg| &mut arg.operand) {
        if let Place::Node(id) = operand.place
            && let Some(room) = moved.get(&id)
        {
            *operand = within(*room, operand);
        }
    }
    out
}

/// The same part of the memory that has moved to `room`.
fn within(room: Operand, part: &Operand) -> Operand {
    Operand { place: room.place, offset: room.offset + part.offset, ..*part }
}

impl Batch {
    fn room(&mut self, len: usize) -> Operand {
        let room = Operand { place: Place::Node(self.node), offset: self.len, len, dtype: DType::F32 };
        self.len += len.next_multiple_of(ALIGNMENT);
        room
    }

    /// Whether an operation reads the buffers that the sums go to.
    fn is_read_by(&self, item: &Lowered) -> bool {
        let targets: HashSet<Place> = self.sums.iter().map(|sum| sum.target.place).collect();
        item.kernels.iter().flat_map(|k| &k.args).any(|arg| targets.contains(&arg.operand.place) && (!arg.write || arg.passes > 1))
    }

    /// The launches that do what has been waiting, one for each buffer that results go to; nothing waits any more.
    fn flush(&mut self, constants: &mut Vec<f64>) -> Option<Lowered> {
        let mut sums = std::mem::take(&mut self.sums);
        let buffer = Operand { place: Place::Node(self.node), offset: 0, len: self.len, dtype: DType::F32 };
        (self.node, self.len) = (NodeId(self.node.0 + 1), 0);
        sums.sort_by_key(|sum| (sum.target.place, sum.target.offset));
        let by_buffer = sums.chunk_by(|a, b| a.target.place == b.target.place);
        let kernels: Vec<Kernel> = by_buffer.map(|sums| kernel(buffer, sums, constants)).collect();
        (!kernels.is_empty()).then(|| Lowered { kernels, scratch: Vec::new(), label: "sums".into(), choice: None, late: Vec::new() })
    }
}

/// The launch of sums into one buffer, in the order of their places there.
fn kernel(buffer: Operand, sums: &[LateSum], constants: &mut Vec<f64>) -> Kernel {
    let first = sums[0].target.offset / ALIGNMENT * ALIGNMENT;
    let end = sums.iter().map(|sum| sum.target.offset + sum.target.len).max().unwrap_or(first);
    constants.resize(constants.len().next_multiple_of(ALIGNMENT), 0.0);
    let table = Operand { place: Place::Constants, offset: constants.len(), len: COLUMNS * sums.len(), dtype: DType::F32 };
    let mut groups = 0;
    for sum in sums {
        let fours = [sum.source.offset, sum.stride, sum.target.offset - first, sum.target.len].map(|n| n / 4);
        let [from, stride, to, len] = fours;
        constants.extend([groups, from, sum.rows, stride, to, len].map(|n| n as f64));
        groups += len.div_ceil(WORKGROUP);
    }
    let target = Operand { offset: first, len: end - first, ..sums[0].target };
    let written = sums.iter().map(|sum| sum.target.len).sum();
    let read: usize = sums.iter().map(|sum| sum.rows * sum.target.len).sum();
    Kernel::new("row_sums")
        .param("matrices", sums.len())
        .groups(groups)
        .read("table", table)
        .read("x", buffer)
        .touches("x", read)
        .write("y", target)
        .touches("y", written)
        .operations(read)
}
