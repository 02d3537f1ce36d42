//! Matrix product `C = op(A) · op(B) + bias`, alone or over a batch, with the steps that the plan fuses behind it.

use super::column_sums::{COLUMN_SUMS, ColumnSums};
use super::expected;
use super::reduce::sum_parts;
use super::tiles::{Extents, choose, launch};
use crate::Result;
use crate::graph::{DType, Epilogue, EpilogueStep, Graph, Kernel, Lowering, Op, Shape, Tensor, TensorType};

/// Inputs `a`, `b` and, if there is one, `bias [N]`.
#[derive(Debug)]
struct MatMul {
    /// `A` is stored `[…, K, M]`.
    transpose_a: bool,
    /// `B` is stored `[…, N, K]`.
    transpose_b: bool,
}

/// Fewest terms of a sum that are worth a split of their own.
const MIN_CHUNK: usize = 256;

/// Extents of one product: `batch` times `[M, K] · [K, N]`.
struct Dims {
    batch: usize,
    m: usize,
    n: usize,
    k: usize,
}

impl Graph {
    /// `op(A) · op(B)`, where `op` transposes the last two axes if told so.
    ///
    /// `A [M, K]` and `B [K, N]` (as `op` leaves them) give `[M, N]`. Leading axes of `A` are rows when `B` is a plain
    /// matrix and `A` is not transposed; otherwise both have the same leading axes, each a product of its own.
    pub fn matmul(&mut self, a: Tensor, b: Tensor, transpose_a: bool, transpose_b: bool) -> Result<Tensor> {
        self.apply(MatMul { transpose_a, transpose_b }, &[a, b])
    }

    /// `x · w + bias` with `x […, in]`, `w [in, out]`, `bias [out]`.
    pub fn matmul_bias(&mut self, x: Tensor, w: Tensor, bias: Tensor) -> Result<Tensor> {
        self.apply(MatMul { transpose_a: false, transpose_b: false }, &[x, w, bias])
    }
}

impl MatMul {
    fn dims(&self, a: &Shape, b: &Shape) -> Option<Dims> {
        let (ra, rb) = (a.rank(), b.rank());
        if ra < 2 || rb < 2 {
            return None;
        }
        let (m, k) = if self.transpose_a { (a[ra - 1], a[ra - 2]) } else { (a[ra - 2], a[ra - 1]) };
        let (kb, n) = if self.transpose_b { (b[rb - 1], b[rb - 2]) } else { (b[rb - 2], b[rb - 1]) };
        let lead: usize = a[..ra - 2].iter().product();
        if k != kb {
            return None;
        }
        if rb == 2 && !self.transpose_a {
            Some(Dims { batch: 1, m: lead * m, n, k })
        } else if a[..ra - 2] == b[..rb - 2] {
            Some(Dims { batch: lead, m, n, k })
        } else {
            None
        }
    }
}

