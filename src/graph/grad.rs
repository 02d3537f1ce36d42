//! Reverse-mode differentiation: appends the nodes that compute a gradient.

use std::collections::BTreeMap;

use super::{DType, Graph, NodeId, Operand, Source, Tensor};
use crate::{Error, Result};

impl Graph {
    /// Gradients of the scalar `loss` with respect to each of `wrt`: parameters, inputs or any value in between.
    ///
    /// One call walks the graph once, from the loss back; values used by several operations receive the sum of what each
    /// sends back. A value that does not reach the loss gets zeros.
    ///
    /// # Errors
    /// [`Error::Derivative`] if the loss is no scalar, a `wrt` holds integers, or an operation on the way has no derivative.
    pub fn grad(&mut self, loss: Tensor, wrt: &[Tensor]) -> Result<Vec<Tensor>> {
        if self.shape(loss).elements() != 1 || self.ty(loss).dtype != DType::F32 {
            return Err(Error::Derivative(format!("the loss must be one float, it is {:?}", self.ty(loss))));
        }
        if let Some(t) = wrt.iter().find(|t| self.ty(**t).dtype != DType::F32) {
            return Err(Error::Derivative(format!("“{}” holds integers", self.node(*t).label)));
        }
        let shape = self.shape(loss).clone();
        let seed = self.constant(shape, &[1.0])?;
        self.grad_from(loss, seed, wrt)
    }

    /// Gradients of `loss` with respect to all trainable parameters, each computed straight into its range of the arena
    /// resource `grad`, which is returned. Ask for it when all parameters have been made.
    pub fn grad_into_arena(&mut self, loss: Tensor) -> Result<Tensor> {
        let mut wanted = Vec::new();
        for (param, offset) in self.trainable()? {
            wanted.extend(self.parts_used(param).into_iter().map(|(part, start)| (part, offset + start)));
        }
        let (params, offsets): (Vec<Tensor>, Vec<usize>) = wanted.into_iter().unzip();
        let grads = self.grad(loss, &params)?;
        let arena = self.arena_resource("grad")?;
        for (grad, offset) in grads.into_iter().zip(offsets) {
            self.place(grad, arena, offset)?;
        }
        Ok(arena)
    }

    /// What to differentiate by for `param`, with the places of the parts in it: if it is only ever read in parts that lie side
    /// by side, these, so that nothing has to put their gradients together; else itself.
    fn parts_used(&self, param: Tensor) -> Vec<(Tensor, usize)> {
        let Source::Leaf(memory) = &self.node(param).source else { return vec![(param, 0)] };
        let mut parts = Vec::new();
        for handle in self.same_leaves(memory) {
            match self.views_of(handle, 0) {
                Some(views) => parts.extend(views),
                None => return vec![(param, 0)],
            }
        }
        parts.sort_by_key(|(_, start)| *start);
        let ends = parts.iter().map(|(part, start)| start + self.shape(*part).elements());
        let starts = parts.iter().skip(1).map(|(_, start)| *start).chain([memory.len]);
        let side_by_side = parts.first().is_some_and(|(_, start)| *start == 0) && ends.eq(starts);
        if side_by_side { parts } else { vec![(param, 0)] }
    }

    /// The views through which alone `t` is read, down to those that something else reads, with their first elements counted from
    /// `start`; `None` if something reads `t` itself.
    fn views_of(&self, t: Tensor, start: usize) -> Option<Vec<(Tensor, usize)>> {
        let mut views = Vec::new();
        for reader in self.readers(t) {
            let Source::Op(op) = &self.node(reader).source else { continue };
            let start = start + op.view()?;
            views.extend(self.views_of(reader, start).filter(|below| !below.is_empty()).unwrap_or_else(|| vec![(reader, start)]));
        }
        Some(views)
    }

    /// All handles of the same memory.
    fn same_leaves(&self, memory: &Operand) -> Vec<Tensor> {
        let same = |node: &super::Node| matches!(&node.source, Source::Leaf(other) if other == memory);
        (0..self.nodes.len()).filter(|i| same(&self.nodes[*i])).map(|i| Tensor(NodeId(i as u32))).collect()
    }

    /// As [`Graph::grad`] for an `y` of any shape, given `dy`, the gradient with respect to it (a vector-Jacobian product).
    pub fn grad_from(&mut self, y: Tensor, dy: Tensor, wrt: &[Tensor]) -> Result<Vec<Tensor>> {
        let reaches = self.reaches(wrt, y);
        let mut arriving: BTreeMap<NodeId, Tensor> = BTreeMap::from([(y.0, dy)]);
        // Node order is topological: when a node is taken from the back, everything that uses it has sent its share.
        for index in (0..=y.0.0).rev() {
            let (id, node) = (NodeId(index), self.nodes[index as usize].clone());
            let Source::Op(op) = &node.source else { continue };
            let needed: Vec<bool> = node.inputs.iter().map(|i| reaches[i.0.0 as usize]).collect();
            if !needed.contains(&true) {
                continue;
            }
            let Some(&dy) = arriving.get(&id) else { continue };
            let scope = std::mem::replace(&mut self.scope, vec![format!("∂{}", node.label)]);
            let grads = op.grad(self, &node.inputs, Tensor(id), dy, &needed);
            self.scope = scope;
            for ((input, grad), needed) in node.inputs.iter().zip(grads?).zip(needed) {
                let Some(grad) = grad.filter(|_| needed) else { continue };
                let sum = match arriving.get(&input.0) {
                    Some(&before) => self.add(before, grad)?,
                    None => grad,
                };
                arriving.insert(input.0, sum);
            }
        }
        // Two handles of one parameter are two leaves over the same memory: their gradients belong together.
        wrt.iter().map(|t| self.arrived(&arriving, *t)).collect()
    }

    fn arrived(&mut self, arriving: &BTreeMap<NodeId, Tensor>, t: Tensor) -> Result<Tensor> {
        let twins: Vec<Tensor> = match &self.node(t).source {
            Source::Leaf(memory) => self.same_leaves(memory),
            Source::Op(_) => vec![t],
        };
        let mut sum = None;
        for grad in twins.iter().filter_map(|twin| arriving.get(&twin.0)) {
            sum = Some(match sum {
                Some(before) => self.add(before, *grad)?,
                None => *grad,
            });
        }
        match sum {
            Some(grad) => Ok(grad),
            None => {
                let shape = self.shape(t).clone();
                let zeros = vec![0.0; shape.elements()];
                self.constant(shape, &zeros)
            }
        }
    }

    /// For every node up to `y`: whether its value depends on one of `wrt`.
    fn reaches(&self, wrt: &[Tensor], y: Tensor) -> Vec<bool> {
        let memories: Vec<_> = wrt
            .iter()
            .filter_map(|t| match &self.node(*t).source {
                Source::Leaf(memory) => Some(*memory),
                Source::Op(_) => None,
            })
            .collect();
        let mut reaches = vec![false; y.0.0 as usize + 1];
        for (i, node) in self.nodes.iter().take(reaches.len()).enumerate() {
            reaches[i] = wrt.contains(&Tensor(NodeId(i as u32)))
                || matches!(&node.source, Source::Leaf(memory) if memories.contains(memory))
                || node.inputs.iter().any(|input| reaches[input.0.0 as usize]);
        }
        reaches
    }
}
