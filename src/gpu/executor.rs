//! Runs plans on a GPU: pipelines and bind groups are made once, a run is one pass in one submit.

use std::collections::BTreeMap;
use std::rc::Rc;

use web_time::Instant;

use super::device::Gpu;
use super::memory::{Ledger, Owned};
use super::pipelines::{Pipeline, Pipelines, uniform_size};
use super::readback::{Reading, Staging};
use crate::graph::{DType, Tuning, Value};
use crate::plan::{
    Backend, BufferId, Counters, DeviceInfo, Dispatch, HostData, HostSlice, LocalFuture, Memory, MemoryUse, Plan, Profile, ProgramId,
    Progress, Region, keep,
};
use crate::{Error, Result};

/// Uniform ranges start at multiples of this many bytes (WebGPU's `minUniformBufferOffsetAlignment`).
const UNIFORM_ALIGNMENT: u64 = 256;

/// One dispatch, ready to record.
pub(super) struct Launch {
    pub stem: &'static str,
    pub pipeline: Rc<Pipeline>,
    pub bind_group: wgpu::BindGroup,
    pub grid: [u32; 3],
}

pub(super) struct Program {
    pub launches: Vec<Launch>,
    /// Everything the launches are bound to that belongs to this program alone.
    own: Vec<Rc<Owned>>,
    outputs: Vec<(String, usize, usize, DType)>,
}

/// The WebGPU backend, native and in browsers.
pub struct GpuBackend {
    pub(super) gpu: Gpu,
    pub(super) ledger: Ledger,
    pub(super) staging: Staging,
    pipelines: Pipelines,
    buffers: Vec<Option<(Rc<Owned>, DType)>>,
    pub(super) programs: Vec<Option<Program>>,
    progress: Option<Progress>,
    tuning: Tuning,
    /// All but buffers and pipelines, which their owners count.
    counters: Counters,
}

impl GpuBackend {
    /// A backend on this device.
    pub fn new(gpu: Gpu) -> Self {
        GpuBackend {
            tuning: gpu.info.kind.tuning(),
            gpu,
            ledger: Ledger::default(),
            staging: Staging::default(),
            pipelines: Pipelines::default(),
            buffers: Vec::new(),
            programs: Vec::new(),
            progress: None,
            counters: Counters::default(),
        }
    }

    /// The program of a plan; over the buffers of `before`, if that is a program whose own buffers are the same.
    async fn program(&mut self, plan: &Plan, resources: &BTreeMap<String, BufferId>, before: Option<ProgramId>) -> Result<Program> {
        self.health()?;
        let mut bound = Vec::new();
        for r in &plan.resources {
            let buffer = resources.get(&r.name).and_then(|id| self.buffers.get(id.0)?.as_ref());
            match buffer {
                Some((b, dtype)) if *dtype == r.dtype && b.bytes >= 4 * r.len as u64 => bound.push(b.clone()),
                _ => return Err(Error::Gpu(format!("no buffer of {} elements is bound to “{}”", r.len, r.name))),
            }
        }
        let storage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
        let mut own: Vec<Rc<Owned>> = Vec::new();
        if let Some(Some(old)) = before.and_then(|id| self.programs.get(id.0)) {
            let fits = plan.slots.len() <= old.own.len() && plan.slots.iter().zip(&old.own).all(|(slot, b)| b.bytes == 4 * slot.len as u64);
            own.extend(old.own.iter().take(plan.slots.len()).filter(|_| fits).cloned());
        }
        for slot in &plan.slots[own.len()..] {
            own.push(Rc::new(self.ledger.allocate(&self.gpu.device, "slot", 4 * slot.len as u64, storage)?));
        }
        let floats: Vec<f32> = plan.constants.iter().map(|c| *c as f32).collect();
        let constants = Rc::new(self.ledger.allocate(&self.gpu.device, "constants", 4 * floats.len() as u64, storage)?);
        self.gpu.queue.write_buffer(&constants.buffer, 0, bytemuck::cast_slice(&floats));

        self.pipelines.compile(&self.gpu.device, &plan.dispatches, self.progress.as_ref()).await?;
        let (offsets, bytes) = self.uniforms(&plan.dispatches)?;
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let uniforms = Rc::new(self.ledger.allocate(&self.gpu.device, "uniforms", bytes.len() as u64, usage)?);
        self.gpu.queue.write_buffer(&uniforms.buffer, 0, &bytes);

        let scope = self.gpu.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let mut launches = Vec::with_capacity(plan.dispatches.len());
        for (dispatch, offset) in plan.dispatches.iter().zip(offsets) {
            let memory = |m: Memory| match m {
                Memory::Slot(i) => &own[i],
                Memory::Resource(i) => &bound[i],
                Memory::Constants => &constants,
            };
            launches.push(self.launch(dispatch, (&uniforms, offset), memory)?);
        }
        if let Some(error) = scope.pop().await {
            return Err(Error::Gpu(error.to_string()));
        }
        self.counters.bind_groups += launches.len() as u64;
        own.extend([constants, uniforms]);
        let outputs = plan.outputs.iter().map(|(name, slot, len)| (name.clone(), *slot, *len, plan.slots[*slot].dtype)).collect();
        Ok(Program { launches, own, outputs })
    }

