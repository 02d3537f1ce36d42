//! Multi-head attention (Vaswani et al., 1706.03762, section 3.2) without a stored score matrix, and its derivatives, which
//! compute the scores anew (Dao et al., FlashAttention, 2205.14135, appendix B). Sums run in a fixed order.

use super::{WORKGROUP, expected, no_derivative};
use crate::Result;
use crate::graph::{DType, Graph, Kernel, Lowering, Op, Tensor, TensorType};

/// Most tokens of a sequence: the work grows with their square, and 256 are an image of 16 × 16.
pub const MAX_TOKENS: usize = 256;
/// Most channels of one head: a thread keeps up to three rows of them in registers.
pub const MAX_HEAD: usize = 64;

/// Input `qkv`. Its kernel also writes `[B, heads, T]`, the logarithm of each query's sum of exponentials, if wanted.
#[derive(Debug)]
struct Attention {
    heads: usize,
}

/// Derivative by `qkv`; inputs `qkv`, `y`, `dy` and the logarithms.
#[derive(Debug)]
struct AttentionGrad {
    heads: usize,
}

/// Extents of `[B, T, 3, heads, head]`.
struct Dims {
    batch: usize,
    tokens: usize,
    heads: usize,
    head: usize,
}

impl Graph {
    /// `softmax(q kᵀ / √d) v` within each of `heads` heads: `[B, T, heads · d]`, a head's `d` channels side by side. `qkv
    /// [B, T, 3 · heads · d]` holds each token's `q`, then its `k`, then its `v`, laid out likewise; `T` is at most
    /// [`MAX_TOKENS`] and `d` at most [`MAX_HEAD`].
    ///
    /// # Errors
    /// [`crate::Error::Shape`] if `heads` does not divide the channels, or a limit is passed.
    pub fn attention(&mut self, qkv: Tensor, heads: usize) -> Result<Tensor> {
        self.apply(Attention { heads }, &[qkv])
    }
}

fn dims(heads: usize, inputs: &[&TensorType]) -> std::result::Result<Dims, String> {
    let (batch, tokens, channels) = match inputs {
        [qkv, ..] if qkv.dtype == DType::F32 && qkv.shape.rank() == 3 && qkv.shape[2].is_multiple_of(3) => {
            (qkv.shape[0], qkv.shape[1], qkv.shape[2] / 3)
        }
        _ => return Err(expected("floats [B, T, 3 C], each token's q, k and v", inputs)),
    };
    if heads == 0 || !channels.is_multiple_of(heads) {
        return Err(format!("{channels} channels cannot be split into {heads} heads: the number of heads must divide the channels"));
    }
    let head = channels / heads;
    if head > MAX_HEAD {
        return Err(format!(
            "a head of {head} channels is too wide (at most {MAX_HEAD}): use {} heads or more",
            channels.div_ceil(MAX_HEAD)
        ));
    }
    if tokens > MAX_TOKENS {
        return Err(format!("{tokens} tokens are too many (at most {MAX_TOKENS}): attend at a lower resolution"));
    }
    Ok(Dims { batch, tokens, heads, head })
}

/// Most floats of rows that the threads of a workgroup share: 16 KiB less what they keep of each query.
const SHARED: usize = 4096 - 2 * MAX_TOKENS;

/// One workgroup per head, one thread per row, or, for each of `turns`, one thread per four rows. `products` sums over the channels
/// or the tokens are what it takes.
fn kernel(stem: &'static str, l: &Lowering<'_>, heads: usize, turns: usize, products: usize) -> Kernel {
    let Ok(Dims { batch, tokens, heads, head }) = dims(heads, &[l.input_type(0)]) else {
        unreachable!("the shape rule has accepted these shapes")
    };
    // Where threads are loops on a few cores, rows need not be brought nearer, and fewer threads may idle.
    let tiled = l.tuning().shares_sums();
    // There, loads are what is dear: a thread takes four rows at once.
    let rows = !tiled && head == 8;
    let kernel = Kernel::new(stem)
        .constant("HEAD", head)
        .constant("VEC4", head.is_multiple_of(4))
        .constant("TILED", tiled)
        .constant("ROWS", rows)
        .constant("THREADS", tokens.next_multiple_of(if tiled { 32 } else { 8 }))
        .constant("TILE", if tiled { (SHARED / (8 * head) * 4).min(tokens) } else { MAX_TOKENS })
        .param("tokens", tokens)
        .param("heads", heads)
        .param("pairs", batch * heads)
        .param("scale", 1.0 / (head as f64).sqrt())
        .operations(2 * products * batch * heads * tokens * tokens * head);
    if rows { kernel.threads(turns * batch * heads * tokens.div_ceil(4), WORKGROUP) } else { kernel.groups(batch * heads) }
}

impl Op for Attention {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        dims(self.heads, inputs).map(|d| TensorType::f32([d.batch, d.tokens, d.heads * d.head]))
    }

    fn grad(&self, g: &mut Graph, inputs: &[Tensor], y: Tensor, dy: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        let (heads, shape) = (self.heads, g.shape(y).clone());
        let logarithms = g.further(y, 0, TensorType::f32([shape[0], heads, shape[1]]))?;
        Ok(vec![Some(g.apply(AttentionGrad { heads }, &[inputs[0], y, dy, logarithms])?)])
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let kernel = kernel("attention", l, self.heads, 1, 2).read("qkv", l.input(0));
        l.push(kernel.write("y", l.output()).write_if("LSE", "lse", l.further(0)));
    }
}

impl Op for AttentionGrad {
    fn name(&self) -> &'static str {
        "attention_grad"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        dims(self.heads, inputs).map(|_| inputs[0].clone())
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let kernel = kernel("attention_grad", l, self.heads, 2, 5).read("qkv", l.input(0)).read("y", l.input(1));
        l.push(kernel.read("dy", l.input(2)).read("lse", l.input(3)).write("dqkv", l.output()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_named_with_a_remedy() {
        let error = |shape: &[usize], heads| {
            let mut g = Graph::new();
            let qkv = g.resource("qkv", TensorType::f32(shape.to_vec())).expect("a leaf");
            g.attention(qkv, heads).map_or_else(|e| e.to_string(), |_| String::new())
        };
        assert_eq!(error(&[1, 256, 192], 1), "");
        for (shape, heads, words) in [
            (&[1, 257, 192][..], 1, "257 tokens are too many (at most 256)"),
            (&[1, 16, 288], 1, "use 2 heads or more"),
            (&[1, 16, 192], 0, "must divide the channels"),
            (&[1, 16, 192], 3, "must divide the channels"),
            (&[1, 16, 64], 1, "[B, T, 3 C]"),
            (&[16, 192], 1, "[B, T, 3 C]"),
        ] {
            let message = error(shape, heads);
            assert!(message.contains(words), "{message}");
        }
    }
}
