//! What a plan asks of the machine that runs it: implemented by `src/gpu` (WebGPU) and `src/cpu` (twins and SIMD).

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use serde::Serialize;

use super::Plan;
use crate::Result;
use crate::graph::{DType, Tuning};

/// A future that stays on its thread: the web's futures do.
pub type LocalFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A persistent buffer of a backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BufferId(pub usize);

/// A plan loaded into a backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProgramId(pub usize);

/// A range of elements of a persistent buffer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Region {
    /// The buffer.
    pub buffer: BufferId,
    /// First element.
    pub offset: usize,
    /// Number of elements.
    pub len: usize,
}

/// Values on their way to a device.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum HostSlice<'a> {
    /// Floats.
    F32(&'a [f32]),
    /// Integers.
    U32(&'a [u32]),
}

/// Values read back.
#[derive(Debug, Clone, PartialEq)]
pub enum HostData {
    /// Floats.
    F32(Vec<f32>),
    /// Integers.
    U32(Vec<u32>),
}

impl HostData {
    /// The floats; empty if these are integers.
    pub fn floats(self) -> Vec<f32> {
        match self {
            HostData::F32(values) => values,
            HostData::U32(_) => Vec::new(),
        }
    }

    /// The integers; empty if these are floats.
    pub fn integers(self) -> Vec<u32> {
        match self {
            HostData::U32(values) => values,
            HostData::F32(_) => Vec::new(),
        }
    }
}

/// What kind of machine a backend runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// A GPU.
    Gpu,
    /// A GPU interface implemented in software.
    SoftwareGpu,
    /// The CPU backend.
    Cpu,
}

impl DeviceKind {
    /// Which variants of kernels suit it.
    pub fn tuning(self) -> Tuning {
        match self {
            DeviceKind::Gpu => Tuning::GPU,
            DeviceKind::SoftwareGpu | DeviceKind::Cpu => Tuning::CPU,
        }
    }
}

/// Who does the work.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub struct DeviceInfo {
    /// Kind of machine.
    pub kind: DeviceKind,
    /// The adapter's name, or the CPU's instruction set.
    pub name: String,
}

/// Device memory in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemoryUse {
    /// Number of live buffers.
    pub buffers: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// What a backend has made and done since it began: a loop that runs makes nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Counters {
    /// Buffers made.
    pub buffers: u64,
    /// Bind groups made.
    pub bind_groups: u64,
    /// Shaders compiled.
    pub pipelines: u64,
    /// Submits of runs.
    pub submits: u64,
    /// Launches in them.
    pub launches: u64,
    /// Seconds that the host spent on recording and submitting them.
    pub encode_seconds: f64,
}

/// Time spent in one kernel, over all its launches of a profiled run.
#[derive(Debug, Clone, PartialEq)]
pub struct KernelTime {
    /// Stem of the shader.
    pub kernel: String,
    /// Launches.
    pub calls: usize,
    /// Milliseconds in all.
    pub milliseconds: f64,
}

/// Time spent in one launch of a plan, over all runs of a profile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LaunchTime {
    /// Stem of the shader.
    pub kernel: &'static str,
    /// Runs.
    pub calls: usize,
    /// Milliseconds in all.
    pub milliseconds: f64,
    /// Milliseconds of the shortest.
    pub least: f64,
}

impl LaunchTime {
    /// A launch that has not run yet.
    pub fn new(kernel: &'static str) -> Self {
        LaunchTime { kernel, calls: 0, milliseconds: 0.0, least: f64::INFINITY }
    }

    /// Counts one more run.
    pub fn add(&mut self, milliseconds: f64) {
        self.calls += 1;
        self.milliseconds += milliseconds;
        self.least = self.least.min(milliseconds);
    }
}

impl KernelTime {
    /// The launches' times, added up by kernel.
    pub fn sums(launches: &[LaunchTime]) -> Vec<KernelTime> {
        let mut sums: BTreeMap<&str, KernelTime> = BTreeMap::new();
        for launch in launches {
            let new = || KernelTime { kernel: launch.kernel.to_string(), calls: 0, milliseconds: 0.0 };
            let sum = sums.entry(launch.kernel).or_insert_with(new);
            sum.calls += launch.calls;
            sum.milliseconds += launch.milliseconds;
        }
        sums.into_values().collect()
    }
}

