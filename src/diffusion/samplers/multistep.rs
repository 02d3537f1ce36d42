//! Samplers that look at more than one evaluation: Heun, DPM-Solver++, LMS.

use super::super::level::Linear;
use super::super::{Level, Schedule};
use super::grid::{Grid, Node};
use super::{AlgorithmType, Evaluation, FinalSigmasType, Row, SamplerConfig, SolverType};

impl SamplerConfig {
    /// Heun's method (EDM, arXiv 2206.00364, Algorithm 1): Euler's step, and where there is noise left a second evaluation at its end.
    pub(super) fn heun(&self, schedule: &Schedule, grid: &Grid) -> Vec<Row> {
        let mut rows = Vec::new();
        for pair in grid.nodes.windows(2) {
            rows.extend(self.heun_step(schedule, pair[0], pair[1]));
        }
        if let (Some(last), to) = (grid.nodes.last(), grid.end_level()) {
            rows.push(self.half_step(schedule, *last, None, to).0);
        }
        rows
    }

    /// Euler's step from `at`, and the derivative there, which is kept: `ε̂` of `y = x/signal` by `σ`, or
    /// `ε̂ - x̂_0` of `x` itself in flow matching.
    fn half_step(&self, schedule: &Schedule, at: Node, next: Option<f64>, to: Level) -> (Row, f64) {
        let from = at.level;
        let Evaluation { row, clean, noise } = self.evaluate(schedule, at.time, from, next, to, from.noise > 0.0);
        let euler = clean.times(to.signal).plus(noise.times(to.noise));
        let (derivative, step) = if schedule.is_flow() {
            (noise.plus(clean.times(-1.0)), to.noise - from.noise)
        } else {
            (noise, to.noise - to.signal * from.sigma())
        };
        (row.keeping(derivative).giving(euler, [0.0; 3], 0.0), step)
    }

    /// Both evaluations. The second goes from Euler's result, `x' = x + step · d`, to `x + step · (d + d')/2`.
    pub(super) fn heun_step(&self, schedule: &Schedule, from: Node, to: Node) -> [Row; 2] {
        let (first, step) = self.half_step(schedule, from, Some(to.time), to.level);
        let (second, _) = self.half_step(schedule, to, Some(to.time), to.level);
        let derivative = Linear { x: second.q_x, m: second.q_m, clean: second.q_0 };
        let corrected = Linear::X.plus(derivative.times(0.5 * step));
        [first, second.giving(corrected, [-0.5 * step, 0.0, 0.0], 0.0)]
    }

    /// DPM-Solver++ (arXiv 2211.01095, Algorithm 2; the SDE as in its section 5), with `steps` in the whole run. Order 3 has the
    /// weights that its authors' programs and diffusers have: that of the curvature is half the integral of a parabola, so that
    /// errors fall with the square of the step, as those of order 2 do.
    pub(super) fn dpmpp(&self, schedule: &Schedule, grid: &Grid, steps: usize) -> Vec<Row> {
        let ends_clean = self.final_sigmas_type == FinalSigmasType::Zero;
        let few = self.lower_order_final && steps < 15;
        let mut before: Vec<Level> = Vec::new();
        let mut rows = Vec::new();
        let count = grid.nodes.len();
        for (i, (node, next, to)) in grid.legs().enumerate() {
            let available = (i + 1).min(self.solver_order);
            let order = match count - i {
                1 if self.euler_at_final || few || ends_clean => 1,
                2 if few => available.min(2),
                _ => available,
            };
            let Evaluation { row, clean, .. } = self.evaluate(schedule, node.time, node.level, next, to, false);
            let weights = self.dpmpp_weights(&before, node.level, to, order);
            let result = Linear::X.times(weights.x).plus(clean.times(weights.data[0]));
            rows.push(row.keeping(clean).giving(result, [weights.data[1], weights.data[2], 0.0], weights.noise));
            before.insert(0, node.level);
        }
        rows
    }

