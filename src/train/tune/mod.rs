//! The autotuner: variants of the kernels of a run are timed on the user's own device, between its training steps.
//!
//! The kernels that offer a choice are taken out of the plan, one for each key, and run by themselves over memory of their own. A turn
//! takes a slice of time, all turns together a budget; what that does not reach keeps its default.

mod race;
mod records;

use std::collections::{BTreeMap, VecDeque};

use web_time::Instant;

use crate::Result;
use crate::graph::{Graph, Resource, Tuning, Variant};
use crate::plan::{Backend, BufferId, Chosen, Plan, ProgramId, Region};
use race::{Heat, Limits, Race};
pub use records::{Choices, ENGINE, Tuned, TuningRecords, add_choices};

/// Seconds of work on the device that tuning takes in all, and in one turn.
const BUDGET: f64 = 0.5;
const SLICE: f64 = 0.03;
/// Seconds of a heat by the device's clock (Chrome's ticks every 100 µs), and by the host's, which also sees how long messages take.
const HEAT: f64 = 0.003;
const HOST_HEAT: f64 = 0.012;
/// Runs that the first heat of a kernel is given at most.
const MOST_GUESSED: f64 = 64.0;
/// Bytes that the kernel being timed may take on the device.
const MOST_BYTES: usize = 256 << 20;

/// Finds the fastest variants of a run's kernels.
pub struct Tuner {
    races: VecDeque<Race>,
    found: Choices,
    /// Seconds of work done.
    spent: f64,
    /// Seconds per floating-point operation, as the run has it.
    pace: f64,
    loaded: Option<Loaded>,
    /// What the race under way wants to know next, and what was measured of it.
    stage: Vec<Heat>,
    measured: Vec<f64>,
    /// Seconds that a wait for nothing takes, where the device has no clock.
    latency: Option<f64>,
}

/// The race under way, on the device.
struct Loaded {
    programs: Vec<ProgramId>,
    buffers: Vec<BufferId>,
}

impl Tuner {
    /// A tuner for the program of `graph`, one run of which takes `seconds` on this device. Choices that `tuning` has are taken as they are.
    ///
    /// # Errors
    /// That of the graph, if it cannot be compiled.
    pub fn new(graph: &Graph, tuning: &Tuning, seconds: f64) -> Result<Tuner> {
        let operations: u64 = Plan::compile(graph, tuning)?.dispatches.iter().map(|d| d.operations).sum();
        let pace = seconds / operations.max(1) as f64;
        let mut tuner = Tuner {
            races: VecDeque::new(),
            found: Choices::new(),
            spent: 0.0,
            pace,
            loaded: None,
            stage: Vec::new(),
            measured: Vec::new(),
            latency: None,
        };
        tuner.add(graph, tuning)?;
        Ok(tuner)
    }

    /// Takes on the kernels of another program, after those that are waiting.
    ///
    /// # Errors
    /// That of the graph, if it cannot be compiled.
    pub fn add(&mut self, graph: &Graph, tuning: &Tuning) -> Result<()> {
        let plan = Plan::compile(graph, tuning)?;
        let operations = |chosen: &Chosen| plan.dispatches[chosen.dispatches.clone()].iter().map(|d| d.operations).sum::<u64>();
        let mut keys: BTreeMap<&str, (u64, &Chosen)> = BTreeMap::new();
        for chosen in plan.choices.iter().filter(|c| c.choice.candidates.len() > 1) {
            keys.entry(&chosen.choice.key).or_insert((0, chosen)).0 += operations(chosen);
        }
        let known = tuning.choices();
        let open = |key: &str| !known.contains_key(key) && !self.found.contains_key(key) && self.races.iter().all(|r| r.key != key);
        let mut keys: Vec<(u64, &Chosen)> = keys.into_values().filter(|(_, chosen)| open(&chosen.choice.key)).collect();
        // What takes most of the time comes first.
        keys.sort_by_key(|(all, _)| std::cmp::Reverse(*all));
        let mut forced: BTreeMap<Variant, Plan> = BTreeMap::new();
        for (_, chosen) in keys {
            let seconds = operations(chosen) as f64 * self.pace;
            // What a slice cannot hold is not tried at all.
            if seconds > SLICE {
                continue;
            }
            let mut variants = Vec::new();
            for variant in &chosen.choice.candidates {
                if !forced.contains_key(variant) {
                    forced.insert(*variant, Plan::compile(graph, &tuning.forcing(*variant))?);
                }
                let plan = &forced[variant];
                let same = plan.choices.iter().find(|c| c.choice.key == chosen.choice.key && c.choice.chosen == *variant);
                variants.extend(same.map(|c| (*variant, plan.part(c.dispatches.clone()))));
            }
            let bytes = |plan: &Plan| plan.resources.iter().map(|r| 4 * r.len).sum::<usize>();
            if variants.len() > 1 && variants.iter().all(|(_, plan)| bytes(plan) <= MOST_BYTES) {
                // A guess, rather too low: kernels differ from the mean of all.
                let times = if seconds > 0.0 { (HEAT / seconds / 4.0).min(MOST_GUESSED) as usize } else { 1 };
                self.races.push_back(Race::new(chosen.choice.key.clone(), variants, chosen.choice.chosen, seconds, times));
            }
        }
        Ok(())
    }

