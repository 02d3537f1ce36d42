//! Shapes of up to four dimensions, and element types.

use std::fmt;
use std::ops::Deref;

/// Element type of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DType {
    /// 32-bit float on the GPU; `f32` or `f64` in the CPU twins.
    F32,
    /// 32-bit unsigned integer: indices, labels, timesteps.
    U32,
}

/// Row-major extents, outermost first; 0 to 4 dimensions (`[]` is a scalar of one element).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Shape(Vec<usize>);

impl Shape {
    /// Most dimensions a tensor may have.
    pub const MAX_RANK: usize = 4;

    /// Number of dimensions.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// Number of elements.
    pub fn elements(&self) -> usize {
        self.0.iter().product()
    }

    /// Extents padded with leading ones to four dimensions.
    pub fn padded(&self) -> [usize; 4] {
        let mut out = [1; 4];
        out[4 - self.0.len()..].copy_from_slice(&self.0);
        out
    }

    /// Splits at `axis` into (elements before, extent of the axis, elements after): the view `[outer, axis, inner]`.
    pub fn around(&self, axis: usize) -> (usize, usize, usize) {
        (self.0[..axis].iter().product(), self.0[axis], self.0[axis + 1..].iter().product())
    }

    /// The shape with `axis` set to `extent`.
    pub fn with(&self, axis: usize, extent: usize) -> Shape {
        let mut dims = self.0.clone();
        dims[axis] = extent;
        Shape(dims)
    }

    /// This shape with another last extent.
    pub fn with_channels(&self, channels: usize) -> Shape {
        self.with(self.rank() - 1, channels)
    }

    /// NumPy's broadcast of two shapes, or `None` if an extent differs and neither is 1.
    pub fn broadcast(&self, other: &Shape) -> Option<Shape> {
        let rank = self.0.len().max(other.0.len());
        let (a, b) = (self.padded(), other.padded());
        let mut dims = Vec::with_capacity(rank);
        for i in 4 - rank..4 {
            dims.push(match (a[i], b[i]) {
                (x, y) if x == y => x,
                (1, y) => y,
                (x, 1) => x,
                _ => return None,
            });
        }
        Some(Shape(dims))
    }

    /// Element strides of this shape read as `target` (which it broadcasts to): 0 along every repeated axis, four of them.
    pub fn strides_in(&self, target: &Shape) -> [usize; 4] {
        let (own, wide) = (self.padded(), target.padded());
        let mut strides = [0; 4];
        let mut step = 1;
        for i in (0..4).rev() {
            strides[i] = if own[i] == 1 && wide[i] != 1 { 0 } else { step };
            step *= own[i];
        }
        strides
    }
}

impl Deref for Shape {
    type Target = [usize];
    fn deref(&self) -> &[usize] {
        &self.0
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(dims: [usize; N]) -> Self {
        Shape(dims.to_vec())
    }
}

impl From<Vec<usize>> for Shape {
    fn from(dims: Vec<usize>) -> Self {
        Shape(dims)
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Shape;

    #[test]
    fn broadcasting_follows_numpy() {
        let a = Shape::from([3, 1, 5]);
        assert_eq!(a.broadcast(&Shape::from([4, 5])), Some(Shape::from([3, 4, 5])));
        assert_eq!(a.broadcast(&Shape::from([2, 5])), Some(Shape::from([3, 2, 5])));
        assert_eq!(a.broadcast(&Shape::from([4, 4])), None);
        assert_eq!(Shape::from([2, 3, 1, 5]).strides_in(&Shape::from([2, 3, 4, 5])), [15, 5, 0, 1]);
    }
}
