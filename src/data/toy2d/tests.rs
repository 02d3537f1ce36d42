use super::*;

const N: usize = 100_000;

#[test]
fn draws_have_zero_mean_and_unit_variance() {
    for name in DatasetName::ALL {
        let points = generate(name, N, 11).points;
        let mean = [0, 1].map(|axis| points.iter().map(|p| f64::from(p[axis])).sum::<f64>() / N as f64);
        let square = |p: &[f32; 2]| 0.5 * (f64::from(p[0]).powi(2) + f64::from(p[1]).powi(2));
        let variance = points.iter().map(square).sum::<f64>() / N as f64;
        // Standard errors at 100,000 points: mean below √2/√N = 0.0045; variance below √2/√N for anything whose
        // kurtosis does not exceed a Gaussian's. Bounds at three of them.
        assert!(mean.iter().all(|m| m.abs() < 0.0135), "{name:?}: mean {mean:?}");
        assert!((variance - 1.0).abs() < 0.0135, "{name:?}: variance {variance}");
    }
}

#[test]
fn a_point_depends_on_seed_and_index_alone() {
    for name in DatasetName::ALL {
        let (short, long) = (generate(name, 10, 5), generate(name, 40, 5));
        assert_eq!(short.points, long.points[..10]);
        assert_eq!(short.labels, long.labels[..10]);
        assert_ne!(short.points, generate(name, 10, 6).points);
    }
    assert!(generate(DatasetName::Heart, 0, 0).points.is_empty());
}

#[test]
fn labels_are_classes_in_equal_shares() {
    for name in DatasetName::ALL {
        let set = generate(name, N, 3);
        let mut counts = vec![0usize; set.num_classes];
        for label in &set.labels {
            counts[*label as usize] += 1;
        }
        let expected = N / set.num_classes;
        // Five binomial standard deviations.
        let bound = 5.0 * (expected as f64).sqrt();
        assert!(counts.iter().all(|c| c.abs_diff(expected) as f64 <= bound), "{name:?}: {counts:?}");
    }
}

#[test]
fn points_lie_on_their_shapes() {
    // Undo the normalisation and test each point against the set's own equation, with five deviations of noise.
    let raw = |name: DatasetName| {
        let (set, population) = (generate(name, 4000, 8), name.population());
        let scale = population.variance.sqrt();
        let points = set.points.iter().map(move |p| [0, 1].map(|a| f64::from(p[a]) * scale + population.mean[a]));
        points.zip(set.labels.clone()).collect::<Vec<_>>()
    };
    for ([x, y], label) in raw(DatasetName::TwoMoons) {
        let radius = if label == 0 { x.hypot(y) } else { (x - 1.0).hypot(y - 0.5) };
        assert!((radius - 1.0).abs() < 0.35);
    }
    for ([x, y], label) in raw(DatasetName::Rings) {
        assert!((x.hypot(y) - f64::from(label + 1)).abs() < 0.45);
    }
    for ([x, y], _) in raw(DatasetName::Checkerboard) {
        assert!(x.abs() < 2.0 + 1e-6 && y.abs() < 2.0 + 1e-6);
        let near_edge = [x, y].iter().any(|v| (v - v.round()).abs() < 1e-5);
        assert!(near_edge || (x.floor() + y.floor()).rem_euclid(2.0) == 0.0, "({x}, {y})");
    }
    for ([x, y], _) in raw(DatasetName::Heart) {
        assert!((x * x + y * y - 1.0).powi(3) <= x * x * y.powi(3) + 1e-4);
    }
}

#[test]
fn the_heart_is_not_cut_by_its_rectangle() {
    let points = generate(DatasetName::Heart, N, 1).points;
    let population = DatasetName::Heart.population();
    let scale = population.variance.sqrt();
    let top = points.iter().map(|p| f64::from(p[1]) * scale + population.mean[1]).fold(f64::MIN, f64::max);
    let side = points.iter().map(|p| (f64::from(p[0]) * scale).abs()).fold(f64::MIN, f64::max);
    assert!(top < 1.2367 && top > 1.22, "{top}");
    assert!(side < 1.1392 && side > 1.12, "{side}");
}

#[test]
fn modes_share_the_points_as_labels_say() {
    for (name, count) in [(DatasetName::EightGaussians, 8), (DatasetName::GaussianGrid, 25)] {
        let (set, centres) = (generate(name, 5000, 2), modes(name).unwrap());
        let shares = mode_shares(&set.points, &centres);
        assert_eq!(shares.len(), count);
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        for (mode, share) in shares.iter().enumerate() {
            let labelled = set.labels.iter().filter(|l| **l as usize == mode).count() as f64 / 5000.0;
            // Modes are 7.6 and 12.5 deviations apart: a few points in ten thousand cross over.
            assert!((share - labelled).abs() < 1e-3, "{name:?} {mode}: {share} {labelled}");
        }
    }
    assert!(modes(DatasetName::Heart).is_none());
    assert_eq!(mode_shares(&[], &[[0.0, 0.0]]), [0.0]);
    assert_eq!(mode_shares(&[[f32::NAN, 0.0]], &[[0.0, 0.0]]), [0.0]);
}

#[test]
fn known_points_stay_the_same() {
    // From a separate Python implementation of Threefry and of both sets. Guards the random key: a saved run must find its
    // data again.
    for (name, point, label) in
        [(DatasetName::TwoMoons, [0.589_117_77, 0.129_000_58], 0), (DatasetName::Blobs, [-0.974_294_9, -1.263_389], 3)]
    {
        let set = generate(name, 1, 0);
        assert!((0..2).all(|a| (set.points[0][a] - point[a]).abs() < 1e-6_f32), "{name:?}: {:?}", set.points[0]);
        assert_eq!(set.labels, [label]);
    }
}
