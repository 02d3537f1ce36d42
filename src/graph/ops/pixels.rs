//! Images out of a resident data set of bytes.

use super::{WORKGROUP, expected, no_derivative};
use crate::Result;
use crate::graph::{DType, Graph, Kernel, Lowering, Op, Tensor, TensorType};

/// Inputs `data`, `index [B]`.
#[derive(Debug)]
struct GatherPixels {
    /// Height, width, channels.
    image: [usize; 3],
}

/// Words of one image of `height × width × channels` bytes in [`Graph::gather_pixels`]'s data: four bytes to a word.
pub fn image_words([height, width, channels]: [usize; 3]) -> usize {
    (height * width * channels).div_ceil(4)
}

impl Graph {
    /// The images that `index [B]` names, as floats `[B, height, width, channels]` from -1 (byte 0) to 1 (byte 255).
    ///
    /// `data` holds images of [`image_words`] integers each: bytes row by row, channels last, four to an integer with the
    /// first in the lowest bits, the last integer filled up. An index past the end takes the last image.
    pub fn gather_pixels(&mut self, data: Tensor, index: Tensor, image: [usize; 3]) -> Result<Tensor> {
        self.apply(GatherPixels { image }, &[data, index])
    }
}

impl Op for GatherPixels {
    fn name(&self) -> &'static str {
        "gather_pixels"
    }

    fn infer(&self, inputs: &[&TensorType]) -> std::result::Result<TensorType, String> {
        let ([height, width, channels], words) = (self.image, image_words(self.image));
        match inputs {
            [data, index]
                if words > 0
                    && data.dtype == DType::U32
                    && data.shape.elements().is_multiple_of(words)
                    && index.dtype == DType::U32
                    && index.shape.rank() == 1 =>
            {
                Ok(TensorType::f32([index.shape[0], height, width, channels]))
            }
            _ => {
                let wanted = format!("integers, {words} per image of {height}×{width}×{channels} bytes, and integer indices [B]");
                Err(expected(&wanted, inputs))
            }
        }
    }

    fn grad(&self, _: &mut Graph, _: &[Tensor], _: Tensor, _: Tensor, _: &[bool]) -> Result<Vec<Option<Tensor>>> {
        Err(no_derivative(self))
    }

    fn lower(&self, l: &mut Lowering<'_>) {
        let (n, words) = (l.output().len, image_words(self.image));
        let kernel = Kernel::new("gather_pixels")
            .param("n", n)
            .param("rows", l.input(0).len / words)
            .param("row_words", words)
            .param("row_len", self.image.iter().product::<usize>());
        let kernel = kernel.read("data", l.input(0)).read("index", l.input(1)).write("y", l.output());
        // Each byte becomes a float by one multiplication and one addition.
        let touched = l.input(1).len * words;
        l.push(kernel.touches("data", touched).operations(2 * n).threads(n, WORKGROUP));
    }
}
