//! `cargo bench`: speed of the 2D model and of the matrix product on every backend of this machine. `bench.html` is its twin for browsers.

use pollster::block_on;
use unnoise::cpu::CpuBackend;
use unnoise::gpu::{Gpu, GpuBackend};
use unnoise::plan::Backend;
use unnoise::train::bench::{PRODUCTS, models, product, training};

fn main() -> unnoise::Result<()> {
    let mut backends: Vec<Box<dyn Backend>> = vec![Box::new(CpuBackend::<f32>::new())];
    match block_on(Gpu::request()) {
        Ok(gpu) => backends.push(Box::new(GpuBackend::new(gpu))),
        Err(error) => println!("{error}"),
    }
    for mut backend in backends {
        let backend = backend.as_mut();
        println!("\n{}", backend.info().name);
        for config in models() {
            let m = block_on(training(backend, &config))?;
            println!("  {:<62} {:>9.1} steps/s {:>9.2} ms", m.name, m.per_second, m.milliseconds);
        }
        for size in PRODUCTS {
            let m = block_on(product(backend, size))?;
            println!("  {:<62} {:>9.1} GFLOP/s {:>7.2} ms", m.name, m.gflops.unwrap_or(0.0), m.milliseconds);
        }
        let mut trainer = block_on(unnoise::train::Trainer::new(backend, &models()[1]))?;
        trainer.run(backend, 2)?;
        for time in block_on(trainer.profile(backend, 8)?)? {
            println!("    {:<20} {:>4} launches {:>9.3} ms a step", time.kernel, time.calls / 8, time.milliseconds / 8.0);
        }
        trainer.destroy(backend);
    }
    Ok(())
}
