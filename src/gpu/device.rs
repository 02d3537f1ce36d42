//! Adapter and device, and what they report of their own accord: errors nobody asked for, a lost device.

use std::sync::{Arc, Mutex};

use crate::plan::{DeviceInfo, DeviceKind};
use crate::{Error, Result};

/// The first trouble a device reported, kept until somebody asks.
#[derive(Debug, Clone, Default)]
pub(super) struct Trouble(Arc<Mutex<Option<Error>>>);

impl Trouble {
    fn report(&self, error: Error) {
        if let Ok(mut first) = self.0.lock() {
            // That the device is gone outweighs the errors that follow from it.
            if first.is_none() || matches!(error, Error::DeviceLost(_)) {
                *first = Some(error);
            }
        }
    }

    /// The trouble, if there was any; it stays.
    pub fn check(&self) -> Result<()> {
        match self.0.lock() {
            Ok(first) => first.clone().map_or(Ok(()), Err),
            Err(_) => Err(Error::Gpu("the device's error handler panicked".into())),
        }
    }
}

/// A device with its queue.
pub struct Gpu {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) trouble: Trouble,
    pub(super) info: DeviceInfo,
    pub(super) timestamps: bool,
}

impl Gpu {
    /// Asks for an adapter and a device with WebGPU's default limits, the timestamp clock if there is one.
    ///
    /// # Errors
    /// [`Error::NoAdapter`] if there is no adapter or it gives no device.
    pub async fn request() -> Result<Gpu> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let options = wgpu::RequestAdapterOptions { power_preference: wgpu::PowerPreference::HighPerformance, ..Default::default() };
        let adapter = instance.request_adapter(&options).await.map_err(|e| Error::NoAdapter(e.to_string()))?;
        let timestamps = adapter.features().contains(wgpu::Features::TIMESTAMP_QUERY);
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("unnoise"),
            required_features: if timestamps { wgpu::Features::TIMESTAMP_QUERY } else { wgpu::Features::empty() },
            required_limits: wgpu::Limits::default(),
            ..Default::default()
        };
        let (device, queue) = adapter.request_device(&descriptor).await.map_err(|e| Error::NoAdapter(e.to_string()))?;
        let trouble = Trouble::default();
        let heard = trouble.clone();
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| heard.report(Error::Gpu(error.to_string()))));
        let heard = trouble.clone();
        device.set_device_lost_callback(move |reason, message| {
            heard.report(Error::DeviceLost(format!("{reason:?}: {message}")));
        });
        let about = adapter.get_info();
        let kind = if about.device_type == wgpu::DeviceType::Cpu { DeviceKind::SoftwareGpu } else { DeviceKind::Gpu };
        let name = if about.name.is_empty() { "WebGPU adapter".to_string() } else { about.name };
        Ok(Gpu { device, queue, trouble, info: DeviceInfo { kind, name }, timestamps })
    }

    /// Replaces kind and name by what the host knows better: browsers tell wgpu little about the adapter.
    pub fn describe(&mut self, info: DeviceInfo) {
        self.info = info;
    }

    /// Who this is.
    pub fn info(&self) -> &DeviceInfo {
        &self.info
    }

    /// The wgpu device, for hosts that want to ask it for more.
    pub fn device(&self) -> &wgpu::Device {
        &self.device
    }
}
