//! Which operations ride behind another's kernel instead of making a pass over memory of their own.

use std::collections::{HashMap, HashSet};

use crate::graph::{EpilogueStep, Graph, Source, Tensor};

/// An operation and the elementwise steps fused behind it.
pub(super) struct Group {
    /// The operation whose kernel runs.
    pub root: Tensor,
    /// Steps in the order of [`EpilogueStep`], each with the node it computes.
    pub steps: Vec<(EpilogueStep, Tensor)>,
    /// The root's own value is read by others too and has to be stored.
    pub keep_root: bool,
}

impl Group {
    /// The node whose value comes out at the end.
    pub fn result(&self) -> Tensor {
        self.steps.last().map_or(self.root, |(_, t)| *t)
    }
}

/// All computed nodes in order of execution, fused where that saves a pass.
pub(super) fn groups(graph: &Graph, needed: &HashSet<Tensor>) -> Vec<Group> {
    let mut order: Vec<Tensor> = needed.iter().copied().collect();
    order.sort();
    let mut consumers: HashMap<Tensor, Vec<Tensor>> = HashMap::new();
    for t in &order {
        for input in &graph.node(*t).inputs {
            consumers.entry(*input).or_default().push(*t);
        }
    }
    let mut absorbed = HashSet::new();
    let mut groups = Vec::new();
    for t in order {
        let Source::Op(op) = &graph.node(t).source else { continue };
        if op.is_view() || absorbed.contains(&t) {
            continue;
        }
        let group = grow(graph, t, &consumers);
        absorbed.extend(group.steps.iter().map(|(_, t)| *t));
        groups.push(group);
    }
    // A fused kernel runs where its last step stood: what that step reads has been computed by then.
    groups.sort_by_key(Group::result);
    groups
}

/// Takes step after step behind `root` while nothing else needs the value in between.
fn grow(graph: &Graph, root: Tensor, consumers: &HashMap<Tensor, Vec<Tensor>>) -> Group {
    let mut group = Group { root, steps: Vec::new(), keep_root: false };
    let Source::Op(producer) = &graph.node(root).source else { return group };
    loop {
        let current = group.result();
        // `consumers` is in order of execution: the first reader is the one that could ride behind.
        let Some(readers) = consumers.get(&current) else { return group };
        let next = readers[0];
        let Source::Op(op) = &graph.node(next).source else { return group };
        let Some(step) = op.as_epilogue() else { return group };
        let inputs = &graph.node(next).inputs;
        // The step's other operand must come from elsewhere: this kernel cannot read what it is writing.
        let own = inputs.get(1).map(|t| below_views(graph, *t)).is_some_and(|t| t == root || group.steps.iter().any(|(_, s)| *s == t));
        let in_order = group.steps.last().is_none_or(|(last, _)| last.stage() < step.stage());
        let writers = graph.effects.iter().copied().chain(graph.placed.keys().map(|id| Tensor(*id)));
        let effect_between = writers.into_iter().any(|w| root < w && w < next);
        if inputs[0] != current || own || !in_order || effect_between || !producer.absorbs(step) {
            return group;
        }
        let exposed = readers.len() > 1 || graph.placed.contains_key(&current.0) || graph.outputs.iter().any(|(_, t)| *t == current);
        match step {
            EpilogueStep::Activation(_) => group.keep_root = exposed,
            EpilogueStep::Gate(_) | EpilogueStep::Residual if exposed => return group,
            EpilogueStep::Gate(_) | EpilogueStep::Residual => {}
        }
        group.steps.push((step, next));
    }
}

/// The value that a view shows; any other value itself.
fn below_views(graph: &Graph, t: Tensor) -> Tensor {
    match &graph.node(t).source {
        Source::Op(op) if op.is_view() => below_views(graph, graph.node(t).inputs[0]),
        _ => t,
    }
}
