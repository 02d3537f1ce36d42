//! Runs plans on the CPU, one twin after the other.

use std::collections::BTreeMap;
use std::mem::take;

use web_time::Instant;

use super::call::{Bound, Call, MAX_BINDINGS};
use super::scratch::Scratch;
use super::{Real, Twin, twin};
use crate::graph::DType;
use crate::plan::{
    Backend, BufferId, DeviceInfo, DeviceKind, Dispatch, HostData, HostSlice, LaunchTime, LocalFuture, Memory, MemoryUse, Plan, Profile,
    ProgramId, Region, keep,
};
use crate::{Error, Result};

#[derive(Debug, Clone)]
enum Buffer<F> {
    Floats(Vec<F>),
    Integers(Vec<u32>),
}

impl<F: Real> Buffer<F> {
    fn zeros(dtype: DType, len: usize) -> Self {
        match dtype {
            DType::F32 => Buffer::Floats(vec![F::default(); len]),
            DType::U32 => Buffer::Integers(vec![0; len]),
        }
    }

    fn len(&self) -> usize {
        match self {
            Buffer::Floats(v) => v.len(),
            Buffer::Integers(v) => v.len(),
        }
    }

    fn host(&self, offset: usize, len: usize) -> HostData {
        match self {
            Buffer::Floats(v) => HostData::F32(v[offset..offset + len].iter().map(|x| x.wide() as f32).collect()),
            Buffer::Integers(v) => HostData::U32(v[offset..offset + len].to_vec()),
        }
    }
}

impl<F> Default for Buffer<F> {
    fn default() -> Self {
        Buffer::Integers(Vec::new())
    }
}

struct Launch<F> {
    dispatch: Dispatch,
    run: Twin<F>,
    /// Buffer of each binding.
    buffers: Vec<BufferId>,
}

struct Program<F> {
    launches: Vec<Launch<F>>,
    own: Vec<BufferId>,
    outputs: Vec<(String, Region)>,
}

/// The CPU backend; in `f32` for visitors without a GPU, in `f64` the oracle of the tests.
pub struct CpuBackend<F: Real> {
    info: DeviceInfo,
    buffers: Vec<Option<Buffer<F>>>,
    programs: Vec<Option<Program<F>>>,
    scratch: Scratch,
    simple: bool,
    destroyed: bool,
}

impl<F: Real> Default for CpuBackend<F> {
    fn default() -> Self {
        let simd = if cfg!(target_feature = "simd128") { "WebAssembly SIMD" } else { std::env::consts::ARCH };
        let info = DeviceInfo { kind: DeviceKind::Cpu, name: format!("CPU ({simd})") };
        CpuBackend { info, buffers: Vec::new(), programs: Vec::new(), scratch: Scratch::default(), simple: false, destroyed: false }
    }
}

impl<F: Real> CpuBackend<F> {
    /// A backend of twins with the fast versions of the heavy ones.
    pub fn new() -> Self {
        Self::default()
    }

    /// A backend of plain twins: the oracle.
    pub fn oracle() -> Self {
        CpuBackend { simple: true, ..Self::default() }
    }

    /// Overwrites elements in this backend's own precision.
    pub fn write_floats(&mut self, buffer: BufferId, offset: usize, values: &[F]) -> Result<()> {
        match self.buffers.get_mut(buffer.0) {
            Some(Some(Buffer::Floats(v))) if offset + values.len() <= v.len() => {
                v[offset..offset + values.len()].copy_from_slice(values);
                Ok(())
            }
            _ => Err(Error::Gpu(format!("write of {} floats at {offset} does not fit its buffer", values.len()))),
        }
    }

    /// Reads a named output in this backend's own precision.
    pub fn output_floats(&self, program: ProgramId, name: &str) -> Option<Vec<F>> {
        let program = self.programs.get(program.0)?.as_ref()?;
        let region = program.outputs.iter().find(|(n, _)| n == name)?.1;
        match self.buffers[region.buffer.0].as_ref()? {
            Buffer::Floats(v) => Some(v[..region.len].to_vec()),
            Buffer::Integers(_) => None,
        }
    }

    fn alive(&self) -> Result<()> {
        if self.destroyed { Err(Error::DeviceLost("destroyed".into())) } else { Ok(()) }
    }

