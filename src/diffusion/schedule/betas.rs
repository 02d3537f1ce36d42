//! Formulas of `β_t` and `ᾱ_t`.

use std::f64::consts::FRAC_PI_2;

use super::{BetaSchedule, ScheduleConfig};

/// `n` numbers in equal steps from `start` to `end`.
fn linspace(start: f64, end: f64, n: usize) -> impl Iterator<Item = f64> {
    let step = (end - start) / (n - 1) as f64;
    (0..n).map(move |i| if i + 1 == n { end } else { start + step * i as f64 })
}

/// `β_t`, before any rescaling.
pub(super) fn betas(config: &ScheduleConfig) -> Vec<f64> {
    let (t, start, end) = (config.num_train_timesteps, config.beta_start, config.beta_end);
    if let Some(betas) = &config.trained_betas {
        return betas.clone();
    }
    match config.beta_schedule {
        BetaSchedule::Linear => linspace(start, end, t).collect(),
        BetaSchedule::ScaledLinear => linspace(start.sqrt(), end.sqrt(), t).map(|root| root * root).collect(),
        BetaSchedule::SquaredcosCapV2 => {
            let alpha_bar = |u: f64| ((u + 0.008) / 1.008 * FRAC_PI_2).cos().powi(2);
            let at = |i: usize| alpha_bar(i as f64 / t as f64);
            (0..t).map(|i| (1.0 - at(i + 1) / at(i)).min(0.999)).collect()
        }
        BetaSchedule::Sigmoid => linspace(-6.0, 6.0, t).map(|u| (end - start) / (1.0 + (-u).exp()) + start).collect(),
        BetaSchedule::Ramp => (0..t).map(|i| end * (i + 1) as f64 / t as f64).collect(),
        BetaSchedule::Drawn => betas_of(&drawn(&config.log_snr, t)),
    }
}

/// `ᾱ_t = ∏ (1 - β_s)`.
pub(super) fn cumulative(betas: &[f64]) -> Vec<f64> {
    let product = |product: &mut f64, beta: &f64| {
        *product *= 1.0 - beta;
        Some(*product)
    };
    betas.iter().scan(1.0, product).collect()
}

/// `β_t = 1 - ᾱ_t/ᾱ_{t-1}`.
pub(super) fn betas_of(alphas_cumprod: &[f64]) -> Vec<f64> {
    let before = std::iter::once(&1.0).chain(alphas_cumprod);
    alphas_cumprod.iter().zip(before).map(|(now, before)| 1.0 - now / before).collect()
}

/// `√ᾱ` shifted and stretched so that it ends at 0 and begins where it did (Lin et al., arXiv 2305.08891, algorithm 1).
pub(super) fn without_terminal_signal(alphas_cumprod: &[f64]) -> Vec<f64> {
    let root = |at: usize| alphas_cumprod[at].sqrt();
    let (first, last) = (root(0), root(alphas_cumprod.len() - 1));
    alphas_cumprod.iter().map(|a| ((a.sqrt() - last) * first / (first - last)).powi(2)).collect()
}

/// `ᾱ_t` of a curve `ln(ᾱ/(1-ᾱ))` drawn through equally spaced knots.
fn drawn(knots: &[f64], t: usize) -> Vec<f64> {
    let slopes = slopes(knots);
    let at = |i: usize| {
        let place = i as f64 / (t - 1) as f64 * (knots.len() - 1) as f64;
        let left = (place as usize).min(knots.len() - 2);
        // Hermite's cubic between two knots one unit apart.
        let u = place - left as f64;
        let (rise, d0, d1) = (knots[left + 1] - knots[left], slopes[left], slopes[left + 1]);
        let curve = knots[left] + u * (d0 + u * (3.0 * rise - 2.0 * d0 - d1 + u * (d0 + d1 - 2.0 * rise)));
        1.0 / (1.0 + (-curve).exp())
    };
    (0..t).map(at).collect()
}

/// Slopes at which the cubic falls where its knots do (Fritsch and Butland, SIAM J. Sci. Stat. Comput. 5, 1984, for equal
/// spacing: the harmonic mean of the two neighbours' slopes; at the ends a parabola's slope, kept within the same bounds).
fn slopes(knots: &[f64]) -> Vec<f64> {
    let rise: Vec<f64> = knots.windows(2).map(|w| w[1] - w[0]).collect();
    let last = rise.len() - 1;
    let end = |near: f64, far: f64| {
        let slope = 1.5 * near - 0.5 * far;
        if slope * near <= 0.0 { 0.0 } else { slope }
    };
    let inner = |i: usize| if rise[i - 1] * rise[i] > 0.0 { 2.0 / (1.0 / rise[i - 1] + 1.0 / rise[i]) } else { 0.0 };
    let at = |i: usize| match i {
        0 => end(rise[0], rise[1.min(last)]),
        i if i == knots.len() - 1 => end(rise[last], rise[last.saturating_sub(1)]),
        i => inner(i),
    };
    (0..knots.len()).map(at).collect()
}
