//! Time by timestamp queries: of every launch of a program, each in a pass of its own, which is why only a profiled run does it; and of
//! whole programs.

use super::executor::GpuBackend;
use super::memory::Owned;
use super::readback::Reading;
use crate::Result;
use crate::plan::{Backend, LaunchTime, LocalFuture, Profile, ProgramId};

/// Timestamps a query set may hold (WebGPU's limit is 4096).
const MAX_QUERIES: usize = 4096;

impl GpuBackend {
    /// Runs the program `times` times (fewer if the clock's memory is full) and adds up the time per launch.
    pub(super) fn profile_program(&mut self, program: ProgramId, times: usize) -> Result<Profile> {
        self.health()?;
        let Some(Some(loaded)) = self.programs.get(program.0) else { return Ok(Profile::none()) };
        let per_run = 2 * loaded.launches.len();
        if !self.gpu.timestamps || per_run == 0 || per_run > MAX_QUERIES {
            return Ok(Profile::none());
        }
        let times = times.clamp(1, MAX_QUERIES / per_run);
        let clock = self.clock((per_run * times) as u32)?;
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        for (index, launch) in (0..times).flat_map(|_| &loaded.launches).enumerate() {
            let descriptor = wgpu::ComputePassDescriptor { label: Some(launch.stem), timestamp_writes: Some(clock.around(index)) };
            let mut pass = encoder.begin_compute_pass(&descriptor);
            pass.set_pipeline(&launch.pipeline.pipeline);
            pass.set_bind_group(0, &launch.bind_group, &[]);
            pass.dispatch_workgroups(launch.grid[0], launch.grid[1], launch.grid[2]);
        }
        let mut spent: Vec<LaunchTime> = loaded.launches.iter().map(|launch| LaunchTime::new(launch.stem)).collect();
        let reading = self.read_clock(clock, encoder);
        let result = Box::pin(async move {
            for run in reading.await?.chunks_exact(spent.len()) {
                spent.iter_mut().zip(run).for_each(|(launch, seconds)| launch.add(seconds * 1e3));
            }
            Ok(spent)
        });
        Ok(Profile { times, result })
    }

    /// Runs each program so many times in a pass of its own, a timestamp at each end.
    pub(super) fn time_programs(&mut self, programs: &[(ProgramId, usize)]) -> Result<LocalFuture<'static, Result<Option<Vec<f64>>>>> {
        self.health()?;
        let count = 2 * programs.len();
        if !self.gpu.timestamps || count == 0 || count > MAX_QUERIES {
            return Ok(Box::pin(async { Ok(None) }));
        }
        let clock = self.clock(count as u32)?;
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        for (index, work) in programs.iter().enumerate() {
            let descriptor = wgpu::ComputePassDescriptor { label: Some("time"), timestamp_writes: Some(clock.around(index)) };
            self.record(&mut encoder.begin_compute_pass(&descriptor), &[*work])?;
        }
        let reading = self.read_clock(clock, encoder);
        Ok(Box::pin(async move { Ok(Some(reading.await?)) }))
    }

    /// Room for so many timestamps.
    fn clock(&self, count: u32) -> Result<Clock> {
        let device = &self.gpu.device;
        let queries = device.create_query_set(&wgpu::QuerySetDescriptor { label: Some("clock"), ty: wgpu::QueryType::Timestamp, count });
        let bytes = 8 * u64::from(count);
        let usage = wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC;
        let resolved = self.ledger.allocate(device, "clock", bytes, usage)?;
        let staging = self.staging.take(device, &self.ledger, bytes)?;
        Ok(Clock { queries, count, resolved, staging })
    }

    /// Submits what was recorded and resolves to the seconds between the timestamps of each pair.
    fn read_clock(&self, clock: Clock, mut encoder: wgpu::CommandEncoder) -> LocalFuture<'static, Result<Vec<f64>>> {
        let Clock { queries, count, resolved, staging } = clock;
        let bytes = 8 * u64::from(count);
        encoder.resolve_query_set(&queries, 0..count, &resolved.buffer, 0);
        encoder.copy_buffer_to_buffer(&resolved.buffer, 0, &staging.buffer, 0, bytes);
        self.gpu.queue.submit([encoder.finish()]);
        let seconds = f64::from(self.gpu.queue.get_timestamp_period()) * 1e-9;
        let reading = Reading::start(&self.gpu.device, &self.staging, staging, bytes);
        Box::pin(async move {
            let ticks: Vec<u64> = bytemuck::pod_collect_to_vec(&reading.await?);
            drop(resolved);
            // Timestamps may run backwards across a reset of the clock; such a pair counts as nothing.
            Ok(ticks.chunks_exact(2).map(|pair| pair[1].saturating_sub(pair[0]) as f64 * seconds).collect())
        })
    }
}

/// Timestamps on their way.
struct Clock {
    queries: wgpu::QuerySet,
    count: u32,
    resolved: Owned,
    staging: Owned,
}

impl Clock {
    /// The `index`-th pair of timestamps, at both ends of a pass.
    fn around(&self, index: usize) -> wgpu::ComputePassTimestampWrites<'_> {
        let first = 2 * index as u32;
        wgpu::ComputePassTimestampWrites {
            query_set: &self.queries,
            beginning_of_pass_write_index: Some(first),
            end_of_pass_write_index: Some(first + 1),
        }
    }
}
