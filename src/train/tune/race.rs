//! A race between variants of one kernel: what is to be timed next, and who has won. It knows no device and no clock.

use crate::graph::Variant;
use crate::plan::Plan;

/// Times that a variant is measured.
const HEATS: usize = 3;
/// A variant so much slower than the fastest is measured once only.
const FAR_BEHIND: f64 = 1.25;
/// The default stays unless another variant is faster by this share: noise must not decide.
const MARGIN: f64 = 0.05;
/// Most runs in one heat.
const MOST: usize = 4096;

/// One variant.
struct Entrant {
    variant: Variant,
    plan: Plan,
    /// Seconds of one run, in the fastest heat.
    least: f64,
}

/// Variants of the kernel of one key.
pub(super) struct Race {
    /// Stem and shape.
    pub key: String,
    entrants: Vec<Entrant>,
    default: usize,
    stage: Stage,
    /// Seconds of one run, as far as they are known.
    each: f64,
    /// Runs in a heat.
    times: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Each variant has to run once before it is timed.
    Cold,
    /// How many runs a heat needs is being found out.
    Calibrating,
    Running,
    Decided,
    GivenUp,
}

/// What is to be timed: this entrant, run so many times. What only warms up does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Heat {
    pub entrant: usize,
    pub times: usize,
    pub counts: bool,
}

/// How long things may take, in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// A heat, so that the clock's grain does not matter.
    pub heat: f64,
    /// A run.
    pub slice: f64,
}

impl Race {
    /// Between `variants`; `default` is what runs now. A run seems to take `each` seconds, and so many runs to make a heat.
    pub fn new(key: String, variants: Vec<(Variant, Plan)>, default: Variant, each: f64, times: usize) -> Race {
        let default = variants.iter().position(|(variant, _)| *variant == default).unwrap_or(0);
        let entrants = variants.into_iter().map(|(variant, plan)| Entrant { variant, plan, least: f64::INFINITY }).collect();
        Race { key, entrants, default, stage: Stage::Cold, each, times: times.clamp(1, MOST) }
    }

    /// The plans, by entrant.
    pub fn plans(&self) -> impl Iterator<Item = &Plan> {
        self.entrants.iter().map(|e| &e.plan)
    }

    /// What is to be timed next, in one go: variants in turn, so that a machine that slows down slows all of them. Nothing if the race is
    /// over.
    pub fn next(&self) -> Vec<Heat> {
        let all = 0..self.entrants.len();
        let heat = |entrant| Heat { entrant, times: self.times, counts: true };
        let warm = |entrant| Heat { entrant, times: 1, counts: false };
        match self.stage {
            Stage::Cold => all.clone().map(warm).chain(all.map(heat)).collect(),
            Stage::Calibrating => all.map(heat).collect(),
            Stage::Running => {
                let best = self.entrants.iter().map(|e| e.least).fold(f64::INFINITY, f64::min);
                let open: Vec<usize> = all.filter(|i| self.entrants[*i].least <= FAR_BEHIND * best).collect();
                // Where all others are far behind there is nothing to decide.
                let rounds = if open.len() > 1 { HEATS - 1 } else { 1 };
                (0..rounds).flat_map(|_| open.iter().copied().map(heat)).collect()
            }
            Stage::Decided | Stage::GivenUp => Vec::new(),
        }
    }

    /// Seconds that a heat will probably take.
    pub fn expected(&self, heat: Heat) -> f64 {
        let least = self.entrants[heat.entrant].least;
        heat.times as f64 * if least.is_finite() { least } else { self.each }
    }

