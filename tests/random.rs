//! Random numbers as kernels make them: the right bits, and the right distribution.
#![cfg(not(target_arch = "wasm32"))]

#[path = "common/machines.rs"]
mod machines;

use std::collections::BTreeMap;

use machines::backends;
use pollster::block_on;
use unnoise::graph::ops::state::counter;
use unnoise::graph::{DType, Graph, TensorType};
use unnoise::plan::{Backend, HostData, HostSlice, Plan};
use unnoise::threefry::threefry2x32;

enum Draw {
    /// Words, but for the one value 2³² - 1, which comes out as 0.
    Words,
    Normals,
    /// Labels 0, each replaced by 1 with this probability.
    Dropped(f64),
}

fn draw(backend: &mut dyn Backend, what: Draw, n: usize, seed: u32, stream: u32, step: u32) -> HostData {
    let mut g = Graph::new();
    let build = |g: &mut Graph| -> unnoise::Result<()> {
        let counters = g.resource("counters", TensorType::u32([counter::LEN]))?;
        let y = match what {
            Draw::Words => g.uniform_int(counters, stream, n, u32::MAX as usize)?,
            Draw::Normals => g.normal(counters, stream, [n])?,
            Draw::Dropped(probability) => {
                // Words below 1: zeros.
                let zeros = g.uniform_int(counters, stream + 1, n, 1)?;
                g.drop_labels(zeros, counters, stream, probability, 1)?
            }
        };
        g.output("y", y)
    };
    build(&mut g).expect("builds");
    let plan = Plan::compile(&g, &backend.tuning()).expect("compiles");
    let id = backend.allocate("counters", DType::U32, counter::LEN).expect("allocates");
    let mut counters = [0; counter::LEN];
    (counters[counter::SEED], counters[counter::STEP]) = (seed, step);
    backend.write(id, 0, HostSlice::U32(&counters)).expect("writes");
    let program = block_on(backend.load(&plan, &BTreeMap::from([("counters".to_string(), id)]))).expect("loads");
    backend.run(&[(program, 1)]).expect("runs");
    block_on(backend.output(program, "y")).expect("reads")
}

/// Random123's known answers on the CPU are in `src/threefry.rs`; here every backend gives those words and their like, bit for bit.
#[test]
fn words_are_threefry_on_every_backend() {
    for mut backend in backends() {
        let zero = draw(backend.as_mut(), Draw::Words, 2, 0, 0, 0).integers();
        assert_eq!(zero, [0x6b20_0159, 0x99ba_4efe], "Random123's answer for key and counter 0, on {}", backend.info().name);
        for (seed, stream, step) in [(0x1319_8a2e, 0x0370_7344, 0x243f_6a88), (u32::MAX, u32::MAX, u32::MAX), (1, 2, 3)] {
            let words = draw(backend.as_mut(), Draw::Words, 10_001, seed, stream, step).integers();
            for (i, word) in words.iter().enumerate() {
                let want = threefry2x32([seed, stream], [step, i as u32 / 2])[i % 2];
                assert_eq!(*word, if want == u32::MAX { 0 } else { want }, "element {i} on {}", backend.info().name);
            }
        }
    }
}

/// Abramowitz & Stegun would do; `erf` to 1e-15 leaves nothing to argue about.
fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

#[test]
fn normals_are_normal() {
    const N: usize = 400_000;
    for mut backend in backends() {
        let name = backend.info().name.clone();
        let mut values: Vec<f64> = draw(backend.as_mut(), Draw::Normals, N, 11, 3, 5).floats().into_iter().map(f64::from).collect();
        let n = N as f64;
        let moment = |power: i32| values.iter().map(|v| v.powi(power)).sum::<f64>() / n;
        // Five standard errors of each raw moment's estimate: the variance of xᵏ is E x²ᵏ - (E xᵏ)².
        for (power, mean, variance) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)] {
            let (got, bound) = (moment(power), 5.0 * (f64::sqrt(variance / n)));
            assert!((got - mean).abs() <= bound, "{name}: moment {power} is {got}, off by more than {bound}");
        }
        values.sort_by(f64::total_cmp);
        let distance = values.iter().enumerate().map(|(i, v)| (normal_cdf(*v) - (i as f64 + 0.5) / n).abs()).fold(0.0, f64::max);
        // Kolmogorov's distribution: 1.95 / √n is exceeded once in a thousand.
        assert!(distance <= 1.95 / n.sqrt(), "{name}: Kolmogorov-Smirnov distance {distance}");
        assert!(values[0] > -5.5 && values[N - 1] < 5.5);
    }
}

#[test]
fn labels_are_dropped_as_often_as_asked() {
    const N: usize = 100_000;
    for mut backend in backends() {
        let name = backend.info().name.clone();
        let mut dropped = |probability| {
            draw(backend.as_mut(), Draw::Dropped(probability), N, 11, 3, 5).integers().iter().map(|v| *v as usize).sum::<usize>()
        };
        assert_eq!((dropped(0.0), dropped(1.0)), (0, N), "{name}");
        // The largest number below 1 rounds to a threshold of 2³², which is always.
        assert_eq!(dropped(1.0f64.next_down()), N, "{name}");
        for probability in [0.1, 0.5, 0.93] {
            let (share, deviation) = (dropped(probability) as f64 / N as f64, (probability * (1.0 - probability) / N as f64).sqrt());
            assert!((share - probability).abs() < 5.0 * deviation, "{name}: {share} dropped at {probability}");
        }
    }
    let mut g = Graph::new();
    let counters = g.resource("counters", TensorType::u32([counter::LEN])).expect("a leaf");
    let labels = g.resource("labels", TensorType::u32([3])).expect("a leaf");
    for wrong in [-0.1, 1.1, f64::NAN] {
        let error = g.drop_labels(labels, counters, 1, wrong, 0).expect_err("no probability").to_string();
        assert!(error.contains("probability of 0 to 1"), "{error}");
    }
    assert!(g.uniform_below(counters, 1, 3, counter::LEN).is_err());
}
