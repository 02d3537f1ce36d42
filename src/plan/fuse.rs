//! Which operations ride behind another's kernel instead of making a pass over memory of their own, and the order of the rest.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::operand_of;
use crate::graph::{EpilogueStep, Graph, Op, Source, Tensor};

/// An operation and the elementwise steps fused behind it.
pub(super) struct Group {
    /// The operation whose kernel runs.
    pub root: Tensor,
    /// Steps in the order of [`EpilogueStep`], each with the node it computes.
    pub steps: Vec<(EpilogueStep, Tensor)>,
    /// The root's own value is read by others too and has to be stored.
    pub keep_root: bool,
    /// What else the root's kernels write, by number: [`Graph::further`].
    pub further: Vec<(usize, Tensor)>,
}

impl Group {
    /// The node whose value comes out at the end.
    pub fn result(&self) -> Tensor {
        self.steps.last().map_or(self.root, |(_, t)| *t)
    }

    /// All values that it computes, those between its steps as well.
    fn values(&self) -> impl Iterator<Item = Tensor> {
        let steps = self.steps.iter().map(|(_, t)| *t);
        [self.root].into_iter().chain(steps).chain(self.further.iter().map(|(_, t)| *t))
    }

    /// All values that it reads from elsewhere.
    fn inputs<'a>(&'a self, graph: &'a Graph) -> impl Iterator<Item = Tensor> {
        let others = self.steps.iter().filter_map(|(_, t)| graph.node(*t).inputs.get(1).copied());
        graph.node(self.root).inputs.iter().copied().chain(others)
    }
}

/// Who reads what, in order.
type Consumers = HashMap<Tensor, Vec<Tensor>>;

/// All computed nodes in order of execution, fused where that saves a pass.
pub(super) fn groups(graph: &Graph, needed: &HashSet<Tensor>) -> Vec<Group> {
    let mut order: Vec<Tensor> = needed.iter().copied().collect();
    order.sort();
    let mut consumers = Consumers::new();
    for t in &order {
        for input in &graph.node(*t).inputs {
            consumers.entry(*input).or_default().push(*t);
        }
    }
    let mut absorbed = HashSet::new();
    let mut groups = Vec::new();
    for t in order {
        let Some(op) = operation(graph, t) else { continue };
        if op.is_view() || op.further().is_some() || absorbed.contains(&t) {
            continue;
        }
        let group = grow(graph, t, &consumers);
        absorbed.extend(group.steps.iter().map(|(_, t)| *t));
        groups.push(group);
    }
    ordered(graph, groups)
}

fn operation(graph: &Graph, t: Tensor) -> Option<&dyn Op> {
    match &graph.node(t).source {
        Source::Op(op) => Some(op.as_ref()),
        Source::Leaf(_) => None,
    }
}

/// A fused kernel runs where its last step stood: what that step reads has been computed by then. Who reads something else of
/// it waits for it; all others stay in the order of their making.
fn ordered(graph: &Graph, groups: Vec<Group>) -> Vec<Group> {
    let makers: HashMap<Tensor, usize> = groups.iter().enumerate().flat_map(|(i, g)| g.values().map(move |t| (t, i))).collect();
    let mut waiting = vec![0; groups.len()];
    let mut wakes = vec![Vec::new(); groups.len()];
    for (i, group) in groups.iter().enumerate() {
        let makers: BTreeSet<usize> = group.inputs(graph).filter_map(|t| makers.get(&below_views(graph, t)).copied()).collect();
        waiting[i] = makers.len();
        makers.into_iter().for_each(|maker| wakes[maker].push(i));
    }
    let place = |i: usize| (groups[i].result(), i);
    let mut ready: BTreeSet<(Tensor, usize)> = (0..groups.len()).filter(|i| waiting[*i] == 0).map(place).collect();
    let mut order = Vec::with_capacity(groups.len());
    while let Some((_, i)) = ready.pop_first() {
        order.push(i);
        for &next in &wakes[i] {
            waiting[next] -= 1;
            if waiting[next] == 0 {
                ready.insert(place(next));
            }
        }
    }
    let mut groups: Vec<Option<Group>> = groups.into_iter().map(Some).collect();
    order.into_iter().filter_map(|i| groups[i].take()).collect()
}

