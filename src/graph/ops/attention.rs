//! Multi-head attention (Vaswani et al., 1706.03762, section 3.2) without a stored score matrix, and its derivatives, which
//! compute the scores anew (Dao et al., FlashAttention, 2205.14135, appendix B). Sums run in a fixed order.

use super::{WORKGROUP, expected, no_derivative};
use crate::Result;
use crate::graph::{ALIGNMENT, DType, Graph, Kernel, Lowering, Op, Tensor, TensorType};

/// Most tokens of a sequence: the work grows with their square, and 256 are an image of 16 × 16.
pub const MAX_TOKENS: usize = 256;
/// Most channels of one head: a thread keeps up to three rows of them in registers.
pub const MAX_HEAD: usize = 64;

/// Inputs `q`, `k`, `v`. Its kernel also writes `[B, heads, T]`, the logarithm of each query's sum of exponentials, if wanted.
#[derive(Debug)]
struct Attention {
    heads: usize,
}

/// Derivatives by `q`, `k` and `v`, one after the other as `[3, part]`: a part is a whole number of places that can be bound to.
/// Inputs `q`, `k`, `v`, `y`, `dy` and the logarithms.
#[derive(Debug)]
struct AttentionGrad {
    heads: usize,
}

/// Extents of `[B, T, heads · head]`.
struct Dims {
    batch: usize,
    tokens: usize,
    heads: usize,
    head: usize,
}

impl Graph {
    /// `softmax(q kᵀ / √d) v` within each of `heads` heads. `q`, `k`, `v` and the result are `[B, T, heads · d]`, a head's
    /// `d` channels side by side; `T` is at most [`MAX_TOKENS`] and `d` at most [`MAX_HEAD`].
    ///
    /// # Errors
    /// [`crate::Error::Shape`] if shapes differ, `heads` does not divide the channels, or a limit is passed.
    pub fn attention(&mut self, q: Tensor, k: Tensor, v: Tensor, heads: usize) -> Result<Tensor> {
        self.apply(Attention { heads }, &[q, k, v])
    }
}

fn dims(heads: usize, inputs: &[&TensorType]) -> std::result::Result<Dims, String> {
    let wrong = || expected("floats q, k and v of one shape [B, T, C]", inputs);
    let first = inputs.first().ok_or_else(wrong)?;
    if first.dtype != DType::F32 || first.shape.rank() != 3 || inputs.iter().any(|t| t != first) {
        return Err(wrong());
    }
    let [batch, tokens, channels] = [first.shape[0], first.shape[1], first.shape[2]];
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
        dims(self.heads, inputs).map(|_| inputs[0].clone())
    }

    fn grad(&self, g: &mut Graph, inputs: &[Tensor], y: Tensor, dy: Tensor, needed: &[bool]) -> Result<Vec<Option<Tensor>>> {
        let (heads, &[q, k, v]) = (self.heads, inputs) else { return Ok(Vec::new()) };
        let shape = g.shape(y).clone();
        let logarithms = g.further(y, 0, TensorType::f32([shape[0], heads, shape[1]]))?;
        let parts = g.apply(AttentionGrad { heads }, &[q, k, v, y, dy, logarithms])?;
        let mut grads = Vec::with_capacity(inputs.len());
        for (i, needed) in needed.iter().enumerate() {
            let part = g.slice(parts, 0, i, 1)?;
            let part = g.slice(part, 1, 0, shape.elements())?;
            grads.push(if *needed { Some(g.reshape(part, shape.clone())?) } else { None });
        }
        Ok(grads)
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let kernel = kernel("attention", l, self.heads, 1, 2).read("q", l.input(0)).read("k", l.input(1)).read("v", l.input(2));
        l.push(kernel.write("y", l.output()).write_if("LSE", "lse", l.further(0)));
    }
}

impl Op for AttentionGrad {
    fn name(&self) -> &'static str {
        "attention_grad"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        dims(self.heads, &inputs[..5])?;
        Ok(TensorType::f32([3, inputs[0].shape.elements().next_multiple_of(ALIGNMENT)]))
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let kernel = kernel("attention_grad", l, self.heads, 2, 5).param("part", l.output_type().shape[1]);
        let kernel = kernel.read("q", l.input(0)).read("k", l.input(1)).read("v", l.input(2)).read("y", l.input(3));
        l.push(kernel.read("dy", l.input(4)).read("lse", l.input(5)).write("dqkv", l.output()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_named_with_a_remedy() {
        let error = |shapes: [&[usize]; 3], heads| {
            let mut g = Graph::new();
            let qkv: Vec<Tensor> = ["q", "k", "v"]
                .iter()
                .zip(shapes)
                .map(|(name, shape)| g.resource(name, TensorType::f32(shape.to_vec())).expect("a leaf"))
                .collect();
            g.attention(qkv[0], qkv[1], qkv[2], heads).map_or_else(|e| e.to_string(), |_| String::new())
        };
        assert_eq!(error([&[1, 256, 64]; 3], 1), "");
        for (shapes, heads, words) in [
            ([&[1, 257, 64][..]; 3], 1, "257 tokens are too many (at most 256)"),
            ([&[1, 16, 96]; 3], 1, "use 2 heads or more"),
            ([&[1, 16, 64]; 3], 0, "must divide the channels"),
            ([&[1, 16, 64]; 3], 3, "must divide the channels"),
            ([&[1, 16, 64], &[1, 16, 64], &[1, 17, 64]], 1, "of one shape [B, T, C]"),
            ([&[16, 64]; 3], 1, "of one shape [B, T, C]"),
        ] {
            let message = error(shapes, heads);
            assert!(message.contains(words), "{message}");
        }
    }
}
