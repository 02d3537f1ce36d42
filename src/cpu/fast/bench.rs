//! The bench's arithmetic by the loop of `unnoise-simd`: what the machine can do at most.

use crate::Result;
use crate::cpu::Call;

/// See `src/cpu/bench_fma.rs`.
pub(super) fn run(c: &mut Call<'_, f32>) -> Result<()> {
    let (m, b, steps) = (c.f("m")? as f32, c.f("b")? as f32, 8 * c.u("rounds")?);
    unnoise_simd::chains(c.input("x")?, c.output("y")?, steps, m, b);
    Ok(())
}