    /// Whether nothing is left to do, or no time to do it.
    pub fn is_done(&self) -> bool {
        self.races.is_empty() || self.spent >= BUDGET
    }

    /// What was found so far.
    pub fn choices(&self) -> &Choices {
        &self.found
    }

    /// Kernels that are waiting to be tried.
    pub fn waiting(&self) -> usize {
        self.races.len()
    }

    /// Seconds of work done so far.
    pub fn spent(&self) -> f64 {
        self.spent
    }

    /// Times variants for about a slice. Nothing else should be under way on the device.
    ///
    /// # Errors
    /// The device's own; nothing is left on it then.
    pub async fn turn(&mut self, backend: &mut dyn Backend) -> Result<()> {
        let begun = self.spent;
        loop {
            let heats = self.next(SLICE - (self.spent - begun), self.spent == begun);
            if heats.is_empty() {
                break;
            }
            if let Err(error) = self.round(backend, &heats).await {
                self.release(backend);
                self.races.clear();
                return Err(error);
            }
        }
        if self.is_done() {
            self.release(backend);
        }
        Ok(())
    }

    async fn round(&mut self, backend: &mut dyn Backend, heats: &[Heat]) -> Result<()> {
        if self.loaded.is_none() {
            self.load(backend).await?;
        }
        let seconds = self.time(backend, heats).await?;
        if self.record(&seconds) {
            self.release(backend);
        }
        Ok(())
    }

    /// What is to be timed next in one go, as much of it as `room` seconds hold; the first of it in any case if it is to `begin` a slice.
    fn next(&mut self, room: f64, begin: bool) -> Vec<Heat> {
        let Some(race) = self.races.front().filter(|_| self.spent < BUDGET) else { return Vec::new() };
        if self.stage.is_empty() {
            self.stage = race.next();
        }
        let mut left = room;
        let mut fits = |(i, heat): (usize, &Heat)| {
            left -= race.expected(*heat);
            left >= 0.0 || (begin && i == 0)
        };
        let open = &self.stage[self.measured.len()..];
        let count = open.iter().enumerate().take_while(|item| fits(*item)).count();
        open[..count].to_vec()
    }

    /// Takes in how long it took; true if that race is over.
    fn record(&mut self, seconds: &[f64]) -> bool {
        self.spent += seconds.iter().sum::<f64>();
        self.measured.extend(seconds);
        if self.measured.len() < self.stage.len() {
            return false;
        }
        let (stage, measured) = (std::mem::take(&mut self.stage), std::mem::take(&mut self.measured));
        let limits = Limits { heat: if self.latency.is_some() { HOST_HEAT } else { HEAT }, slice: SLICE };
        let Some(race) = self.races.front_mut() else { return true };
        race.record(&stage, &measured, limits);
        if !race.is_over() {
            return false;
        }
        let winner = race.winner();
        let over = self.races.pop_front();
        self.found.extend(over.zip(winner).map(|(race, winner)| (race.key, winner)));
        true
    }

    /// Puts the variants of the first race on the device, over the same memory.
    async fn load(&mut self, backend: &mut dyn Backend) -> Result<()> {
        let loaded = self.loaded.insert(Loaded { programs: Vec::new(), buffers: Vec::new() });
        let Some(race) = self.races.front() else { return Ok(()) };
        let mut longest: BTreeMap<&str, &Resource> = BTreeMap::new();
        for resource in race.plans().flat_map(|plan| &plan.resources) {
            let known = longest.entry(&resource.name).or_insert(resource);
            *known = if known.len < resource.len { resource } else { known };
        }
        let mut buffers = BTreeMap::new();
        for (name, resource) in longest {
            let buffer = backend.allocate(name, resource.dtype, resource.len)?;
            loaded.buffers.push(buffer);
            buffers.insert(name.to_string(), buffer);
        }
        for plan in race.plans() {
            loaded.programs.push(backend.load(plan, &buffers).await?);
        }
        Ok(())
    }

    /// Frees what the race under way has on the device.
    pub fn release(&mut self, backend: &mut dyn Backend) {
        self.stage.clear();
        self.measured.clear();
        if let Some(Loaded { programs, buffers }) = self.loaded.take() {
            programs.into_iter().for_each(|id| backend.unload(id));
            buffers.into_iter().for_each(|id| backend.free(id));
        }
    }

