//! Images by index out of a data set of bytes: `y[i, :] = 2/255 · bytes[index[i], :] - 1`.

use super::{Call, Real};
use crate::Result;

/// See `shaders/gather_pixels.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (rows, row_words, row_len) = (c.u("rows")?, c.u("row_words")?, c.u("row_len")?);
    let (data, index, y) = (c.integers("data")?, c.integers("index")?, c.output("y")?);
    for (image, y) in y[..c.u("n")?].chunks_exact_mut(row_len).enumerate() {
        let row = (index[image] as usize).min(rows - 1);
        for at in 0..row_len {
            let byte = data[row * row_words + at / 4].to_le_bytes()[at % 4];
            y[at] = F::of(f64::from(byte)) * F::of(2.0 / 255.0) - F::of(1.0);
        }
    }
    Ok(())
}
