//! Tables for readers.

use unnoise::plan::DeviceInfo;
use unnoise::train::bench::{Growth, KernelShare, Outcome, Peaks, Report, Sampling, Timing, Training};

/// Rows of a table of kernels; the rest takes little of the time.
const KERNELS: usize = 16;

/// The head of a backend's tables.
pub fn peaks(adapter: &DeviceInfo, peaks: &Peaks) {
    println!("\n{}", adapter.name);
    println!("  peaks: {:.1} GFLOP/s in registers, {:.1} GB/s copying", peaks.gflops, peaks.gigabytes_per_second);
    println!("  {:<20} {:>10} {:>10} {:>11} {:>9} {:>6}  ", "", "median ms", "least ms", "per second", "GFLOP/s", "peak");
}

fn row(name: &str, timing: &Timing, per_second: f64, gflops: f64, of_peak: Option<f64>) {
    let of_peak = of_peak.map_or(String::new(), |share| format!("{:.0} %", 100.0 * share));
    let repeats = format!("{} × {}", timing.repeats, timing.each);
    println!("  {name:<20} {:>10.3} {:>10.3} {per_second:>11.2} {gflops:>9.2} {of_peak:>6}  {repeats}", timing.median, timing.least);
}

/// A case, as soon as it is known.
pub fn outcome(outcome: &Outcome) {
    match outcome {
        Outcome::Training(t) => row(&t.name, &t.step, t.steps_per_second, t.gflops, Some(t.of_arithmetic)),
        Outcome::Sampling(Sampling { name, run, samples_per_second, gflops, .. }) => row(name, run, *samples_per_second, *gflops, None),
        Outcome::Growth(growth) => print_growth(growth),
        Outcome::Skipped { name, expected, limit } => {
            println!("  {name:<20} left out: would take about {expected:.0} s, and a case may take {limit:.0} s");
        }
    }
}

fn print_growth(growth: &Growth) {
    println!(
        "  {:<20} slope {:.2} (operations {:.2}), {:.2} over the last three",
        growth.name, growth.slope, growth.slope_of_operations, growth.slope_at_end
    );
    for point in &growth.points {
        let speed = point.step.billions(point.operations as f64);
        println!("    {:>6} {:>10.3} ms {speed:>9.2} GFLOP/s", point.at, point.step.median);
    }
    if let Some(at) = growth.left_out {
        println!("    {at:>6} left out: it would take too long");
    }
}

/// What steps consist of, after all cases.
pub fn analysis(report: &Report) {
    for outcome in &report.outcomes {
        if let Outcome::Training(training) = outcome {
            print_step(training);
        }
    }
}

fn print_step(t: &Training) {
    let cost = &t.cost;
    println!(
        "\n  {}: {} parameters, {} launches of {} pipelines, loaded in {:.0} ms",
        t.name, t.parameters, cost.launches, cost.pipelines, t.load
    );
    println!(
        "    {:.3} GFLOP and {:.1} MB a step, {:.1} FLOP a byte; without fusion {:.1} MB: {:.2} times the least",
        cost.operations as f64 * 1e-9,
        cost.bytes as f64 * 1e-6,
        cost.operations as f64 / cost.bytes as f64,
        cost.least_bytes as f64 * 1e-6,
        cost.ratio,
    );
    for p in &cost.predictions {
        println!(
            "    at best {:>8.3} ms on {} ({:.3} arithmetic, {:.3} memory, {:.3} launches)",
            p.milliseconds, p.device, p.arithmetic, p.memory, p.launching
        );
    }
    if let Some(gain) = &t.tuning {
        println!("    tuned: {} kernels in {:.0} ms; {:.3} ms a step before", gain.kernels, gain.milliseconds, gain.before);
    }
    if let Some(host) = &t.host {
        println!("    host: {:.3} ms a step, {:.3} at least", host.median, host.least);
    }
    if t.kernels.is_empty() {
        println!("    no clock for single kernels here");
        return;
    }
    println!(
        "    {:<24} {:<44} {:>5} {:>9} {:>6} {:>9} {:>8} {:>12}",
        "kernel", "shape", "×", "ms", "share", "GFLOP/s", "GB/s", "of peaks"
    );
    t.kernels.iter().take(KERNELS).for_each(kernel);
    let rest: f64 = t.kernels.iter().skip(KERNELS).map(|k| k.share).sum();
    println!("    {} more take {:.1} %", t.kernels.len().saturating_sub(KERNELS), 100.0 * rest);
}

fn kernel(k: &KernelShare) {
    let of = format!("{:>3.0} % {:>3.0} %", 100.0 * k.of_arithmetic, 100.0 * k.of_bandwidth);
    println!(
        "    {:<24} {:<44} {:>5} {:>9.3} {:>5.1}% {:>9.2} {:>8.2} {of:>12}",
        k.kernel,
        k.shape,
        k.launches,
        k.milliseconds,
        100.0 * k.share,
        k.gflops,
        k.gigabytes_per_second
    );
}
