//! The machine's arithmetic, with nothing else to do.

/// Numbers worked on side by side: with four chains of them, twelve of the sixteen registers of four that most machines have.
const LANES: usize = 12;

/// `y`: for each of `x` the sum of the ends of eight chains of `steps` times `a ← m a + b`, begun at `x`, `x + 1`, …
pub fn chains(x: &[f32], y: &mut [f32], steps: usize, m: f32, b: f32) {
    for (x, y) in x.chunks(LANES).zip(y.chunks_mut(LANES)) {
        let mut start = [0.0; LANES];
        start[..x.len()].copy_from_slice(x);
        let mut sum = [0.0; LANES];
        for first in [0.0, 4.0] {
            let mut chains = [0.0, 1.0, 2.0, 3.0].map(|chain| start.map(|v| v + first + chain));
            for _ in 0..steps {
                for chain in &mut chains {
                    for a in chain {
                        *a = m * *a + b;
                    }
                }
            }
            for chain in chains {
                sum.iter_mut().zip(chain).for_each(|(sum, a)| *sum += a);
            }
        }
        y.copy_from_slice(&sum[..y.len()]);
    }
}

#[cfg(test)]
mod tests {
    use super::chains;

    #[test]
    fn chains_end_where_their_formula_says() {
        for n in [1, 12, 29] {
            let x: Vec<f32> = (0..n).map(|i| i as f32 * 0.25 - 2.0).collect();
            let mut y = vec![0.0; n];
            chains(&x, &mut y, 3, 0.75, 0.25);
            // a ↦ 1 + (a - 1) m³ for each chain.
            let end = |x: f32| (0..8).map(|c| 1.0 + (x + c as f32 - 1.0) * 0.75f32.powi(3)).sum::<f32>();
            for (x, y) in x.iter().zip(&y) {
                assert!((end(*x) - y).abs() < 1e-4, "{x}: {y}, not {}", end(*x));
            }
        }
    }
}