    /// All uniform structs one after another, and where each dispatch's begins.
    fn uniforms(&self, dispatches: &[Dispatch]) -> Result<(Vec<u64>, Vec<u8>)> {
        let (mut offsets, mut bytes) = (Vec::new(), Vec::new());
        for dispatch in dispatches {
            offsets.push(bytes.len() as u64);
            for (name, ty) in &self.pipelines.of(dispatch)?.shader.params {
                let value = dispatch.params.iter().find(|(n, _)| n == name).map(|(_, v)| *v);
                match (value, ty.as_str()) {
                    (Some(Value::U32(v)), "u32") => bytes.extend(v.to_le_bytes()),
                    (Some(Value::F32(v)), "f32") => bytes.extend((v as f32).to_le_bytes()),
                    _ => {
                        let message = format!("its Params want {name}: {ty}, the launch gives {value:?}");
                        return Err(Error::Shader { shader: dispatch.stem.into(), message });
                    }
                }
            }
            bytes.resize(bytes.len().next_multiple_of(UNIFORM_ALIGNMENT as usize), 0);
        }
        Ok((offsets, bytes))
    }

    fn launch<'a>(&self, dispatch: &Dispatch, uniforms: (&Owned, u64), memory: impl Fn(Memory) -> &'a Rc<Owned>) -> Result<Launch> {
        let pipeline = self.pipelines.of(dispatch)?;
        let mut entries = Vec::new();
        if !pipeline.shader.params.is_empty() {
            let size = wgpu::BufferSize::new(uniform_size(&pipeline.shader));
            let binding = wgpu::BufferBinding { buffer: &uniforms.0.buffer, offset: uniforms.1, size };
            entries.push(wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::Buffer(binding) });
        }
        for declared in &pipeline.shader.storage {
            let Some(b) = dispatch.bindings.iter().find(|b| b.name == declared.name && b.write == declared.write) else {
                let message = format!("declares the binding “{}”, which the launch does not give", declared.name);
                return Err(Error::Shader { shader: dispatch.stem.into(), message });
            };
            let binding = wgpu::BufferBinding {
                buffer: &memory(b.memory).buffer,
                offset: 4 * b.offset as u64,
                size: wgpu::BufferSize::new(4 * b.len as u64),
            };
            entries.push(wgpu::BindGroupEntry { binding: declared.binding, resource: wgpu::BindingResource::Buffer(binding) });
        }
        let descriptor = wgpu::BindGroupDescriptor { label: Some(dispatch.stem), layout: &pipeline.layout, entries: &entries };
        let bind_group = self.gpu.device.create_bind_group(&descriptor);
        Ok(Launch { stem: dispatch.stem, pipeline: pipeline.clone(), bind_group, grid: dispatch.grid })
    }

    /// Records runs of programs and returns the number of launches.
    pub(super) fn record(&self, pass: &mut wgpu::ComputePass<'_>, programs: &[(ProgramId, usize)]) -> Result<u64> {
        let (mut launches, mut set) = (0, None);
        for &(id, times) in programs {
            let Some(Some(program)) = self.programs.get(id.0) else {
                return Err(Error::Gpu("the program is not loaded".into()));
            };
            launches += (times * program.launches.len()) as u64;
            for launch in (0..times).flat_map(|_| &program.launches) {
                // Neighbours are often of one kernel.
                if !set.is_some_and(|set| Rc::ptr_eq(set, &launch.pipeline)) {
                    pass.set_pipeline(&launch.pipeline.pipeline);
                    set = Some(&launch.pipeline);
                }
                pass.set_bind_group(0, &launch.bind_group, &[]);
                pass.dispatch_workgroups(launch.grid[0], launch.grid[1], launch.grid[2]);
            }
        }
        Ok(launches)
    }

    fn buffer(&self, id: BufferId) -> Result<&(Rc<Owned>, DType)> {
        self.buffers.get(id.0).and_then(Option::as_ref).ok_or_else(|| Error::Gpu("the buffer is not there".into()))
    }

    /// Copies byte ranges into one staging buffer and maps it.
    fn read_ranges(&mut self, ranges: Vec<(Rc<Owned>, u64, u64, DType)>) -> Result<LocalFuture<'static, Result<Vec<HostData>>>> {
        self.health()?;
        let total = ranges.iter().map(|(_, _, bytes, _)| bytes).sum();
        let staging = self.staging.take(&self.gpu.device, &self.ledger, total)?;
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        let mut at = 0;
        for (source, offset, bytes, _) in &ranges {
            encoder.copy_buffer_to_buffer(&source.buffer, *offset, &staging.buffer, at, *bytes);
            at += bytes;
        }
        self.gpu.queue.submit([encoder.finish()]);
        let reading = Reading::start(&self.gpu.device, &self.staging, staging, total);
        let trouble = self.gpu.trouble.clone();
        let parts: Vec<(usize, DType)> = ranges.into_iter().map(|(_, _, bytes, dtype)| (bytes as usize, dtype)).collect();
        Ok(Box::pin(async move {
            let bytes = reading.await;
            // A lost device may still hand out bytes, of nothing.
            trouble.check()?;
            let (bytes, mut at) = (bytes?, 0);
            let mut out = Vec::with_capacity(parts.len());
            for (len, dtype) in parts {
                let part = &bytes[at..at + len];
                at += len;
                out.push(match dtype {
                    DType::F32 => HostData::F32(bytemuck::pod_collect_to_vec(part)),
                    DType::U32 => HostData::U32(bytemuck::pod_collect_to_vec(part)),
                });
            }
            Ok(out)
        }))
    }
}

