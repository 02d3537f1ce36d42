//! Reverse-mode differentiation: appends the nodes that compute a gradient.

use std::collections::BTreeMap;

use super::{DType, Graph, NodeId, Source, Tensor};
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
        let params = self.trainable()?;
        let grads = self.grad(loss, &params)?;
        let arena = self.arena_resource("grad")?;
        let offsets: Vec<usize> = self.params.iter().filter(|p| p.trainable).map(|p| p.offset).collect();
        for (grad, offset) in grads.into_iter().zip(offsets) {
            self.place(grad, arena, offset)?;
        }
        Ok(arena)
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
            Source::Leaf(memory) => {
                let same = |other: &super::Node| matches!(&other.source, Source::Leaf(o) if o == memory);
                (0..self.nodes.len()).filter(|i| same(&self.nodes[*i])).map(|i| Tensor(NodeId(i as u32))).collect()
            }
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
