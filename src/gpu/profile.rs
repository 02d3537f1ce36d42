//! Time per launch by timestamp queries: one pass per dispatch, which is why only a profiled run does it.

use super::executor::GpuBackend;
use super::readback::Reading;
use crate::Result;
use crate::plan::{Backend, LaunchTime, Profile, ProgramId};

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
        let count = (per_run * times) as u32;
        let device = &self.gpu.device;
        let queries = device.create_query_set(&wgpu::QuerySetDescriptor { label: Some("profile"), ty: wgpu::QueryType::Timestamp, count });
        let bytes = 8 * u64::from(count);
        let usage = wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC;
        let resolved = self.ledger.allocate(device, "profile", bytes, usage)?;
        let staging = self.staging.take(device, &self.ledger, bytes)?;
        let mut encoder = device.create_command_encoder(&Default::default());
        for (index, launch) in (0..times).flat_map(|_| &loaded.launches).enumerate() {
            let first = 2 * index as u32;
            let writes = wgpu::ComputePassTimestampWrites {
                query_set: &queries,
                beginning_of_pass_write_index: Some(first),
                end_of_pass_write_index: Some(first + 1),
            };
            let mut pass =
                encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label: Some(launch.stem), timestamp_writes: Some(writes) });
            pass.set_pipeline(&launch.pipeline);
            pass.set_bind_group(0, &launch.bind_group, &[]);
            pass.dispatch_workgroups(launch.grid[0], launch.grid[1], launch.grid[2]);
        }
        encoder.resolve_query_set(&queries, 0..count, &resolved.buffer, 0);
        encoder.copy_buffer_to_buffer(&resolved.buffer, 0, &staging.buffer, 0, bytes);
        self.gpu.queue.submit([encoder.finish()]);
        let mut spent: Vec<LaunchTime> = loaded.launches.iter().map(|launch| LaunchTime::new(launch.stem)).collect();
        let nanoseconds = f64::from(self.gpu.queue.get_timestamp_period());
        let reading = Reading::start(device, &self.staging, staging, bytes);
        let result = Box::pin(async move {
            let ticks: Vec<u64> = bytemuck::pod_collect_to_vec(&reading.await?);
            drop(resolved);
            for run in ticks.chunks_exact(per_run) {
                for (launch, pair) in spent.iter_mut().zip(run.chunks_exact(2)) {
                    // Timestamps may run backwards across a reset of the clock; such a pair counts as nothing.
                    launch.add(pair[1].saturating_sub(pair[0]) as f64 * nanoseconds * 1e-6);
                }
            }
            Ok(spent)
        });
        Ok(Profile { times, result })
    }
}
