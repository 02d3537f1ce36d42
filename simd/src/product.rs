//! Products of packed matrices: a tile of results stays in registers while the sum runs over its panels.

/// Rows of a tile. Results, a row of the right panel and a factor have to fit the registers: 15 of 4 floats that V8 leaves free on
/// x86, 16 of 8 with AVX2, 32 of 4 on ARM.
pub const ROWS: usize = if cfg!(target_arch = "wasm32") { 4 } else { 6 };
/// Columns of a tile.
pub const COLUMNS: usize = if cfg!(target_arch = "wasm32") { 8 } else { 16 };

/// Whether the target multiplies and adds in one instruction wherever it runs.
const FUSED: bool = cfg!(any(target_arch = "aarch64", target_feature = "fma"));

/// Where a product goes: `c ← alpha a b`, or `c ← c + alpha a b`.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Rows.
    pub m: usize,
    /// Columns.
    pub n: usize,
    /// From a row to the next.
    pub stride: usize,
    /// Factor on the product.
    pub alpha: f32,
    /// Whether `c` keeps what it holds.
    pub add: bool,
}

/// The product of packed matrices, as [`crate::pack`] leaves them: of `a` a panel for every [`ROWS`] rows, of `b` one for every
/// [`COLUMNS`] columns, `depth` terms each. Every sum runs through its terms in order.
pub fn product(a: &[[f32; ROWS]], b: &[[f32; COLUMNS]], depth: usize, c: &mut [f32], target: Target) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        #[expect(unsafe_code, reason = "the processor has just been asked whether it has what the function is compiled for")]
        // SAFETY: `product_avx2` needs AVX2 and FMA, which are there, and nothing else.
        unsafe {
            product_avx2(a, b, depth, c, target);
        }
        return;
    }
    tiles(a, b, depth, c, target, tile);
}

/// The same code, compiled for 16 registers of 8 floats.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn product_avx2(a: &[[f32; ROWS]], b: &[[f32; COLUMNS]], depth: usize, c: &mut [f32], target: Target) {
    tiles(a, b, depth, c, target, |a, b, sums| tile_avx2(a, b, sums));
}

/// The sums of one tile.
type Tile = [[f32; COLUMNS]; ROWS];

#[inline(always)]
fn tiles(
    a: &[[f32; ROWS]],
    b: &[[f32; COLUMNS]],
    depth: usize,
    c: &mut [f32],
    target: Target,
    tile: impl Fn(&[[f32; ROWS]], &[[f32; COLUMNS]], &mut Tile),
) {
    let mut sums = [[0.0; COLUMNS]; ROWS];
    for (j, b) in (0..target.n).step_by(COLUMNS).zip(b.chunks_exact(depth)) {
        let width = COLUMNS.min(target.n - j);
        for (i, a) in (0..target.m).step_by(ROWS).zip(a.chunks_exact(depth)) {
            tile(a, b, &mut sums);
            for (row, sums) in sums.iter().enumerate().take(target.m - i) {
                let c = &mut c[(i + row) * target.stride + j..][..width];
                match <&mut [f32; COLUMNS]>::try_from(&mut *c) {
                    Ok(c) => write(c, sums, target),
                    Err(_) => write(c, sums, target),
                }
            }
        }
    }
}

#[inline(always)]
fn write(c: &mut [f32], sums: &[f32; COLUMNS], target: Target) {
    let pairs = c.iter_mut().zip(sums);
    if target.add { pairs.for_each(|(c, sum)| *c += target.alpha * sum) } else { pairs.for_each(|(c, sum)| *c = target.alpha * sum) }
}

// Functions of their own, not inlined, with nothing but the loop: only so does the compiler keep whole arrays in registers.

#[inline(never)]
fn tile(a: &[[f32; ROWS]], b: &[[f32; COLUMNS]], sums: &mut Tile) {
    *sums = multiplied::<FUSED>(a, b);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
#[inline(never)]
fn tile_avx2(a: &[[f32; ROWS]], b: &[[f32; COLUMNS]], sums: &mut Tile) {
    *sums = multiplied::<true>(a, b);
}

/// Loops without a branch over arrays of fixed extents.
#[inline(always)]
fn multiplied<const FUSED: bool>(a: &[[f32; ROWS]], b: &[[f32; COLUMNS]]) -> Tile {
    let mut sums = [[0.0_f32; COLUMNS]; ROWS];
    for (a, b) in a.iter().zip(b) {
        for i in 0..ROWS {
            for j in 0..COLUMNS {
                sums[i][j] = if FUSED { a[i].mul_add(b[j], sums[i][j]) } else { sums[i][j] + a[i] * b[j] };
            }
        }
    }
    sums
}
