//! How long something takes: warmed up, repeated, its work known to be done at both ends of the clock.

use serde::Serialize;
use web_time::Instant;

use crate::Result;
use crate::plan::LocalFuture;

/// Something that can be done again and again.
pub(super) trait Repeatable {
    /// Does it so many times and comes back when that is done; says for how many milliseconds the host was busy.
    fn run(&mut self, times: usize) -> LocalFuture<'_, Result<f64>>;
}

/// Milliseconds of one thing, out of several repeats.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub struct Timing {
    /// The middle one.
    pub median: f64,
    /// The shortest.
    pub least: f64,
    /// The longest.
    pub most: f64,
    /// How many repeats there were.
    pub repeats: usize,
    /// How many times it was done in each.
    pub each: usize,
}

impl Timing {
    /// Of repeats in milliseconds, each of `each` times the thing.
    pub fn of(mut repeats: Vec<f64>, each: usize) -> Timing {
        repeats.iter_mut().for_each(|t| *t /= each as f64);
        repeats.sort_by(f64::total_cmp);
        let at = |i: usize| repeats.get(i).copied().unwrap_or(0.0);
        let last = repeats.len().saturating_sub(1);
        let median = (at(last / 2) + at(last.div_ceil(2))) / 2.0;
        Timing { median, least: at(0), most: at(last), repeats: repeats.len(), each }
    }

    /// Billions per second of something that happens `count` times in the shortest time.
    pub fn billions(&self, count: f64) -> f64 {
        count / (self.least * 1e6)
    }
}

/// How much time measurements may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Patience {
    /// Milliseconds that one repeat should take at least: what is shorter is done several times.
    pub repeat: f64,
    /// Milliseconds for all repeats.
    pub all: f64,
    /// Most repeats.
    pub most: usize,
}

/// Fewest repeats.
const FEWEST: usize = 3;

impl Patience {
    /// Seconds that measuring something takes which takes so many milliseconds.
    pub fn seconds(&self, one: f64) -> f64 {
        // The first time, and the fewest repeats.
        (one * (1 + FEWEST) as f64).max(self.all.min(one * self.most as f64)) * 1e-3
    }

    /// Repeats `work`, at most `together` times at once. Returns the time of one, and of that the host's.
    ///
    /// # Errors
    /// Those of `work`.
    pub(super) async fn time(&self, together: usize, work: &mut dyn Repeatable) -> Result<(Timing, Timing)> {
        // The first pays for what is made at first use; the second tells how long one takes.
        work.run(1).await?;
        let start = Instant::now();
        let busy = work.run(1).await?;
        let one = milliseconds(start);
        let mut each = ((self.repeat / one.max(1e-3)) as usize).clamp(1, together);
        let (mut all, mut host) = if each == 1 { (vec![one], vec![busy]) } else { (Vec::new(), Vec::new()) };
        let begun = Instant::now();
        while all.len() < FEWEST.min(self.most) || (milliseconds(begun) < self.all && all.len() < self.most) {
            let start = Instant::now();
            let busy = work.run(each).await?;
            let taken = milliseconds(start);
            // One alone pays for the way there and back as well: together they may be far quicker.
            if taken < self.repeat / 2.0 && each < together {
                each = (each * 2).max((each as f64 * self.repeat / taken.max(1e-3)) as usize).min(together).min(8 * each);
                (all, host) = (Vec::new(), Vec::new());
                continue;
            }
            all.push(taken);
            host.push(busy);
        }
        Ok((Timing::of(all, each), Timing::of(host, each)))
    }
}

/// Milliseconds since `start`.
pub(super) fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Does nothing, and notes how often it was asked to.
    struct Notes(Vec<usize>);

    impl Repeatable for Notes {
        fn run(&mut self, times: usize) -> LocalFuture<'_, Result<f64>> {
            self.0.push(times);
            Box::pin(async { Ok(0.5) })
        }
    }

    #[test]
    fn the_median_lies_between() {
        let odd = Timing::of(vec![6.0, 2.0, 4.0], 2);
        assert_eq!((odd.least, odd.median, odd.most, odd.repeats, odd.each), (1.0, 2.0, 3.0, 3, 2));
        assert_eq!(Timing::of(vec![1.0, 4.0, 2.0, 8.0], 1).median, 3.0);
        assert_eq!(Timing::of(vec![2.0, 4.0], 1).billions(6e6), 3.0);
    }

    #[test]
    fn what_is_short_is_done_several_times_at_once() {
        let patience = Patience { repeat: 1.0, all: 5.0, most: 4 };
        let mut done = Notes(Vec::new());
        let (timing, host) = pollster::block_on(patience.time(64, &mut done)).expect("nothing fails");
        assert_eq!(done.0[..2], [1, 1]);
        assert_eq!((timing.each, timing.repeats), (64, 4));
        assert_eq!(host.median, 0.5 / 64.0);
    }
}
