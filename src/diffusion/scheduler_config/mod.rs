//! diffusers' `scheduler_config.json`: read and written. Every key is honoured, or has the value that changes nothing, or is
//! refused by its name.

mod keys;
mod read;
mod write;

pub use read::read_scheduler_config;
pub use write::write_scheduler_config;

use keys::Keys;

/// A class of diffusers that can be read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Ddpm,
    Ddim,
    DdimInverse,
    Euler,
    EulerAncestral,
    Heun,
    DpmSolver,
    Lms,
    FlowEuler,
    FlowHeun,
}

impl Class {
    const ALL: [Class; 10] = [
        Class::Ddpm,
        Class::Ddim,
        Class::DdimInverse,
        Class::Euler,
        Class::EulerAncestral,
        Class::Heun,
        Class::DpmSolver,
        Class::Lms,
        Class::FlowEuler,
        Class::FlowHeun,
    ];

    fn name(self) -> &'static str {
        match self {
            Class::Ddpm => "DDPMScheduler",
            Class::Ddim => "DDIMScheduler",
            Class::DdimInverse => "DDIMInverseScheduler",
            Class::Euler => "EulerDiscreteScheduler",
            Class::EulerAncestral => "EulerAncestralDiscreteScheduler",
            Class::Heun => "HeunDiscreteScheduler",
            Class::DpmSolver => "DPMSolverMultistepScheduler",
            Class::Lms => "LMSDiscreteScheduler",
            Class::FlowEuler => "FlowMatchEulerDiscreteScheduler",
            Class::FlowHeun => "FlowMatchHeunDiscreteScheduler",
        }
    }

    fn is_flow(self) -> bool {
        matches!(self, Class::FlowEuler | Class::FlowHeun)
    }
}

#[cfg(test)]
mod tests;
