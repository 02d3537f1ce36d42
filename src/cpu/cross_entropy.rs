//! Softmax cross-entropy per sample: `loss_b = log Σ_c exp(x_bc) - x_b,label`.

use super::{Call, Real};
use crate::Result;

/// See `shaders/cross_entropy.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (batch, classes) = (c.u("batch")?, c.u("classes")?);
    let (logits, labels, loss) = (c.input("logits")?, c.integers("labels")?, c.output("loss")?);
    for b in 0..batch {
        let row = &logits[b * classes..][..classes];
        let (largest, total) = exponentials(row);
        loss[b] = total.ln() - (row[(labels[b] as usize).min(classes - 1)] - largest);
    }
    Ok(())
}

/// The largest of `row`, and `Σ exp(row - largest)`.
pub(super) fn exponentials<F: Real>(row: &[F]) -> (F, F) {
    let largest = row.iter().fold(row[0], |a, b| if *b > a { *b } else { a });
    (largest, row.iter().fold(F::default(), |sum, x| sum + (*x - largest).exp()))
}
