//! Layout of the two small state buffers of a run; the same numbers stand in `shaders/lib/state.wgsl` (a test compares them).
//!
//! They live on the device and are advanced by a kernel, so that many steps go into one submit.

/// Integers, the resource `counters`.
pub mod counter {
    /// Steps done; the training step being run, from 0, is the same number.
    pub const STEP: usize = 0;
    /// Seed of all random numbers.
    pub const SEED: usize = 1;
    /// 1 once a loss or gradient was not finite: parameters then stay as they are.
    pub const FROZEN: usize = 2;
    /// The step at which that happened.
    pub const FROZEN_AT: usize = 3;
    /// Number of integers that a checkpoint holds: those above. What follows belongs to the machine, not to the run.
    pub const SAVED: usize = 4;
    /// Items of a data set that are there; grows while the data arrive.
    pub const DATA_COUNT: usize = 4;
    /// Number of integers.
    pub const LEN: usize = 5;
}

/// Floats, the resource `scalars`.
pub mod scalar {
    /// Learning rate as set; may change between submits.
    pub const BASE_RATE: usize = 0;
    /// Learning rate of the last step, after its schedule.
    pub const RATE: usize = 1;
    /// Steps over which the rate falls to 0 on half a cosine; 0 keeps it constant.
    pub const COSINE_STEPS: usize = 2;
    /// AdamW's β₁.
    pub const BETA1: usize = 3;
    /// AdamW's β₂.
    pub const BETA2: usize = 4;
    /// AdamW's ε.
    pub const EPSILON: usize = 5;
    /// AdamW's decoupled weight decay.
    pub const WEIGHT_DECAY: usize = 6;
    /// β₁ to the power of the steps done.
    pub const BETA1_POWER: usize = 7;
    /// β₂ to the power of the steps done.
    pub const BETA2_POWER: usize = 8;
    /// Largest norm of the whole gradient; 0 switches clipping off.
    pub const MAX_NORM: usize = 9;
    /// Norm of the last gradient before clipping.
    pub const GRAD_NORM: usize = 10;
    /// Factor put on the last gradient by clipping.
    pub const CLIP: usize = 11;
    /// Decay of the exponential moving average.
    pub const EMA_DECAY: usize = 12;
    /// Decay of the last step: the above, or less while the average is young.
    pub const EMA_NOW: usize = 13;
    /// Loss of the last step.
    pub const LOSS: usize = 14;
    /// Number of floats.
    pub const LEN: usize = 16;
}