    /// Takes in how many seconds each of `heats` took.
    pub fn record(&mut self, heats: &[Heat], seconds: &[f64], limits: Limits) {
        let counted: Vec<(Heat, f64)> = heats.iter().copied().zip(seconds.iter().copied()).filter(|(heat, _)| heat.counts).collect();
        if self.stage != Stage::Running {
            let runs = counted.iter().map(|(heat, seconds)| seconds / heat.times as f64);
            self.each = runs.fold(0.0, f64::max);
            let shortest = counted.iter().map(|(_, seconds)| *seconds).fold(f64::INFINITY, f64::min);
            if self.times == 1 && shortest > limits.slice {
                // Not to be measured without training standing still.
                self.stage = Stage::GivenUp;
                return;
            }
            if shortest < limits.heat / 2.0 {
                // Too short to tell.
                let wanted = self.times as f64 * (limits.heat / shortest.max(1e-9)).clamp(2.0, 16.0);
                self.stage = if self.times == MOST { Stage::GivenUp } else { Stage::Calibrating };
                self.times = (wanted as usize).min(MOST);
                return;
            }
        }
        for (heat, seconds) in counted {
            let entrant = &mut self.entrants[heat.entrant];
            entrant.least = entrant.least.min(seconds / heat.times as f64);
        }
        self.stage = if self.stage == Stage::Running { Stage::Decided } else { Stage::Running };
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Decided | Stage::GivenUp)
    }

    /// The fastest variant, or the default if none is clearly faster; none if they could not be measured.
    pub fn winner(&self) -> Option<Variant> {
        let default = &self.entrants[self.default];
        let fastest = self.entrants.iter().min_by(|a, b| a.least.total_cmp(&b.least))?;
        let clear = fastest.least < (1.0 - MARGIN) * default.least;
        (self.stage == Stage::Decided).then_some(if clear { fastest.variant } else { default.variant })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Graph, Tuning};

    const LIMITS: Limits = Limits { heat: 3e-3, slice: 30e-3 };

    /// Runs a race between a default that takes `default` seconds and a variant that takes `other`; the clock has this grain. Returns
    /// the winner, the rounds, and the time they took.
    fn run(default: f64, other: f64, grain: f64) -> (Option<Variant>, usize, f64) {
        let empty = || Plan::compile(&Graph::new(), &Tuning::GPU).expect("nothing compiles");
        let variants = vec![(Variant::Registers4, empty()), (Variant::Registers8, empty())];
        let mut race = Race::new("key".into(), variants, Variant::Registers4, default, 1);
        let (mut rounds, mut spent) = (0, 0.0);
        while !race.is_over() {
            let heats = race.next();
            assert!(!heats.is_empty() && rounds < 10, "the race does not end");
            // The first run is slow, as it is on a device.
            let took = |h: &Heat| [default, other][h.entrant] * h.times as f64 + if h.counts { 0.0 } else { 0.01 };
            let seconds: Vec<f64> = heats.iter().map(took).collect();
            (rounds, spent) = (rounds + 1, spent + seconds.iter().sum::<f64>());
            let read: Vec<f64> = seconds.iter().map(|s| (s / grain).floor() * grain).collect();
            race.record(&heats, &read, LIMITS);
        }
        assert!(race.next().is_empty());
        (race.winner(), rounds, spent)
    }

    #[test]
    fn the_faster_variant_wins_if_it_is_clearly_faster() {
        for scale in [2e-6, 1e-4, 9e-3] {
            assert_eq!(run(scale, 0.8 * scale, 1e-7).0, Some(Variant::Registers8), "{scale}");
            assert_eq!(run(scale, 0.97 * scale, 1e-7).0, Some(Variant::Registers4), "{scale}");
            assert_eq!(run(scale, 1.3 * scale, 1e-7).0, Some(Variant::Registers4), "{scale}");
        }
    }

    /// Chrome's clock ticks every 100 µs: short kernels are run often enough for that not to matter.
    #[test]
    fn a_coarse_clock_is_outlasted() {
        let (winner, rounds, spent) = run(7e-6, 6e-6, 1e-4);
        assert_eq!(winner, Some(Variant::Registers8));
        assert!(rounds < 7 && spent < 0.06, "{rounds} rounds in {spent} s");
    }

    #[test]
    fn what_takes_longer_than_a_slice_is_left_alone() {
        assert_eq!(run(50e-3, 45e-3, 1e-7).0, None);
        assert_eq!(run(50e-3, 45e-3, 1e-7).1, 1);
        // A clock that stands still tells nothing.
        assert_eq!(run(1e-9, 1e-9, 1.0).0, None);
    }
}
