//! Modes of the sets that have them, and how a cloud of points is shared among them.

use super::{DatasetName, mixtures};

/// Centres of a set's equally likely round modes, in normalised units and in the order of the labels;
/// `None` for a set that is not made of such modes.
pub fn modes(name: DatasetName) -> Option<Vec<[f32; 2]>> {
    let centre = match name {
        DatasetName::EightGaussians => mixtures::eight_gaussians_centre,
        DatasetName::GaussianGrid => mixtures::gaussian_grid_centre,
        _ => return None,
    };
    let population = name.population();
    let normalised = |mode| population.normalise(centre(mode)).map(|v| v as f32);
    Some((0..name.num_classes() as u32).map(normalised).collect())
}

/// Share of the points whose nearest mode is `modes[k]`, for each k; the shares add up to 1. A point with a NaN belongs
/// to no mode, and all shares are 0 without points.
pub fn mode_shares(points: &[[f32; 2]], modes: &[[f32; 2]]) -> Vec<f64> {
    let mut counts = vec![0usize; modes.len()];
    for point in points {
        let distance = |mode: &[f32; 2]| (point[0] - mode[0]).powi(2) + (point[1] - mode[1]).powi(2);
        let nearest = modes.iter().map(distance).enumerate().filter(|(_, d)| !d.is_nan()).min_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((mode, _)) = nearest {
            counts[mode] += 1;
        }
    }
    counts.into_iter().map(|count| count as f64 / points.len().max(1) as f64).collect()
}
