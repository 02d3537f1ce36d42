//! How many training steps go into one submit, and how fast they go.

use std::collections::VecDeque;

/// Steps between reports that [`Pace::usual`] wants to see.
const USUAL: usize = 5;
/// Milliseconds of history behind the rate, unless the steps are so slow that it holds fewer.
const WINDOW: f64 = 2000.0;

/// Keeps a submit near a given time by what the last ones took.
#[derive(Debug, Clone)]
pub struct Pace {
    steps: usize,
    /// (milliseconds, steps done) of the last reports.
    reports: VecDeque<(f64, u32)>,
}

impl Default for Pace {
    fn default() -> Self {
        Pace { steps: 1, reports: VecDeque::new() }
    }
}

impl Pace {
    /// Most steps in one submit.
    pub const MAX: usize = 256;

    /// Steps for the next submit.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Forgets the clock, not the pace: after a pause the time since the last report says nothing.
    pub fn rest(&mut self) {
        self.reports.clear();
    }

    /// Takes in that `done` steps were complete at `now` (milliseconds), and adapts to `budget` milliseconds per submit.
    pub fn report(&mut self, now: f64, done: u32, budget: f64) {
        if let Some(&(before, step)) = self.reports.back() {
            let steps = done.saturating_sub(step);
            let per_step = (now - before).max(0.05) / f64::from(steps.max(1));
            let wanted = budget.max(1.0) / per_step;
            // Halving or doubling at most: one late report must not throw the pace away.
            let current = self.steps as f64;
            self.steps = (wanted.clamp(current / 2.0, current * 2.0).round() as usize).clamp(1, Self::MAX);
        }
        self.reports.push_back((now, done));
        while self.reports.len() > USUAL + 1 && now - self.reports[0].0 > WINDOW {
            self.reports.pop_front();
        }
    }

    /// Milliseconds of a step as they mostly are, once there are some reports to judge by: the first steps wait for what is compiled on
    /// first use, and two reports may come at once.
    pub fn usual(&self) -> Option<f64> {
        let pairs = self.reports.iter().zip(self.reports.iter().skip(1));
        let mut each: Vec<f64> = pairs.map(|((t0, s0), (t1, s1))| (t1 - t0) / f64::from(s1.saturating_sub(*s0).max(1))).collect();
        each.sort_by(f64::total_cmp);
        (each.len() >= USUAL).then(|| each[each.len() / 2])
    }

    /// Steps per second over the window.
    pub fn rate(&self) -> f64 {
        match (self.reports.front(), self.reports.back()) {
            (Some(&(start, from)), Some(&(end, to))) if end > start => f64::from(to - from) * 1000.0 / (end - start),
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pace;

    #[test]
    fn settles_where_a_submit_takes_the_budget() {
        for per_step in [0.05, 0.4, 3.0, 50.0] {
            let mut pace = Pace::default();
            let (mut now, mut done) = (0.0, 0);
            pace.report(now, done, 8.0);
            for _ in 0..40 {
                done += pace.steps() as u32;
                now += pace.steps() as f64 * per_step;
                pace.report(now, done, 8.0);
            }
            let wanted = (8.0f64 / per_step).round().clamp(1.0, Pace::MAX as f64);
            assert!((pace.steps() as f64 - wanted).abs() <= 1.0, "{} steps of {per_step} ms", pace.steps());
            assert!((pace.rate() * per_step - 1000.0).abs() < 1.0, "rate {}", pace.rate());
        }
    }

    #[test]
    fn the_usual_step_is_not_the_first() {
        let mut pace = Pace::default();
        for (now, done) in [(0.0, 0), (1500.0, 1), (1510.0, 2), (1510.1, 3), (1530.0, 5), (1540.0, 6)] {
            assert_eq!(pace.usual(), None);
            pace.report(now, done, 8.0);
        }
        let usual = pace.usual().expect("five intervals");
        assert!((usual - 10.0).abs() < 0.1, "{usual} ms");
    }
}
