//! Channels that may lie in two tensors: the twin of `x_at` in `shaders/lib/groups.wgsl`.

use super::{Call, Real};
use crate::Result;

/// Channels of an input that may lie in two tensors side by side.
pub(super) struct Joined<'a, F> {
    x: &'a [F],
    x2: Option<&'a [F]>,
    split: usize,
    rest: usize,
}

impl<'a, F: Real> Joined<'a, F> {
    pub(super) fn of(c: &Call<'a, F>) -> Result<Self> {
        let (channels, split) = (c.u("channels")?, c.u("split")?);
        Ok(Joined { x: c.input("x")?, x2: c.optional("x2"), split, rest: channels - split })
    }

    pub(super) fn at(&self, pixel: usize, channel: usize) -> F {
        match self.x2 {
            Some(x2) if channel >= self.split => x2[pixel * self.rest + channel - self.split],
            _ => self.x[pixel * self.split + channel],
        }
    }
}