    /// Seconds of each heat, by the device's clock if it has a good one.
    async fn time(&mut self, backend: &mut dyn Backend, heats: &[Heat]) -> Result<Vec<f64>> {
        let Some(Loaded { programs, buffers }) = &self.loaded else { return Ok(Vec::new()) };
        let work: Vec<(ProgramId, usize)> = heats.iter().map(|h| (programs[h.entrant], h.times)).collect();
        if self.latency.is_none() {
            let stands_still = |seconds: &[f64]| work.iter().zip(seconds).any(|((_, times), s)| *s == 0.0 && *times >= 256);
            match backend.time(&work).await? {
                Some(seconds) if !stands_still(&seconds) => return Ok(seconds),
                _ => {}
            }
        }
        let region = Region { buffer: buffers[0], offset: 0, len: 1 };
        if self.latency.is_none() {
            let mut shortest = f64::INFINITY;
            for _ in 0..3 {
                shortest = shortest.min(waited(backend, &[], region).await?);
            }
            self.latency = Some(shortest);
        }
        let mut seconds = Vec::with_capacity(work.len());
        for item in &work {
            seconds.push((waited(backend, &[*item], region).await? - self.latency.unwrap_or(0.0)).max(0.0));
        }
        Ok(seconds)
    }
}

/// Seconds that pass on the host until `work` is done and a number is read.
async fn waited(backend: &mut dyn Backend, work: &[(ProgramId, usize)], region: Region) -> Result<f64> {
    let start = Instant::now();
    backend.run(work)?;
    backend.read(&[region]).await?;
    Ok(start.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::TensorType;

    /// A graph of products of so many sizes, each as large as it is late.
    fn products(sizes: usize) -> Graph {
        let mut g = Graph::new();
        for i in 1..=sizes {
            let x = g.resource(&format!("x{i}"), TensorType::f32([64 * i, 64])).expect("x");
            let w = g.resource(&format!("w{i}"), TensorType::f32([64, 64])).expect("w");
            let y = g.matmul(x, w, false, false).expect("a product");
            g.output(&format!("y{i}"), y).expect("an output");
        }
        g
    }

    fn sizes(tuner: &Tuner) -> usize {
        tuner.races.len()
    }

    #[test]
    fn the_heaviest_kernels_come_first_and_what_is_known_is_not_tried() {
        let g = products(4);
        let tuner = Tuner::new(&g, &Tuning::GPU, 1e-3).expect("a tuner");
        let keys: Vec<String> = tuner.races.iter().map(|r| r.key.clone()).collect();
        assert!(keys.len() == 4 && keys[0].contains("256x64x64") && keys[3].contains("64x64x64"), "{keys:?}");
        let known = Choices::from([(keys[1].clone(), Variant::Registers4)]);
        assert_eq!(sizes(&Tuner::new(&g, &Tuning::GPU.with_choices(known), 1e-3).expect("a tuner")), 3);
        // Kernels that take longer than a slice by themselves are left alone: here all but the last.
        assert_eq!(sizes(&Tuner::new(&g, &Tuning::GPU, 0.29).expect("a tuner")), 1);
        let mut twice = Tuner::new(&g, &Tuning::GPU, 1e-3).expect("a tuner");
        twice.add(&g, &Tuning::GPU).expect("again");
        assert_eq!(sizes(&twice), 4);
    }

    /// With a made-up clock: the budget ends it whatever is left, and no round is long.
    #[test]
    fn budget_and_slice_are_kept_by_any_clock() {
        for per_run in [1e-6, 1e-4, 8e-3, 25e-3] {
            let mut tuner = Tuner::new(&products(60), &Tuning::GPU, 60.0 * per_run).expect("a tuner");
            let (all, variants) = (sizes(&tuner), tuner.races[0].plans().count());
            let mut rounds = 0;
            while !tuner.is_done() {
                let heats = tuner.next(SLICE, true);
                let seconds: Vec<f64> = heats.iter().map(|h| per_run * h.times as f64).collect();
                let all: f64 = seconds.iter().sum();
                assert!(!heats.is_empty() && all <= 1.5 * SLICE, "{per_run}: a round of {all:.3} s");
                tuner.record(&seconds);
                rounds += 1;
                assert!(rounds < 1000, "it does not end");
            }
            assert!(tuner.spent() < BUDGET + 1.5 * SLICE, "{per_run}: {} s", tuner.spent());
            assert_eq!(tuner.choices().len(), all - tuner.waiting(), "all that were tried have an answer");
            // Each variant warms up and runs three heats, of about the wanted length unless a single run is longer.
            let race = variants as f64 * 4.0 * (per_run + 2.0 * HEAT);
            let least = ((BUDGET / race) as usize).max(1);
            assert!(tuner.waiting() > 0 && tuner.choices().len() >= least, "{per_run}: {} of {all}", tuner.choices().len());
        }
    }
}
