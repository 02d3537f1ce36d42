//! Rows by index: `y[i, :] = table[index[i], :]`; an index past the end takes the last row.

use super::{Call, Real};
use crate::Result;

/// See `shaders/gather.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (rows, row_len, index) = (c.u("rows")?, c.u("row_len")?, c.integers("index")?);
    if c.flag("INTEGER") {
        rows_of(c.integers("table")?, index, rows, row_len, c.integers_mut("y")?);
    } else {
        rows_of(c.input("table")?, index, rows, row_len, c.output("y")?);
    }
    Ok(())
}

fn rows_of<T: Copy>(table: &[T], index: &[u32], rows: usize, row_len: usize, y: &mut [T]) {
    for i in 0..y.len() {
        let row = (index[i / row_len] as usize).min(rows - 1);
        y[i] = table[row * row_len + i % row_len];
    }
}
