//! Memory that kernels work in: it belongs to the executor and grows once, so that no launch allocates.

use std::mem::take;

/// What launches leave behind is overwritten by the next one.
#[derive(Debug, Default)]
pub struct Scratch {
    floats: Vec<f32>,
    indices: Vec<u32>,
}

impl Scratch {
    /// Rooms of these lengths, holding whatever was left in them.
    pub(super) fn rooms<const N: usize>(&mut self, lens: [usize; N]) -> [&mut [f32]; N] {
        self.rooms_and_indices(lens, 0).0
    }

    /// The same, and a room for indices.
    pub(super) fn rooms_and_indices<const N: usize>(&mut self, lens: [usize; N], indices: usize) -> ([&mut [f32]; N], &mut [u32]) {
        let total = lens.iter().sum();
        if self.floats.len() < total {
            self.floats.resize(total, 0.0);
        }
        if self.indices.len() < indices {
            self.indices.resize(indices, 0);
        }
        let mut rest = &mut self.floats[..];
        let rooms = lens.map(|len| {
            let (room, after) = take(&mut rest).split_at_mut(len);
            rest = after;
            room
        });
        (rooms, &mut self.indices[..indices])
    }
}
