//! The steps fused behind a product, on whole rows: bias, activation, gate and residual, in this order.

use unnoise_simd::{activate, add, add_to_rows, multiply_by_slope};

use crate::Result;
use crate::cpu::Call;

/// Floats that are finished at once.
const CACHEFUL: usize = 1 << 11;

/// What the launch of a product asks for behind it; see `shaders/lib/epilogue.wgsl`.
pub(super) struct Steps<'a> {
    n: usize,
    kind: usize,
    gate_kind: usize,
    bias: Option<&'a [f32]>,
    keep: Option<&'a mut [f32]>,
    gate: Option<&'a [f32]>,
    residual: Option<&'a [f32]>,
}

impl<'a> Steps<'a> {
    pub(super) fn of(c: &mut Call<'a, f32>) -> Result<Self> {
        Ok(Steps {
            n: c.u("n")?,
            kind: c.u("ACTIVATION")?,
            gate_kind: c.u("GATE_KIND")?,
            bias: c.optional("bias"),
            keep: if c.flag("KEEP_PRE") { Some(c.output("z")?) } else { None },
            gate: c.optional("gate"),
            residual: c.optional("residual"),
        })
    }

    /// Finishes the results `y`, whole rows of the product from row `first` on: a few rows after the other, so that they are in the
    /// cache for all steps.
    pub(super) fn finish(&mut self, first: usize, y: &mut [f32]) {
        let rows = (CACHEFUL / self.n).max(1);
        for (i, y) in y.chunks_mut(rows * self.n).enumerate() {
            let start = (first + i * rows) * self.n;
            let range = start..start + y.len();
            if let Some(bias) = self.bias {
                add_to_rows(y, bias);
            }
            if let Some(keep) = self.keep.as_deref_mut() {
                keep[range.clone()].copy_from_slice(y);
            }
            activate(self.kind, y);
            if let Some(gate) = self.gate {
                multiply_by_slope(self.gate_kind, &gate[range.clone()], y);
            }
            if let Some(residual) = self.residual {
                add(y, &residual[range]);
            }
        }
    }
}
