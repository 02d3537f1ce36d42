//! Copies off the device through a pool of staging buffers; pending reads hold up nothing.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use super::memory::{Ledger, Owned};
use crate::{Error, Result};

/// Staging buffers not in use, to be used again.
#[derive(Clone, Default)]
pub(super) struct Staging(Rc<RefCell<Vec<Owned>>>);

impl Staging {
    /// A mappable buffer of at least `bytes`.
    pub fn take(&self, device: &wgpu::Device, ledger: &Ledger, bytes: u64) -> Result<Owned> {
        // Powers of two keep the pool small however the requests vary.
        let bytes = bytes.next_power_of_two().max(256);
        let mut pool = self.0.borrow_mut();
        if let Some(i) = pool.iter().position(|b| b.bytes == bytes) {
            return Ok(pool.swap_remove(i));
        }
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        ledger.allocate(device, "staging", bytes, usage)
    }

    fn give_back(&self, buffer: Owned) {
        self.0.borrow_mut().push(buffer);
    }
}

/// Set by the mapping callback, awaited by the reader.
#[derive(Default)]
struct Signal {
    done: Option<std::result::Result<(), wgpu::BufferAsyncError>>,
    waker: Option<Waker>,
}

/// A read under way; resolves to the bytes.
pub(super) struct Reading {
    device: wgpu::Device,
    staging: Staging,
    buffer: Option<Owned>,
    bytes: u64,
    signal: Arc<Mutex<Signal>>,
}

impl Reading {
    /// Maps `buffer`, into which the copy of `bytes` has been submitted.
    pub fn start(device: &wgpu::Device, staging: &Staging, buffer: Owned, bytes: u64) -> Self {
        let signal = Arc::new(Mutex::new(Signal::default()));
        let setter = signal.clone();
        buffer.buffer.slice(..bytes).map_async(wgpu::MapMode::Read, move |result| {
            if let Ok(mut signal) = setter.lock() {
                signal.done = Some(result);
                if let Some(waker) = signal.waker.take() {
                    waker.wake();
                }
            }
        });
        Reading { device: device.clone(), staging: staging.clone(), buffer: Some(buffer), bytes, signal }
    }

    fn finish(&mut self) -> Result<Vec<u8>> {
        let Some(owned) = self.buffer.take() else { return Err(Error::Gpu("a read was polled after its end".into())) };
        let view = owned.buffer.slice(..self.bytes).get_mapped_range();
        // The mapping had succeeded: only a device lost since then takes it away again.
        let lost = |_| Error::DeviceLost("a mapped buffer is gone".into());
        let bytes = view.map(|view| view.to_vec()).map_err(lost)?;
        owned.buffer.unmap();
        self.staging.give_back(owned);
        Ok(bytes)
    }
}

impl Future for Reading {
    type Output = Result<Vec<u8>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Natively somebody has to drive the device; in a browser this does nothing and the event loop does.
        if let Err(error) = self.device.poll(wgpu::PollType::wait_indefinitely()) {
            return Poll::Ready(Err(Error::Gpu(error.to_string())));
        }
        let done = match self.signal.lock() {
            Ok(mut signal) => {
                signal.waker = Some(cx.waker().clone());
                signal.done.take()
            }
            Err(_) => return Poll::Ready(Err(Error::Gpu("a mapping callback panicked".into()))),
        };
        match done {
            None => Poll::Pending,
            Some(Ok(())) => Poll::Ready(self.finish()),
            Some(Err(_)) => Poll::Ready(Err(Error::DeviceLost("a buffer could not be mapped".into()))),
        }
    }
}
