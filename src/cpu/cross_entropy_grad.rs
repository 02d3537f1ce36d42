//! Derivative of the mean softmax cross-entropy: `softmax - onehot`, over the batch's size.

use super::cross_entropy::exponentials;
use super::{Call, Real};
use crate::Result;

/// See `shaders/cross_entropy_grad.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (batch, classes, factor) = (c.u("batch")?, c.u("classes")?, F::of(c.f("factor")?) * c.input("dloss")?[0]);
    let (logits, labels, y) = (c.input("logits")?, c.integers("labels")?, c.output("dlogits")?);
    for b in 0..batch {
        let row = &logits[b * classes..][..classes];
        let (largest, total) = exponentials(row);
        let label = (labels[b] as usize).min(classes - 1);
        for class in 0..classes {
            let share = (row[class] - largest).exp() / total;
            y[b * classes + class] = factor * (share - F::of(if class == label { 1.0 } else { 0.0 }));
        }
    }
    Ok(())
}
