//! Compiled shaders, each made once for all programs of a device.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use web_time::Instant;

use super::shader::{Composed, compose};
use crate::plan::{Dispatch, Progress};
use crate::{Error, Result};

/// Seconds that the compilation of one batch should take: each wait is a message to the device's process and back, and then the page says how far
/// it is.
const BATCH: f64 = 0.1;

/// A compiled shader with what is needed to bind to it.
pub(super) struct Pipeline {
    pub pipeline: wgpu::ComputePipeline,
    pub layout: wgpu::BindGroupLayout,
    pub shader: Composed,
}

/// The pipelines of a device, by what tells them apart.
#[derive(Default)]
pub(super) struct Pipelines(HashMap<String, Rc<Pipeline>>);

impl Pipelines {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// That of a dispatch, if it is compiled.
    pub fn of(&self, dispatch: &Dispatch) -> Result<&Rc<Pipeline>> {
        let missing = || Error::Shader { shader: dispatch.stem.into(), message: "is not compiled".into() };
        self.0.get(&dispatch.pipeline()).ok_or_else(missing)
    }

    /// Compiles what is missing, in the order of the launches, several at a time: on a GPU a wait for each takes longer than it takes to compile.
    ///
    /// # Errors
    /// [`Error::Shader`] with the compiler's words: an invalid pipeline would otherwise run as if it did nothing.
    pub async fn compile(&mut self, device: &wgpu::Device, dispatches: &[Dispatch], progress: Option<&Progress>) -> Result<()> {
        let (mut missing, mut seen) = (Vec::new(), HashSet::new());
        for dispatch in dispatches {
            let key = dispatch.pipeline();
            if !self.0.contains_key(&key) && seen.insert(key.clone()) {
                missing.push((key, dispatch.stem, compose(dispatch.stem, &dispatch.constants)?));
            }
        }
        let all = missing.len();
        let (mut rest, mut together) = (missing.as_slice(), 2);
        while !rest.is_empty() {
            if let Some(report) = progress {
                report(all - rest.len(), all);
            }
            let start = Instant::now();
            let scope = device.push_error_scope(wgpu::ErrorFilter::Validation);
            let (batch, later) = rest.split_at(rest.len().min(together));
            let made: Vec<Pipeline> = batch.iter().map(|(_, stem, shader)| pipeline(device, stem, shader.clone())).collect();
            if let Some(error) = scope.pop().await {
                return Err(blame(device, batch, &error).await);
            }
            self.0.extend(batch.iter().zip(made).map(|((key, ..), made)| (key.clone(), Rc::new(made))));
            rest = later;
            // Doubled or halved at most: shaders differ.
            let wanted = together as f64 * (BATCH / start.elapsed().as_secs_f64()).clamp(0.5, 2.0);
            together = (wanted.round() as usize).max(1);
        }
        if let Some(report) = progress.filter(|_| all > 0) {
            report(all, all);
        }
        Ok(())
    }
}

/// Whose fault the error of a batch was: each is tried by itself.
async fn blame(device: &wgpu::Device, batch: &[(String, &'static str, Composed)], error: &wgpu::Error) -> Error {
    for (_, stem, shader) in batch {
        let scope = device.push_error_scope(wgpu::ErrorFilter::Validation);
        pipeline(device, stem, shader.clone());
        if let Some(error) = scope.pop().await {
            return Error::Shader { shader: stem.to_string(), message: error.to_string() };
        }
    }
    Error::Gpu(error.to_string())
}

/// Bytes of the uniform struct: its fields are all 4 bytes, its size a multiple of 16 is the safe choice everywhere.
pub(super) fn uniform_size(shader: &Composed) -> u64 {
    (4 * shader.params.len() as u64).next_multiple_of(16)
}

fn pipeline(device: &wgpu::Device, stem: &'static str, shader: Composed) -> Pipeline {
    let entry = |binding, ty, min| wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: wgpu::BufferSize::new(min) },
        count: None,
    };
    let mut entries = Vec::new();
    if !shader.params.is_empty() {
        entries.push(entry(0, wgpu::BufferBindingType::Uniform, uniform_size(&shader)));
    }
    for declared in &shader.storage {
        entries.push(entry(declared.binding, wgpu::BufferBindingType::Storage { read_only: !declared.write }, 0));
    }
    let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some(stem), entries: &entries });
    let source = wgpu::ShaderSource::Wgsl(shader.source.as_str().into());
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor { label: Some(stem), source });
    let layouts = wgpu::PipelineLayoutDescriptor { label: Some(stem), bind_group_layouts: &[Some(&layout)], immediate_size: 0 };
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(stem),
        layout: Some(&device.create_pipeline_layout(&layouts)),
        module: &module,
        entry_point: Some("main"),
        compilation_options: Default::default(),
        cache: None,
    });
    Pipeline { pipeline, layout, shader }
}