impl Op for MatMul {
    fn name(&self) -> &'static str {
        "matmul"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        let name = |side: &str, transposed: bool| if transposed { format!("{side}ᵀ") } else { side.to_string() };
        let wanted = format!(
            "{} · {} with one inner extent{}",
            name("A", self.transpose_a),
            name("B", self.transpose_b),
            if inputs.len() > 2 { " and a bias of the outer extent of B" } else { "" }
        );
        let problem = || expected(&wanted, inputs);
        if inputs.len() < 2 || inputs.iter().any(|t| t.dtype != DType::F32) {
            return Err(problem());
        }
        let (a, b) = (&inputs[0].shape, &inputs[1].shape);
        let dims = self.dims(a, b).ok_or_else(problem)?;
        if inputs.get(2).is_some_and(|bias| *bias.shape != [dims.n]) {
            return Err(problem());
        }
        let rank = a.rank();
        let rows = if self.transpose_a { a[rank - 1] } else { a[rank - 2] };
        Ok(TensorType::f32(a.with(rank - 2, rows).with(rank - 1, dims.n)))
    }

    fn grad(&self, g: &mut Graph, inputs: &[Tensor], _y: Tensor, dy: Tensor, needed: &[bool]) -> Result<Vec<Option<Tensor>>> {
        let (a, b) = (inputs[0], inputs[1]);
        let (ta, tb) = (self.transpose_a, self.transpose_b);
        let (shape_a, rank_b) = (g.shape(a).clone(), g.shape(b).rank());
        let n = g.shape(dy)[g.shape(dy).rank() - 1];
        // Leading axes of A that act as rows of one product are folded before the roles are exchanged.
        let folded = rank_b == 2 && shape_a.rank() > 2;
        let (a, dy) = if folded {
            let k = shape_a[shape_a.rank() - 1];
            let rows = shape_a.elements() / k;
            (g.reshape(a, [rows, k])?, g.reshape(dy, [rows, n])?)
        } else {
            (a, dy)
        };
        let mut grads = vec![None; inputs.len()];
        if needed[1] {
            let db = if tb { g.matmul(dy, a, true, ta)? } else { g.matmul(a, dy, !ta, false)? };
            grads[1] = Some(db);
        }
        if needed.get(2) == Some(&true) {
            grads[2] = Some(match grads[1] {
                // One product, whose kernel sums the columns of `dy` on its way.
                Some(by_weight) if !tb && rank_b == 2 => g.further(by_weight, COLUMN_SUMS, TensorType::f32([n]))?,
                _ => {
                    let rows = g.shape(dy).elements() / n;
                    let rows_of_dy = g.reshape(dy, [rows, n])?;
                    let sum = g.sum(rows_of_dy, 0)?;
                    g.reshape(sum, [n])?
                }
            });
        }
        if needed[0] {
            let da = if ta { g.matmul(b, dy, tb, true)? } else { g.matmul(dy, b, false, !tb)? };
            grads[0] = Some(g.reshape(da, shape_a)?);
        }
        Ok(grads)
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let Some(Dims { batch, m, n, k }) = self.dims(&l.input_type(0).shape, &l.input_type(1).shape) else {
            unreachable!("the shape rule has accepted these shapes")
        };
        let epilogue = l.epilogue();
        let kind = |f: Option<super::Activation>| f.map_or(0, |f| f.kind());
        // The derivative by a weight is a small matrix of long sums: they are split, as products of a batch, and added up in order.
        let long = self.transpose_a && !self.transpose_b && batch == 1 && epilogue == Epilogue::default() && l.optional(2).is_none();
        let most = if long { l.tuning().splits(m, n, k, MIN_CHUNK) } else { 1 };
        let splits = (1..=most).rev().find(|s| k.is_multiple_of(4 * s)).unwrap_or(1);
        let sums = ColumnSums::of(l, epilogue == Epilogue::default());
        sums.push_apart(l, l.input(1), k);
        let (batch, k) = (batch * splits, k / splits);
        let output = sums.joined(l.output());
        let target = if splits == 1 { output } else { l.scratch(splits * output.len, DType::F32) };
        let side = |transposed: bool| if transposed { "t" } else { "" };
        let what = format!("matmul a{} b{}", side(self.transpose_a), side(self.transpose_b));
        let variant = choose(l, &what, Extents { rows: m, columns: n, terms: k, depth: batch });
        let (row_a, row_b) = (if self.transpose_a { m } else { k }, if self.transpose_b { k } else { n });
        let kernel = Kernel::new("matmul")
            .constant("TRANSPOSE_A", self.transpose_a)
            .constant("TRANSPOSE_B", self.transpose_b)
            .constant("ACTIVATION", kind(epilogue.activation))
            .constant("GATE_KIND", kind(epilogue.gate.map(|(f, _)| f)))
            .constant("SILU", epilogue.activation == Some(super::Activation::Silu))
            .constant("SILU_GATE", matches!(epilogue.gate, Some((super::Activation::Silu, _))))
            .param("m", m)
            .param("n", n)
            .param("k", k)
            .param("batches", batch)
            .read("a", l.input(0))
            .read("b", l.input(1))
            .read_if("BIAS", "bias", l.optional(2))
            .read_if("GATE", "gate", epilogue.gate.map(|(_, z)| z))
            .read_if("RESIDUAL", "residual", epilogue.residual)
            .write_if("KEEP_PRE", "z", epilogue.pre_activation)
            .constant("VEC4_A", row_a.is_multiple_of(4))
            .constant("VEC4_B", row_b.is_multiple_of(4))
            .constant("VEC4_C", n.is_multiple_of(4))
            .constant("RAGGED_K", !k.is_multiple_of(4))
            .constant("SUMS", sums.ride())
            .write("c", target)
            .operations(2 * batch * m * n * k + sums.operations(batch * k * n));
        l.push(launch(kernel, variant, (m.div_ceil(variant.rows()), n.div_ceil(variant.columns()), batch)));
        if splits > 1 {
            sum_parts(l, target, output, splits);
        }
    }

    fn absorbs(&self, _step: EpilogueStep) -> bool {
        true
    }
}