impl Backend for GpuBackend {
    fn info(&self) -> &DeviceInfo {
        &self.gpu.info
    }

    fn tuning(&self) -> Tuning {
        self.tuning.clone()
    }

    fn set_tuning(&mut self, tuning: Tuning) {
        self.tuning = tuning;
    }

    fn allocate(&mut self, label: &str, dtype: DType, len: usize) -> Result<BufferId> {
        self.health()?;
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
        let buffer = (Rc::new(self.ledger.allocate(&self.gpu.device, label, 4 * len as u64, usage)?), dtype);
        Ok(BufferId(keep(&mut self.buffers, buffer)))
    }

    fn free(&mut self, buffer: BufferId) {
        if let Some(place) = self.buffers.get_mut(buffer.0) {
            *place = None;
        }
    }

    fn write(&mut self, buffer: BufferId, offset: usize, data: HostSlice<'_>) -> Result<()> {
        self.health()?;
        let (target, dtype) = self.buffer(buffer)?;
        let (bytes, given): (&[u8], DType) = match data {
            HostSlice::F32(values) => (bytemuck::cast_slice(values), DType::F32),
            HostSlice::U32(values) => (bytemuck::cast_slice(values), DType::U32),
        };
        if given != *dtype || 4 * offset as u64 + bytes.len() as u64 > target.bytes {
            return Err(Error::Gpu(format!("write of {} bytes at element {offset} does not fit its buffer", bytes.len())));
        }
        self.gpu.queue.write_buffer(&target.buffer, 4 * offset as u64, bytes);
        Ok(())
    }