    fn launch(&mut self, program: usize, index: usize) -> Result<()> {
        let Some(Some(program)) = self.programs.get(program) else {
            return Err(Error::Gpu("the program is not loaded".into()));
        };
        let launch = &program.launches[index];
        // Written buffers are taken out for the call: no other binding is on them (the plan checks that).
        let mut written: [Option<Buffer<F>>; MAX_BINDINGS] = [const { None }; MAX_BINDINGS];
        for (own, (binding, id)) in written.iter_mut().zip(launch.dispatch.bindings.iter().zip(&launch.buffers)) {
            if binding.write {
                *own = take(&mut self.buffers[id.0]);
            }
        }
        let mut bound = [const { Bound::Taken }; MAX_BINDINGS];
        let bindings = launch.dispatch.bindings.iter().zip(&launch.buffers);
        for ((bound, own), (binding, id)) in bound.iter_mut().zip(&mut written).zip(bindings) {
            let range = binding.offset..binding.offset + binding.len;
            *bound = match (own, &self.buffers[id.0]) {
                (Some(Buffer::Floats(v)), _) => Bound::FloatsMut(&mut v[range]),
                (Some(Buffer::Integers(v)), _) => Bound::IntegersMut(&mut v[range]),
                (None, Some(Buffer::Floats(v))) => Bound::Floats(&v[range]),
                (None, Some(Buffer::Integers(v))) => Bound::Integers(&v[range]),
                (None, None) => Bound::Taken,
            };
        }
        let mut call = Call { dispatch: &launch.dispatch, bound, scratch: Some(&mut self.scratch) };
        let result = (launch.run)(&mut call);
        for (own, id) in written.into_iter().zip(&launch.buffers) {
            if own.is_some() {
                self.buffers[id.0] = own;
            }
        }
        result
    }

    fn load_now(&mut self, plan: &Plan, resources: &BTreeMap<String, BufferId>) -> Result<ProgramId> {
        self.alive()?;
        let mut bound = Vec::new();
        for resource in &plan.resources {
            let id = resources.get(&resource.name).copied();
            let len = id.and_then(|id| self.buffers.get(id.0)?.as_ref()).map(Buffer::len);
            match (id, len) {
                (Some(id), Some(len)) if len >= resource.len => bound.push(id),
                _ => return Err(Error::Gpu(format!("no buffer of {} elements is bound to “{}”", resource.len, resource.name))),
            }
        }
        let mut slots = Vec::new();
        for slot in &plan.slots {
            slots.push(self.allocate("slot", slot.dtype, slot.len)?);
        }
        let constants = self.allocate("constants", DType::F32, plan.constants.len().max(1))?;
        let values: Vec<F> = plan.constants.iter().map(|c| F::of(*c)).collect();
        self.write_floats(constants, 0, &values)?;
        let mut launches = Vec::new();
        for dispatch in &plan.dispatches {
            let fast = if self.simple { None } else { F::fast(dispatch.stem) };
            let run = fast.or_else(|| twin(dispatch.stem));
            let run = run.ok_or_else(|| Error::Shader { shader: dispatch.stem.into(), message: "has no CPU twin".into() })?;
            if dispatch.bindings.len() > MAX_BINDINGS {
                let message = format!("{} bindings are more than the {MAX_BINDINGS} that a twin can have", dispatch.bindings.len());
                return Err(Error::Shader { shader: dispatch.stem.into(), message });
            }
            let buffers = dispatch.bindings.iter().map(|b| match b.memory {
                Memory::Slot(i) => slots[i],
                Memory::Resource(i) => bound[i],
                Memory::Constants => constants,
            });
            launches.push(Launch { buffers: buffers.collect(), dispatch: dispatch.clone(), run });
        }
        let region = |slot: usize, len| Region { buffer: slots[slot], offset: 0, len };
        let outputs = plan.outputs.iter().map(|(name, slot, len)| (name.clone(), region(*slot, *len))).collect();
        slots.push(constants);
        Ok(ProgramId(keep(&mut self.programs, Program { launches, own: slots, outputs })))
    }

    fn read_now(&self, regions: &[Region]) -> Result<Vec<HostData>> {
        self.alive()?;
        let mut out = Vec::with_capacity(regions.len());
        for r in regions {
            match self.buffers.get(r.buffer.0) {
                Some(Some(b)) if r.offset + r.len <= b.len() => out.push(b.host(r.offset, r.len)),
                _ => return Err(Error::Gpu(format!("read of {} elements at {} is out of range", r.len, r.offset))),
            }
        }
        Ok(out)
    }
}

impl<F: Real> Backend for CpuBackend<F> {
    fn info(&self) -> &DeviceInfo {
        &self.info
    }

