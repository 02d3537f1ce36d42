//! How the work of a kernel like a matrix product is laid out for a variant: which there are for a shape, and what a launch of it
//! says.

use crate::graph::{Kernel, Lowering, Tuning, Variant};

/// Threads of a group whose threads share tiles, and of most others.
const THREADS: usize = 64;
/// Threads of a group that keep many results each: narrow matrices have few.
const FEW_THREADS: usize = 16;

/// Extents of the results of one kernel, and how many terms each sums; `depth` such matrices (of a batch, or splits).
#[derive(Debug, Clone, Copy)]
pub(super) struct Extents {
    pub rows: usize,
    pub columns: usize,
    pub terms: usize,
    pub depth: usize,
}

/// Whether the shape has enough to fill the variant's squares or tiles.
fn fits(v: Variant, e: Extents) -> bool {
    match v {
        Variant::Registers4 => true,
        Variant::Registers8 => e.rows >= 8 && e.columns >= 8,
        Variant::Registers16x8 => e.rows >= 16 && e.columns >= 8,
        Variant::Registers16 => e.rows >= 16 && e.columns >= 16,
        Variant::Shared32 => e.rows >= 16 && e.columns >= 16 && e.terms >= 16,
        Variant::Shared64 => e.rows >= 64 && e.columns >= 32 && e.terms >= 16,
    }
}

/// Variants that make sense for the shape, on this machine: shared tiles are for many small cores with a memory of their own,
/// very many results per thread for few large ones.
fn candidates(tuning: &Tuning, e: Extents) -> Vec<Variant> {
    Variant::ALL.into_iter().filter(|v| fits(*v, e) && tuning.suits(*v)).collect()
}

/// The variant that is taken unless another has been measured to be faster.
fn preferred(tuning: &Tuning, e: Extents) -> Variant {
    let squares = |v: Variant| e.rows.div_ceil(v.rows()) * e.columns.div_ceil(v.columns()) * e.depth;
    if tuning.shares_sums() {
        // Large tiles multiply more per byte, but only where enough of them are left to go round.
        let order = [Variant::Shared64, Variant::Shared32, Variant::Registers4];
        let enough = |v: &Variant| fits(*v, e) && (*v != Variant::Shared64 || squares(*v) >= 128 * THREADS);
        return order.into_iter().find(enough).unwrap_or(Variant::Registers4);
    }
    // Software adapters: loads are what costs, and eight threads side by side on one row of tiles share theirs.
    match (e.rows, e.columns) {
        (16.., 128..) if squares(Variant::Registers16) >= FEW_THREADS => Variant::Registers16,
        (16.., 8..) if squares(Variant::Registers16x8) >= FEW_THREADS => Variant::Registers16x8,
        (8.., 8..) if squares(Variant::Registers8) >= FEW_THREADS => Variant::Registers8,
        _ => Variant::Registers4,
    }
}

/// Chooses among the variants of a kernel; `what` tells its key apart from others of the same extents.
pub(super) fn choose(l: &mut Lowering<'_>, what: &str, e: Extents) -> Variant {
    let key = format!("{what} {}x{}x{} {}", e.rows, e.columns, e.terms, e.depth);
    let (candidates, default) = (candidates(l.tuning(), e), preferred(l.tuning(), e));
    l.choose(key, &candidates, default)
}

/// The constants by which a shader knows its variant, and the grid for `down × across` pieces of the variant's extents, `depth`
/// times.
pub(super) fn launch(kernel: Kernel, variant: Variant, (down, across, depth): (usize, usize, usize)) -> Kernel {
    let wide = matches!(variant, Variant::Registers16 | Variant::Registers16x8);
    // Tiles that are shared are as wide as the result, up to eight threads; other groups are no wider than that.
    let width = match variant {
        Variant::Shared64 if across <= 4 => 4,
        Variant::Shared32 | Variant::Shared64 => 8,
        _ => across.next_power_of_two().min(8),
    };
    let height = if wide { FEW_THREADS } else { THREADS } / width;
    kernel
        .constant("SHARED", variant.is_shared())
        .constant("ROWS2", variant.rows() >= 8)
        .constant("ROWS4", variant.rows() >= 16)
        .constant("COLUMNS2", variant.columns() >= 8)
        .constant("COLUMNS4", variant.columns() >= 16)
        .constant("ACROSS", width)
        .constant("DOWN", height)
        .grid(across.div_ceil(width), down.div_ceil(height), depth)
}