/// A profiled run under way.
pub struct Profile {
    /// How often the program is run.
    pub times: usize,
    /// The time of each launch, in the plan's order, when the device is done; none if it has no clock.
    pub result: LocalFuture<'static, Result<Vec<LaunchTime>>>,
}

impl Profile {
    /// That of a device without a clock.
    pub fn none() -> Self {
        Profile { times: 0, result: Box::pin(async { Ok(Vec::new()) }) }
    }
}

/// Puts `value` into the first free place of a table, so that a long session does not grow it, and returns the place.
pub(crate) fn keep<T>(table: &mut Vec<Option<T>>, value: T) -> usize {
    let place = table.iter().position(Option::is_none).unwrap_or_else(|| {
        table.push(None);
        table.len() - 1
    });
    table[place] = Some(value);
    place
}

/// Called with the number of things done, and of all there are.
pub type Progress = Rc<dyn Fn(usize, usize)>;

/// A machine that holds buffers and runs plans.
pub trait Backend {
    /// Who this is.
    fn info(&self) -> &DeviceInfo;

    /// Which variants of kernels plans for this machine are compiled with.
    fn tuning(&self) -> Tuning {
        self.info().kind.tuning()
    }

    /// Has plans compiled otherwise from now on; a machine without variants takes no notice.
    fn set_tuning(&mut self, _tuning: Tuning) {}

    /// A new buffer of zeros.
    fn allocate(&mut self, label: &str, dtype: DType, len: usize) -> Result<BufferId>;

    /// Frees a buffer at once; programs bound to it must be unloaded first.
    fn free(&mut self, buffer: BufferId);

    /// Overwrites elements from `offset` on, before any work submitted later.
    fn write(&mut self, buffer: BufferId, offset: usize, data: HostSlice<'_>) -> Result<()>;

    /// Copies the regions as they are after all work submitted so far; the future resolves when that work is done.
    /// It does not borrow the backend: more work can be submitted while it is pending.
    fn read(&mut self, regions: &[Region]) -> LocalFuture<'static, Result<Vec<HostData>>>;

    /// Copies a whole buffer into another of the same length.
    fn copy(&mut self, from: BufferId, to: BufferId) -> Result<()>;

    /// Makes a plan ready to run, its resources bound by name: pipelines, buffers and bind groups are made here, once.
    fn load<'a>(&'a mut self, plan: &'a Plan, resources: &'a BTreeMap<String, BufferId>) -> LocalFuture<'a, Result<ProgramId>>;

    /// Tells `report` from now on, while plans are loaded, how many of their new kernels are compiled, and of how many.
    fn on_progress(&mut self, _report: Option<Progress>) {}

    /// Has a loaded program run another plan of the same graph, compiled with other choices, over the buffers that it has. A machine
    /// without variants takes no notice.
    fn reload<'a>(
        &'a mut self,
        _program: ProgramId,
        _plan: &'a Plan,
        _resources: &'a BTreeMap<String, BufferId>,
    ) -> LocalFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    /// Frees a program and its buffers.
    fn unload(&mut self, program: ProgramId);

    /// Runs each program so many times, one after the other, in one submit.
    fn run(&mut self, programs: &[(ProgramId, usize)]) -> Result<()>;

    /// Reads a named output of a program's last run.
    fn output(&mut self, program: ProgramId, name: &str) -> LocalFuture<'static, Result<HostData>>;

    /// Runs a program with a clock around every launch, as often as asked or as the clock's memory allows; not at all where the
    /// device has no such clock.
    fn profile(&mut self, program: ProgramId, times: usize) -> Result<Profile>;

    /// Runs each program so many times, and resolves to the seconds that each of them took by the device's clock, which may be a coarse
    /// one; to none, without having run them, where it has no clock.
    fn time(&mut self, _programs: &[(ProgramId, usize)]) -> LocalFuture<'static, Result<Option<Vec<f64>>>> {
        Box::pin(async { Ok(None) })
    }

    /// What was made and done so far; all zeros where there is nothing of the kind.
    fn counters(&self) -> Counters {
        Counters::default()
    }

    /// Device memory in use.
    fn memory(&self) -> MemoryUse;

    /// The first error that the device reported of its own accord, a lost device above all; it stays.
    fn health(&self) -> Result<()>;

    /// Destroys the device with everything on it. Later calls fail with [`crate::Error::DeviceLost`].
    fn destroy(&mut self);
}
