//! The sets that are mixtures of Gaussians, with their components: there the density and its gradient are known exactly.

use super::{DatasetName, mixtures};

/// One Gaussian of a mixture, in normalised units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Component {
    /// Share of the points.
    pub weight: f64,
    /// Mean.
    pub mean: [f64; 2],
    /// Covariance, row-major.
    pub covariance: [[f64; 2]; 2],
}

/// The Gaussians of a set that is a mixture of them, in the units of [`super::generate`] and in the order of the labels;
/// `None` for every other set.
pub fn components(name: DatasetName) -> Option<Vec<Component>> {
    let raw = match name {
        DatasetName::EightGaussians => mixtures::eight_gaussians_components(),
        DatasetName::GaussianGrid => mixtures::gaussian_grid_components(),
        DatasetName::Blobs => mixtures::blobs_components(),
        _ => return None,
    };
    let (population, weight) = (name.population(), 1.0 / raw.len() as f64);
    let component = |(mean, covariance): ([f64; 2], [[f64; 2]; 2])| Component {
        weight,
        mean: population.normalise(mean),
        covariance: covariance.map(|row| row.map(|v| v / population.variance)),
    };
    Some(raw.into_iter().map(component).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::generate;

    #[test]
    fn components_have_the_moments_of_their_points() {
        for name in [DatasetName::EightGaussians, DatasetName::GaussianGrid, DatasetName::Blobs] {
            let set = generate(name, 200_000, 5);
            let components = components(name).expect("a mixture");
            assert_eq!(components.len(), set.num_classes);
            for (label, component) in components.iter().enumerate() {
                let own = || set.points.iter().zip(&set.labels).filter(|(_, l)| **l as usize == label).map(|(p, _)| p.map(f64::from));
                let n = own().count() as f64;
                assert!((n / 200_000.0 / component.weight - 1.0).abs() < 0.05, "{name:?} {label}");
                let mean = [0, 1].map(|axis| own().map(|p| p[axis]).sum::<f64>() / n);
                for (row, wanted) in component.covariance.iter().enumerate() {
                    assert!((mean[row] - component.mean[row]).abs() < 5.0 * (wanted[row] / n).sqrt(), "{name:?} {label}: {mean:?}");
                    for (column, wanted) in wanted.iter().enumerate() {
                        let found = own().map(|p| (p[row] - mean[row]) * (p[column] - mean[column])).sum::<f64>() / n;
                        let scale = (component.covariance[0][0] * component.covariance[1][1]).sqrt();
                        assert!((found - wanted).abs() < 0.08 * scale, "{name:?} {label} [{row}, {column}]: {found} for {wanted}");
                    }
                }
            }
        }
        assert_eq!(components(DatasetName::TwoMoons), None);
    }
}