/// Takes step after step behind `root` while nothing else needs the value in between.
fn grow(graph: &Graph, root: Tensor, consumers: &Consumers) -> Group {
    let mut group = Group { root, steps: Vec::new(), keep_root: false, further: Vec::new() };
    let Some(producer) = operation(graph, root) else { return group };
    group.further = further(graph, consumers.get(&root).into_iter().flatten().copied());
    loop {
        let (current, readers) = seen_through_views(graph, group.result(), consumers);
        // They are in order of execution: the first reader is the one that could ride behind.
        let Some(&next) = readers.first() else { return group };
        let Some(step) = operation(graph, next).and_then(Op::as_epilogue) else { return group };
        let inputs = &graph.node(next).inputs;
        let in_order = group.steps.last().is_none_or(|(last, _)| last.stage() < step.stage());
        // The step's other operand must come from elsewhere: this kernel cannot wait for what waits for it.
        let own = inputs.get(1).is_some_and(|t| depends(graph, *t, root));
        if inputs[0] != current || !in_order || own || written_between(graph, &group, next) || !producer.absorbs(step) {
            return group;
        }
        let exposed = readers.len() > 1 || stays(graph, current);
        match step {
            EpilogueStep::Activation(_) => group.keep_root = exposed,
            EpilogueStep::Gate(_) | EpilogueStep::Residual if exposed => return group,
            EpilogueStep::Gate(_) | EpilogueStep::Residual => {}
        }
        group.steps.push((step, next));
    }
}

/// Those of the readers that name something else the kernels write, with its number.
pub(super) fn further(graph: &Graph, readers: impl Iterator<Item = Tensor>) -> Vec<(usize, Tensor)> {
    readers.filter_map(|t| Some((operation(graph, t)?.further()?, t))).collect()
}

/// Whether a value is wanted for itself.
fn stays(graph: &Graph, t: Tensor) -> bool {
    graph.placed.contains_key(&t.0) || graph.outputs.iter().any(|(_, o)| *o == t)
}

/// The value under the shape in which the next operation reads it, and its readers; elements stay in their order.
fn seen_through_views(graph: &Graph, t: Tensor, consumers: &Consumers) -> (Tensor, Vec<Tensor>) {
    let further = |r: &Tensor| operation(graph, *r).is_some_and(|op| op.further().is_some());
    let readers: Vec<Tensor> = consumers.get(&t).into_iter().flatten().copied().filter(|r| !further(r)).collect();
    match readers[..] {
        [view] if operation(graph, view).is_some_and(Op::is_view) && !stays(graph, t) => {
            let whole = graph.shape(view).elements() == graph.shape(t).elements();
            if whole { seen_through_views(graph, view, consumers) } else { (t, readers) }
        }
        _ => (t, readers),
    }
}

/// Whether `t` is computed from `root`.
fn depends(graph: &Graph, t: Tensor, root: Tensor) -> bool {
    let (mut open, mut seen) = (vec![t], HashSet::new());
    while let Some(t) = open.pop() {
        if t == root {
            return true;
        }
        // What was made before cannot.
        if t > root && seen.insert(t) {
            open.extend(&graph.node(t).inputs);
        }
    }
    false
}

/// Whether something that the kernel of `group` reads, which would run at `next`, is overwritten between its place and that.
fn written_between(graph: &Graph, group: &Group, next: Tensor) -> bool {
    let between = |t: Tensor| group.root < t && t < next;
    let reads = |place| group.inputs(graph).any(|t| operand_of(graph, t).place == place);
    graph.effects.iter().any(|t| between(*t)) || graph.placed.iter().any(|(id, to)| between(Tensor(*id)) && reads(to.place))
}

/// The value that a view shows; any other value itself.
fn below_views(graph: &Graph, t: Tensor) -> Tensor {
    match operation(graph, t) {
        Some(op) if op.is_view() => below_views(graph, graph.node(t).inputs[0]),
        _ => t,
    }
}