    fn allocate(&mut self, _label: &str, dtype: DType, len: usize) -> Result<BufferId> {
        self.alive()?;
        let buffer = Buffer::zeros(dtype, len);
        Ok(BufferId(keep(&mut self.buffers, buffer)))
    }

    fn free(&mut self, buffer: BufferId) {
        if let Some(place) = self.buffers.get_mut(buffer.0) {
            *place = None;
        }
    }

    fn write(&mut self, buffer: BufferId, offset: usize, data: HostSlice<'_>) -> Result<()> {
        self.alive()?;
        match (data, self.buffers.get_mut(buffer.0)) {
            (HostSlice::F32(values), Some(Some(Buffer::Floats(v)))) if offset + values.len() <= v.len() => {
                for (to, from) in v[offset..].iter_mut().zip(values) {
                    *to = F::of(f64::from(*from));
                }
                Ok(())
            }
            (HostSlice::U32(values), Some(Some(Buffer::Integers(v)))) if offset + values.len() <= v.len() => {
                v[offset..offset + values.len()].copy_from_slice(values);
                Ok(())
            }
            _ => Err(Error::Gpu(format!("write at element {offset} does not fit its buffer"))),
        }
    }

    fn read(&mut self, regions: &[Region]) -> LocalFuture<'static, Result<Vec<HostData>>> {
        let data = self.read_now(regions);
        Box::pin(async move { data })
    }

    fn copy(&mut self, from: BufferId, to: BufferId) -> Result<()> {
        self.alive()?;
        match (self.buffers.get(from.0).cloned(), self.buffers.get_mut(to.0)) {
            (Some(Some(source)), Some(Some(target))) if source.len() == target.len() => {
                *target = source;
                Ok(())
            }
            _ => Err(Error::Gpu("copy between buffers of different lengths".into())),
        }
    }

    fn load<'a>(&'a mut self, plan: &'a Plan, resources: &'a BTreeMap<String, BufferId>) -> LocalFuture<'a, Result<ProgramId>> {
        let program = self.load_now(plan, resources);
        Box::pin(async move { program })
    }

    fn unload(&mut self, program: ProgramId) {
        if let Some(Some(program)) = self.programs.get_mut(program.0).map(take) {
            for buffer in program.own {
                self.free(buffer);
            }
        }
    }

    fn run(&mut self, programs: &[(ProgramId, usize)]) -> Result<()> {
        self.alive()?;
        for &(id, times) in programs {
            let count = self.programs.get(id.0).and_then(Option::as_ref).map_or(0, |p| p.launches.len());
            for _ in 0..times {
                for index in 0..count {
                    self.launch(id.0, index)?;
                }
            }
        }
        Ok(())
    }

    fn output(&mut self, program: ProgramId, name: &str) -> LocalFuture<'static, Result<HostData>> {
        let region =
            self.programs.get(program.0).and_then(Option::as_ref).and_then(|p| p.outputs.iter().find(|(n, _)| n == name)).map(|(_, r)| *r);
        let data = match region {
            Some(region) => self.read_now(&[region]).map(|mut d| d.remove(0)),
            None => Err(Error::Gpu(format!("the program has no output “{name}”"))),
        };
        Box::pin(async move { data })
    }

    fn profile(&mut self, program: ProgramId, times: usize) -> Result<Profile> {
        let profile = self.profile_now(program, times)?;
        Ok(Profile { times, result: Box::pin(async move { Ok(profile) }) })
    }

    fn memory(&self) -> MemoryUse {
        let live = self.buffers.iter().flatten();
        MemoryUse { buffers: live.clone().count(), bytes: live.map(|b| 4 * b.len() as u64).sum() }
    }

    fn health(&self) -> Result<()> {
        self.alive()
    }

    fn destroy(&mut self) {
        self.buffers.clear();
        self.programs.clear();
        self.destroyed = true;
    }
}

impl<F: Real> CpuBackend<F> {
    fn profile_now(&mut self, program: ProgramId, times: usize) -> Result<Vec<LaunchTime>> {
        self.alive()?;
        let Some(Some(p)) = self.programs.get(program.0) else { return Ok(Vec::new()) };
        let mut spent: Vec<LaunchTime> = p.launches.iter().map(|l| LaunchTime::new(l.dispatch.stem)).collect();
        for _ in 0..times {
            for (index, launch) in spent.iter_mut().enumerate() {
                let start = Instant::now();
                self.launch(program.0, index)?;
                launch.add(start.elapsed().as_secs_f64() * 1e3);
            }
        }
        Ok(spent)
    }
}
