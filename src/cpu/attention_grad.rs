//! Derivatives of attention by `q`, `k` and `v`.

use super::attention::{Rows, dot};
use super::{Call, Real};
use crate::Result;

/// See `shaders/attention_grad.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (rows, scale, part) = (Rows::of(c)?, F::of(c.f("scale")?), c.u("part")?);
    let (q, k, v, y) = (c.input("q")?, c.input("k")?, c.input("v")?, c.input("y")?);
    let (dy, lse, dqkv) = (c.input("dy")?, c.input("lse")?, c.output("dqkv")?);
    let (dq, rest) = dqkv.split_at_mut(part);
    let (dk, dv) = rest.split_at_mut(part);
    for gradient in [&mut *dq, &mut *dk, &mut *dv] {
        gradient[..q.len()].fill(F::default());
    }
    for thread in 0..lse.len() {
        let (first, i) = rows.at(thread);
        let mean = dot(&dy[i..][..rows.head], &y[i..]);
        for token in 0..rows.tokens {
            let j = first + token * rows.stride;
            let weight = (scale * dot(&q[i..][..rows.head], &k[j..]) - lse[thread]).exp();
            let slope = scale * weight * (dot(&dy[i..][..rows.head], &v[j..]) - mean);
            for e in 0..rows.head {
                dq[i + e] += slope * k[j + e];
                dk[j + e] += slope * q[i + e];
                dv[j + e] += weight * dy[i + e];
            }
        }
    }
    Ok(())
}
