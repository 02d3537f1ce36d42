//! Sets that fill an area evenly.

use super::Population;
use crate::threefry::Stream;

/// Dark squares of a 4 × 4 board on [-2, 2]²: in column c (from the left) those in rows of the same parity.
pub fn checkerboard(random: &mut Stream) -> ([f64; 2], u32) {
    let square = random.below(8);
    let (column, row) = (square / 2, 2 * (square % 2) + (square / 2) % 2);
    let x = f64::from(column) - 2.0 + random.uniform();
    let y = f64::from(row) - 2.0 + random.uniform();
    ([x, y], 0)
}

/// Each coordinate alone is uniform on [-2, 2]: variance 16/12.
pub fn checkerboard_population() -> Population {
    Population::new([0.0; 2], 2.0 * 16.0 / 12.0)
}

/// Uniform in `(x² + y² - 1)³ ≤ x² y³`, by rejection from the rectangle around it.
pub fn heart(random: &mut Stream) -> ([f64; 2], u32) {
    loop {
        // The heart spans ±1.1391 by [-1, 1.2367] and fills 71 % of this rectangle.
        let x = 2.28 * (random.uniform() - 0.5);
        let y = 2.24 * random.uniform() - 1.001;
        let circle = x * x + y * y - 1.0;
        if circle * circle * circle <= x * x * y * y * y {
            return ([x, y], 0);
        }
    }
}

/// Mean height 0.29348 and axis variances 0.32836 and 0.27705, by the midpoint rule on a 16,000 × 16,000 grid
/// over [-1.3, 1.4]² (with 4,000 × 4,000 the same to 3e-6); symmetric in x.
pub fn heart_population() -> Population {
    Population { mean: [0.0, 0.293_481], variance: 0.5 * (0.328_356 + 0.277_052) }
}
