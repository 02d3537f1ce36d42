//! Counter-based random numbers: Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror and Shaw, “Parallel random numbers: as
//! easy as 1, 2, 3”, SC 2011), as in the library Random123.
//!
//! A number is a pure function of (key, counter): element `i` of step `s` is the same on every device, in any order, and
//! nothing has to be stored or advanced. This file is the f64 reference; the shaders have an f32 twin of the same integers.

/// Rotation of each of eight consecutive rounds (Random123, `R_32x2_*`).
const ROTATIONS: [u32; 8] = [13, 15, 26, 6, 17, 29, 16, 24];

/// Parity word of the key schedule (Skein's constant, 32-bit form).
const PARITY: u32 = 0x1BD1_1BDA;

/// Two random words for `key` and `counter`.
pub fn threefry2x32(key: [u32; 2], counter: [u32; 2]) -> [u32; 2] {
    let schedule = [key[0], key[1], PARITY ^ key[0] ^ key[1]];
    let mut x0 = counter[0].wrapping_add(key[0]);
    let mut x1 = counter[1].wrapping_add(key[1]);
    for group in 0..5 {
        // Four rounds, then the key is added again, rotated by one word and with the group's number.
        for round in 0..4 {
            x0 = x0.wrapping_add(x1);
            x1 = x1.rotate_left(ROTATIONS[(group % 2) * 4 + round]) ^ x0;
        }
        let next = group + 1;
        x0 = x0.wrapping_add(schedule[next % 3]);
        x1 = x1.wrapping_add(schedule[(next + 1) % 3]).wrapping_add(next as u32);
    }
    [x0, x1]
}

/// A uniform number in (0, 1) from the upper 24 bits of `bits`: the centre of one of 2²⁴ equal cells.
/// Exact in f32 apart from the half cell, never 0 and never 1, so that a logarithm or a quantile is finite.
pub fn uniform01(bits: u32) -> f64 {
    (f64::from(bits >> 8) + 0.5) / f64::from(1u32 << 24)
}

/// A standard normal number from `bits`: the quantile of [`uniform01`]. |z| ≤ 5.42 with 24 bits.
pub fn normal_from_bits(bits: u32) -> f64 {
    normal_quantile(uniform01(bits))
}

/// Quantile of the standard normal distribution for `p` in (0, 1), to about 1e-16 relative:
/// algorithm PPND16 of M. J. Wichura, “Algorithm AS 241”, Applied Statistics 37 (1988).
pub fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        return q * horner(&CENTRE_NUM, r) / horner(&CENTRE_DEN, r);
    }
    let tail = (-(if q < 0.0 { p } else { 1.0 - p }).ln()).sqrt();
    let magnitude = if tail <= 5.0 {
        horner(&NEAR_NUM, tail - 1.6) / horner(&NEAR_DEN, tail - 1.6)
    } else {
        horner(&FAR_NUM, tail - 5.0) / horner(&FAR_DEN, tail - 5.0)
    };
    magnitude.copysign(q)
}

