//! The two float types that twins run in.

use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub};

use super::Twin;

/// `f32` or `f64`, with the functions that kernels use.
pub trait Real:
    Copy
    + PartialOrd
    + Default
    + std::fmt::Debug
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + MulAssign
    + 'static
{
    /// The nearest value to `v`.
    fn of(v: f64) -> Self;
    /// This value in double precision.
    fn wide(self) -> f64;
    /// `e^x`.
    fn exp(self) -> Self;
    /// Natural logarithm.
    fn ln(self) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
    /// Hyperbolic tangent.
    fn tanh(self) -> Self;
    /// Error function.
    fn erf(self) -> Self;
    /// Cosine.
    fn cos(self) -> Self;
    /// Sine.
    fn sin(self) -> Self;
    /// Neither infinite nor NaN.
    fn finite(self) -> bool;
    /// A faster version of the twin `stem`, if this type has one.
    fn fast(stem: &str) -> Option<Twin<Self>>;
}

macro_rules! real {
    ($float:ty, $erf:path, $fast:expr) => {
        impl Real for $float {
            fn of(v: f64) -> Self {
                v as $float
            }
            fn wide(self) -> f64 {
                f64::from(self)
            }
            fn exp(self) -> Self {
                <$float>::exp(self)
            }
            fn ln(self) -> Self {
                <$float>::ln(self)
            }
            fn sqrt(self) -> Self {
                <$float>::sqrt(self)
            }
            fn tanh(self) -> Self {
                <$float>::tanh(self)
            }
            fn erf(self) -> Self {
                $erf(self)
            }
            fn cos(self) -> Self {
                <$float>::cos(self)
            }
            fn sin(self) -> Self {
                <$float>::sin(self)
            }
            fn finite(self) -> bool {
                self.is_finite()
            }
            fn fast(stem: &str) -> Option<Twin<Self>> {
                $fast(stem)
            }
        }
    };
}

real!(f32, libm::erff, super::fast::find);
// The oracle stays simple.
real!(f64, libm::erf, |_: &str| None);
