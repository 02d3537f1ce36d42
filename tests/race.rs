//! This engine's side of a race: the same case on every backend, and times of work that was done.
#![cfg(not(target_arch = "wasm32"))]

use pollster::block_on;
use unnoise::cpu::CpuBackend;
use unnoise::gpu::{Gpu, GpuBackend};
use unnoise::plan::Backend;
use unnoise::train::race::{Race, RaceCase, RaceModel};

/// The case of a model, the one that comes after some timed work, and the milliseconds of each kind of it.
fn raced(backend: &mut dyn Backend, model: RaceModel) -> (RaceCase, RaceCase, [f64; 2]) {
    let race = block_on(Race::new(backend, model, 3)).expect("loads");
    let first = block_on(race.case(backend)).expect("runs");
    let times = [block_on(race.train(backend, 2)).expect("trains"), block_on(race.forward(backend, 2)).expect("predicts")];
    let again = block_on(race.case(backend)).expect("runs again");
    race.destroy(backend);
    (first, again, times)
}

fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |m, v| m.max(v.abs()))
}

#[test]
fn a_case_is_the_same_on_both_backends_and_after_work() {
    let gpu = block_on(Gpu::request()).expect("a Vulkan adapter; in software: apt-get install mesa-vulkan-drivers");
    let (mut cpu, mut gpu) = (CpuBackend::<f32>::new(), GpuBackend::new(gpu));
    for model in [RaceModel::Mlp, RaceModel::Tiny] {
        let (on_cpu, again, times) = raced(&mut cpu, model);
        assert_eq!(on_cpu, again, "{model:?}: the timed work left traces");
        assert!(times.iter().all(|t| *t > 0.0), "{model:?}: {times:?}");
        let (on_gpu, again, _) = raced(&mut gpu, model);
        assert_eq!(on_gpu, again, "{model:?}: the timed work left traces");

        assert_eq!((&on_cpu.params, &on_cpu.x, &on_cpu.t), (&on_gpu.params, &on_gpu.x, &on_gpu.t));
        let mse = on_cpu.output.iter().zip(&on_cpu.noise).map(|(o, n)| f64::from(o - n).powi(2)).sum::<f64>() / on_cpu.output.len() as f64;
        assert!((mse / f64::from(on_cpu.loss) - 1.0).abs() < 1e-5, "{model:?}: loss {} of an error of {mse}", on_cpu.loss);
        let off: Vec<f32> = on_cpu.output.iter().zip(&on_gpu.output).map(|(a, b)| a - b).collect();
        assert!(largest(&off) <= 1e-4 * largest(&on_cpu.output), "{model:?}: outputs differ by {:e}", largest(&off));
        // The step moved every parameter that takes part, and the same way.
        for ((before, a), b) in on_cpu.params.iter().zip(&on_cpu.updated).zip(&on_gpu.updated) {
            let change: Vec<f32> = a.values.iter().zip(&before.values).map(|(a, b)| a - b).collect();
            assert!(largest(&change) > 0.0, "{model:?}: {} stays", a.name);
            let off: Vec<f32> = a.values.iter().zip(&b.values).map(|(a, b)| a - b).collect();
            assert!(largest(&off) <= 1e-6, "{model:?}: {} after the step differs by {:e}", a.name, largest(&off));
        }
    }
}