/// `c[0] + c[1] x + c[2] x² + …`
fn horner(coefficients: &[f64; 8], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

const CENTRE_NUM: [f64; 8] = [
    3.387_132_872_796_366_5,
    1.331_416_678_917_843_8e2,
    1.971_590_950_306_551_3e3,
    1.373_169_376_550_946e4,
    4.592_195_393_154_987e4,
    6.726_577_092_700_87e4,
    3.343_057_558_358_813e4,
    2.509_080_928_730_122_7e3,
];
const CENTRE_DEN: [f64; 8] = [
    1.0,
    4.231_333_070_160_091e1,
    6.871_870_074_920_579e2,
    5.394_196_021_424_751e3,
    2.121_379_430_158_659_7e4,
    3.930_789_580_009_271e4,
    2.872_908_573_572_194_3e4,
    5.226_495_278_852_854e3,
];
const NEAR_NUM: [f64; 8] = [
    1.423_437_110_749_683_5,
    4.630_337_846_156_546,
    5.769_497_221_460_691,
    3.647_848_324_763_204_5,
    1.270_458_252_452_368_4,
    2.417_807_251_774_506e-1,
    2.272_384_498_926_918_4e-2,
    7.745_450_142_783_414e-4,
];
const NEAR_DEN: [f64; 8] = [
    1.0,
    2.053_191_626_637_759,
    1.676_384_830_183_803_8,
    6.897_673_349_851e-1,
    1.481_039_764_274_800_8e-1,
    1.519_866_656_361_645_7e-2,
    5.475_938_084_995_345e-4,
    1.050_750_071_644_416_9e-9,
];
const FAR_NUM: [f64; 8] = [
    6.657_904_643_501_103,
    5.463_784_911_164_114,
    1.784_826_539_917_291_3,
    2.965_605_718_285_048_7e-1,
    2.653_218_952_657_612_4e-2,
    1.242_660_947_388_078_4e-3,
    2.711_555_568_743_487_6e-5,
    2.010_334_399_292_288_1e-7,
];
const FAR_DEN: [f64; 8] = [
    1.0,
    5.998_322_065_558_88e-1,
    1.369_298_809_227_358e-1,
    1.487_536_129_085_061_5e-2,
    7.868_691_311_456_133e-4,
    1.846_318_317_510_054_8e-5,
    1.421_511_758_316_446e-7,
    2.044_263_103_389_939_8e-15,
];

/// The sequence of random numbers that belongs to one element: key (seed, stream), counter (element, 0), (element, 1), …
#[derive(Debug, Clone)]
pub struct Stream {
    key: [u32; 2],
    element: u32,
    block: u32,
    spare: Option<u32>,
}

impl Stream {
    /// Starts the sequence of `element` in the named `stream` of `seed`.
    pub fn new(seed: u32, stream: u32, element: u32) -> Self {
        Stream { key: [seed, stream], element, block: 0, spare: None }
    }

    /// The next 32 random bits.
    pub fn next_u32(&mut self) -> u32 {
        if let Some(word) = self.spare.take() {
            return word;
        }
        let [first, second] = threefry2x32(self.key, [self.element, self.block]);
        self.block = self.block.wrapping_add(1);
        self.spare = Some(second);
        first
    }

    /// The next uniform number in (0, 1).
    pub fn uniform(&mut self) -> f64 {
        uniform01(self.next_u32())
    }

    /// The next standard normal number.
    pub fn normal(&mut self) -> f64 {
        normal_from_bits(self.next_u32())
    }

    /// The next integer in `0..n`, for `n` far below 2²⁴ (each value's probability is within 2⁻²⁴ of `1/n`).
    pub fn below(&mut self, n: u32) -> u32 {
        (self.uniform() * f64::from(n)) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threefry_gives_random123_known_answers() {
        assert_eq!(threefry2x32([0, 0], [0, 0]), [0x6b20_0159, 0x99ba_4efe]);
        assert_eq!(threefry2x32([u32::MAX; 2], [u32::MAX; 2]), [0x1cb9_96fc, 0xbb00_2be7]);
        let pi = threefry2x32([0x1319_8a2e, 0x0370_7344], [0x243f_6a88, 0x85a3_08d3]);
        assert_eq!(pi, [0xc492_3a9c, 0x483d_f7a0]);
    }

    #[test]
    fn uniform_never_reaches_its_ends() {
        assert_eq!(uniform01(0), 2f64.powi(-25));
        assert_eq!(uniform01(u32::MAX), 1.0 - 2f64.powi(-25));
    }

    #[test]
    fn quantile_agrees_with_tables() {
        // From Python's statistics.NormalDist().inv_cdf and, independently, mpmath's erfinv at 40 digits.
        for (p, z) in QUANTILES {
            assert!((normal_quantile(p) - z).abs() <= 4e-16 * z.abs().max(1.0) + 1e-15, "p = {p}: {}", normal_quantile(p));
        }
        assert_eq!(normal_quantile(0.5), 0.0);
    }

    const QUANTILES: [(f64, f64); 8] = [
        (0.975, 1.9599639845400538),
        (0.01, -2.326347874040841),
        (0.2, -0.8416212335729142),
        (0.6, 0.2533471031357997),
        (0.9251, 1.440238267527964),
        (2.9802322387695312e-08, -5.419983174916868),
        (1e-12, -7.034483825301132),
        (0.9999999701976776, 5.419983174916868),
    ];

    #[test]
    fn normals_have_normal_moments() {
        // Standard errors for n draws: mean 1/√n, variance √(2/n), skewness √(6/n), kurtosis √(24/n); bounds at 4 of them.
        let n = 200_000u32;
        let draw: Vec<f64> = (0..n).map(|i| Stream::new(7, 1, i).normal()).collect();
        let moment = |k: i32| draw.iter().map(|z| z.powi(k)).sum::<f64>() / f64::from(n);
        let error = |k: f64| 4.0 * (k / f64::from(n)).sqrt();
        assert!(moment(1).abs() < error(1.0));
        assert!((moment(2) - 1.0).abs() < error(2.0));
        assert!(moment(3).abs() < error(15.0));
        assert!((moment(4) - 3.0).abs() < error(96.0));
    }

    #[test]
    fn stream_is_a_function_of_its_names() {
        let words = |seed, stream, element| {
            let mut s = Stream::new(seed, stream, element);
            [s.next_u32(), s.next_u32(), s.next_u32()]
        };
        assert_eq!(words(1, 2, 3), words(1, 2, 3));
        assert_eq!(words(1, 2, 3)[..2], threefry2x32([1, 2], [3, 0]));
        assert_eq!(words(1, 2, 3)[2], threefry2x32([1, 2], [3, 1])[0]);
        assert!([words(2, 2, 3), words(1, 3, 3), words(1, 2, 4)].iter().all(|w| *w != words(1, 2, 3)));
    }

    #[test]
    fn below_is_even() {
        let mut counts = [0u32; 5];
        let mut stream = Stream::new(3, 0, 0);
        for _ in 0..50_000 {
            counts[stream.below(5) as usize] += 1;
        }
        // Binomial standard deviation √(50000·0.2·0.8) ≈ 89.
        assert!(counts.iter().all(|c| c.abs_diff(10_000) < 450), "{counts:?}");
    }
}
