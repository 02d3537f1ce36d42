//! Buffers that are counted, and freed the moment they are dropped: in a browser, dropping a handle frees nothing by itself.

use std::cell::Cell;
use std::rc::Rc;

use crate::plan::MemoryUse;
use crate::{Error, Result};

/// Counts the live buffers of a device.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    live: Rc<Cell<MemoryUse>>,
    made: Rc<Cell<u64>>,
}

impl Ledger {
    /// Live buffers and their bytes.
    pub fn total(&self) -> MemoryUse {
        self.live.get()
    }

    /// Buffers made since the beginning.
    pub fn made(&self) -> u64 {
        self.made.get()
    }

    /// A buffer of `bytes` (rounded up to 4, at least 4).
    ///
    /// # Errors
    /// [`Error::Limit`] if the device cannot bind that much at once.
    pub fn allocate(&self, device: &wgpu::Device, label: &str, bytes: u64, usage: wgpu::BufferUsages) -> Result<Owned> {
        let bytes = bytes.next_multiple_of(4).max(4);
        let limits = device.limits();
        let (limit, have) = if usage.contains(wgpu::BufferUsages::STORAGE) {
            ("maxStorageBufferBindingSize", limits.max_storage_buffer_binding_size)
        } else {
            ("maxBufferSize", limits.max_buffer_size)
        };
        if bytes > have {
            return Err(Error::Limit { what: format!("buffer “{label}”"), limit, need: bytes, have });
        }
        let buffer = device.create_buffer(&wgpu::BufferDescriptor { label: Some(label), size: bytes, usage, mapped_at_creation: false });
        let MemoryUse { buffers, bytes: total } = self.live.get();
        self.live.set(MemoryUse { buffers: buffers + 1, bytes: total + bytes });
        self.made.set(self.made.get() + 1);
        Ok(Owned { buffer, bytes, ledger: self.clone() })
    }
}

/// A counted buffer, destroyed on drop.
#[derive(Debug)]
pub(super) struct Owned {
    pub buffer: wgpu::Buffer,
    pub bytes: u64,
    ledger: Ledger,
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.buffer.destroy();
        let MemoryUse { buffers, bytes } = self.ledger.live.get();
        self.ledger.live.set(MemoryUse { buffers: buffers - 1, bytes: bytes - self.bytes });
    }
}
