//! A twin of every shader: the same file stem, the same bindings, simple code generic over `f32` and `f64`.
//!
//! In `f64` the twins are the oracle that derivatives are checked against, in `f32` that of the shaders. For visitors without
//! a GPU they also do the work, with the heavy ones replaced by those in [`fast`].

// The loops mirror the shaders' index arithmetic line by line, so that the two can be read side by side.
#![expect(clippy::needless_range_loop, reason = "the loops mirror the shaders' index arithmetic")]

mod call;
mod executor;
mod fast;
mod joined;
mod random;
mod real;
mod scratch;

pub use call::Call;
pub use executor::CpuBackend;
pub use real::Real;

use crate::Result;

/// A kernel on the CPU.
pub type Twin<F> = fn(&mut Call<'_, F>) -> Result<()>;

include!(concat!(env!("OUT_DIR"), "/twins.rs"));
