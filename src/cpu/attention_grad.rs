//! Derivatives of attention by `q`, `k` and `v`.

use super::attention::{Rows, dot};
use super::{Call, Real};
use crate::Result;

/// See `shaders/attention_grad.wgsl`.
pub fn run<F: Real>(c: &mut Call<'_, F>) -> Result<()> {
    let (rows, scale) = (Rows::of(c)?, F::of(c.f("scale")?));
    let (qkv, y, dy, lse, dqkv) = (c.input("qkv")?, c.input("y")?, c.input("dy")?, c.input("lse")?, c.output("dqkv")?);
    dqkv.fill(F::default());
    for thread in 0..lse.len() {
        let (pair, token) = (thread / rows.tokens, thread % rows.tokens);
        let ([q, ..], own) = (rows.qkv(pair, token), rows.result(pair, token));
        let mean = dot(&dy[own..][..rows.head], &y[own..]);
        for other in 0..rows.tokens {
            let [_, k, v] = rows.qkv(pair, other);
            let weight = (scale * dot(&qkv[q..][..rows.head], &qkv[k..]) - lse[thread]).exp();
            let slope = scale * weight * (dot(&dy[own..][..rows.head], &qkv[v..]) - mean);
            for e in 0..rows.head {
                dqkv[q + e] += slope * qkv[k + e];
                dqkv[k + e] += slope * qkv[q + e];
                dqkv[v + e] += weight * dy[own + e];
            }
        }
    }
    Ok(())
}