    /// Weights of one step from `from` to `to`, with the levels of earlier evaluations, the latest first.
    fn dpmpp_weights(&self, before: &[Level], from: Level, to: Level, order: usize) -> Weights {
        let sde = self.algorithm_type == AlgorithmType::SdeDpmsolver;
        // e^{-h} of h = λ' - λ; 0 from pure noise and to clean data.
        let decay = to.noise * from.signal / (to.signal * from.noise);
        let h = -decay.ln();
        // The SDE's integrals are the ODE's over 2h.
        let (span, left) = if sde { (2.0 * h, decay * decay) } else { (h, decay) };
        let x = to.noise / from.noise * if sde { decay } else { 1.0 };
        let noise = if sde { to.noise * (1.0 - left).max(0.0).sqrt() } else { 0.0 };
        let whole = to.signal * (1.0 - left);
        let mut data = [whole, 0.0, 0.0];
        // Two equal levels: nothing is left to do, and nothing to extrapolate.
        if order == 1 || h <= 0.0 {
            return Weights { x, data, noise };
        }
        // x̂_0 as a polynomial of (λ' - λ)/h through this and earlier evaluations: its slope D1 and, of order 3, curvature D2.
        let r0 = (from.lambda() - before[0].lambda()) / h;
        let slope = to.signal * (1.0 + (-span).exp_m1() / span);
        if order == 2 {
            let slope = if self.solver_type == SolverType::Midpoint { 0.5 * whole } else { slope };
            data = [whole + slope / r0, -slope / r0, 0.0];
            return Weights { x, data, noise };
        }
        let r1 = (before[0].lambda() - before[1].lambda()) / h;
        let curvature = to.signal * (0.5 - (1.0 + (-span).exp_m1() / span) / span);
        // D1 = d0 + (d0 - d1) r0/(r0+r1), D2 = (d0 - d1)/(r0+r1), with d0 = (m0-m1)/r0 and d1 = (m1-m2)/r1.
        let of_d0 = slope + (slope * r0 + curvature) / (r0 + r1);
        let of_d1 = -(slope * r0 + curvature) / (r0 + r1);
        data = [whole + of_d0 / r0, of_d1 / r1 - of_d0 / r0, -of_d1 / r1];
        Weights { x, data, noise }
    }

    /// The linear multistep method of order 4: `y' = y + ∫ p dσ` from `σ` to `σ'`, with `p` the polynomial through the last
    /// derivatives `ε̂`, as many as there are.
    pub(super) fn lms(&self, schedule: &Schedule, grid: &Grid) -> Vec<Row> {
        let sigmas: Vec<f64> = grid.nodes.iter().map(|node| node.level.sigma()).collect();
        let leg = |(i, (node, next, to)): (usize, (Node, Option<f64>, Level))| {
            let Evaluation { row, noise, .. } = self.evaluate(schedule, node.time, node.level, next, to, false);
            let known: Vec<f64> = sigmas[..=i].iter().rev().take(4).copied().collect();
            let mut weights = [0.0; 4];
            for (j, weight) in weights.iter_mut().enumerate().take(known.len()) {
                *weight = to.signal * lagrange_integral(&known, j, to.sigma());
            }
            let result = Linear::X.times(to.signal / node.level.signal).plus(noise.times(weights[0]));
            row.keeping(noise).giving(result, [weights[1], weights[2], weights[3]], 0.0)
        };
        grid.legs().enumerate().map(leg).collect()
    }
}

/// A step's factors: of `x`, of the newest and earlier predictions of the data, and of noise.
struct Weights {
    x: f64,
    data: [f64; 3],
    noise: f64,
}

/// Integral from `knots[0]` to `end` of the polynomial that is 1 at `knots[j]` and 0 at the other knots, at most 4: Gauss's
/// rule with two points is exact for cubics.
fn lagrange_integral(knots: &[f64], j: usize, end: f64) -> f64 {
    let basis = |at: f64| {
        let others = knots.iter().enumerate().filter(|(k, _)| *k != j);
        others.map(|(_, knot)| (at - knot) / (knots[j] - knot)).product::<f64>()
    };
    let (middle, half) = (0.5 * (knots[0] + end), 0.5 * (end - knots[0]));
    let place = half / 3f64.sqrt();
    half * (basis(middle - place) + basis(middle + place))
}