    fn read(&mut self, regions: &[Region]) -> LocalFuture<'static, Result<Vec<HostData>>> {
        let mut ranges = Vec::with_capacity(regions.len());
        for r in regions {
            match self.buffer(r.buffer) {
                Ok((buffer, dtype)) if 4 * (r.offset + r.len) as u64 <= buffer.bytes => {
                    ranges.push((buffer.clone(), 4 * r.offset as u64, 4 * r.len as u64, *dtype));
                }
                Ok(_) => return failed(Error::Gpu(format!("read of {} elements at {} is out of range", r.len, r.offset))),
                Err(error) => return failed(error),
            }
        }
        self.read_ranges(ranges).unwrap_or_else(failed)
    }

    fn copy(&mut self, from: BufferId, to: BufferId) -> Result<()> {
        self.health()?;
        let ((source, _), (target, _)) = (self.buffer(from)?, self.buffer(to)?);
        if source.bytes != target.bytes {
            return Err(Error::Gpu("copy between buffers of different lengths".into()));
        }
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(&source.buffer, 0, &target.buffer, 0, source.bytes);
        self.gpu.queue.submit([encoder.finish()]);
        Ok(())
    }

    fn load<'a>(&'a mut self, plan: &'a Plan, resources: &'a BTreeMap<String, BufferId>) -> LocalFuture<'a, Result<ProgramId>> {
        Box::pin(async move {
            let program = self.program(plan, resources, None).await?;
            Ok(ProgramId(keep(&mut self.programs, program)))
        })
    }

    fn reload<'a>(
        &'a mut self,
        program: ProgramId,
        plan: &'a Plan,
        resources: &'a BTreeMap<String, BufferId>,
    ) -> LocalFuture<'a, Result<()>> {
        Box::pin(async move {
            let made = self.program(plan, resources, Some(program)).await?;
            if let Some(place) = self.programs.get_mut(program.0) {
                *place = Some(made);
            }
            Ok(())
        })
    }

    fn on_progress(&mut self, report: Option<Progress>) {
        self.progress = report;
    }

    fn unload(&mut self, program: ProgramId) {
        if let Some(place) = self.programs.get_mut(program.0) {
            *place = None;
        }
    }

    fn run(&mut self, programs: &[(ProgramId, usize)]) -> Result<()> {
        self.health()?;
        let start = Instant::now();
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        let launches = self.record(&mut encoder.begin_compute_pass(&Default::default()), programs)?;
        self.gpu.queue.submit([encoder.finish()]);
        self.counters.submits += 1;
        self.counters.launches += launches;
        self.counters.encode_seconds += start.elapsed().as_secs_f64();
        Ok(())
    }

    fn time(&mut self, programs: &[(ProgramId, usize)]) -> LocalFuture<'static, Result<Option<Vec<f64>>>> {
        self.time_programs(programs).unwrap_or_else(failed)
    }

    fn counters(&self) -> Counters {
        Counters { buffers: self.ledger.made(), pipelines: self.pipelines.count() as u64, ..self.counters }
    }

    fn output(&mut self, program: ProgramId, name: &str) -> LocalFuture<'static, Result<HostData>> {
        let found = self.programs.get(program.0).and_then(Option::as_ref).and_then(|p| {
            let (_, slot, len, dtype) = p.outputs.iter().find(|(n, ..)| n == name)?;
            Some((p.own[*slot].clone(), 0, 4 * *len as u64, *dtype))
        });
        let Some(range) = found else { return failed(Error::Gpu(format!("the program has no output “{name}”"))) };
        match self.read_ranges(vec![range]) {
            Ok(reading) => Box::pin(async move { reading.await.map(|mut data| data.remove(0)) }),
            Err(error) => failed(error),
        }
    }

    fn profile(&mut self, program: ProgramId, times: usize) -> Result<Profile> {
        self.profile_program(program, times)
    }

    fn memory(&self) -> MemoryUse {
        self.ledger.total()
    }

    fn health(&self) -> Result<()> {
        self.gpu.trouble.check()
    }

    fn destroy(&mut self) {
        self.gpu.device.destroy();
    }
}

fn failed<T: 'static>(error: Error) -> LocalFuture<'static, Result<T>> {
    Box::pin(async move { Err(error) })
}
