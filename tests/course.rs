//! The course's U-Net trained step by step beside diffusers': same weights, images, timesteps and noise, so the same losses.
#![cfg(not(target_arch = "wasm32"))]

#[path = "common/course.rs"]
mod course;
#[path = "common/fixture.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod fixture;
#[path = "common/machines.rs"]
mod machines;
#[path = "common/step.rs"]
mod step;

use fixture::Fixture;
use unnoise::cpu::CpuBackend;
use unnoise::plan::Backend;

/// Largest relative deviation of a loss.
const TOLERANCE: f64 = 5e-3;

fn follow(backend: &mut dyn Backend, steps: usize) {
    let fixture = Fixture::open("course_losses");
    let got = course::losses(backend, &fixture, steps, |_, _| ()).expect("trains");
    let wanted = fixture.floats("losses");
    let (off, step) = course::largest_deviation(&got, &fixture);
    let name = &backend.info().name;
    println!("{name}: {steps} steps, losses within {off:.1e} (step {step}) of PyTorch's");
    assert!(off <= TOLERANCE, "{name}: the loss of step {step} is {}, PyTorch's {}", got[step], wanted[step]);
}

#[test]
fn the_cpu_backend_follows_diffusers_for_twenty_steps() {
    follow(&mut CpuBackend::<f32>::new(), 20);
}

/// Fewer steps: in software (lavapipe on two cores) each takes about four seconds.
#[test]
fn the_gpu_backend_follows_diffusers() {
    follow(&mut machines::gpu(), 8);
}
