//! Fixtures written by the scripts under `tests/python/`, and the numbers that those scripts and the tests draw alike.

use std::collections::HashMap;

use safetensors::SafeTensors;
use safetensors::tensor::Dtype;
use serde::de::DeserializeOwned;
use unnoise::graph::ops::state::scalar;
use unnoise::threefry::Stream;

/// Seed of every fixture.
pub const SEED: u32 = 20_240_607;

/// A file under `tests/fixtures/`.
pub struct Fixture {
    bytes: Vec<u8>,
    metadata: HashMap<String, String>,
}

impl Fixture {
    /// Reads `tests/fixtures/<name>.safetensors`.
    pub fn open(name: &str) -> Self {
        Self::read(&format!("{}/tests/fixtures/{name}.safetensors", env!("CARGO_MANIFEST_DIR")))
    }

    /// Reads any such file.
    pub fn read(path: &str) -> Self {
        Self::try_read(path).unwrap_or_else(|e| panic!("{e}"))
    }

    /// The same, with a word on what is wrong.
    pub fn try_read(path: &str) -> Result<Self, String> {
        let bytes = std::fs::read(path).map_err(|e| format!("{path}: {e}"))?;
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| format!("{path}: {e}; it is no safetensors file"))?;
        let metadata = header.metadata().clone().unwrap_or_default();
        Ok(Fixture { bytes, metadata })
    }

    fn tensor(&self, name: &str) -> (Dtype, Vec<u8>) {
        let file = SafeTensors::deserialize(&self.bytes).expect("a safetensors file");
        let view = file.tensor(name).unwrap_or_else(|_| panic!("the fixture has {name}"));
        (view.dtype(), view.data().to_vec())
    }

    /// Raw bytes of a tensor.
    pub fn raw(&self, name: &str) -> Vec<u8> {
        self.tensor(name).1
    }

    /// A tensor of floats, single or half.
    pub fn floats(&self, name: &str) -> Vec<f32> {
        match self.tensor(name) {
            (Dtype::F32, bytes) => bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect(),
            (Dtype::F16, bytes) => bytes.chunks_exact(2).map(|b| half(u16::from_le_bytes([b[0], b[1]]))).collect(),
            (other, _) => panic!("{name} holds {other:?}"),
        }
    }

    /// A tensor of integers that are not negative.
    pub fn integers(&self, name: &str) -> Vec<u32> {
        self.raw(name).chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
    }

    /// A gradient; where it is kept in half precision, a scale lies beside it.
    pub fn gradient(&self, name: &str) -> Vec<f32> {
        let values = self.floats(&format!("grad.{name}"));
        match self.tensor(&format!("grad.{name}")).0 {
            Dtype::F16 => {
                let scale = self.floats(&format!("grad_scale.{name}"))[0];
                values.into_iter().map(|v| v * scale).collect()
            }
            _ => values,
        }
    }

    /// An entry of the metadata, if it has it.
    pub fn entry(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).map(String::as_str)
    }

    /// An entry of the metadata.
    pub fn text(&self, key: &str) -> &str {
        self.metadata.get(key).unwrap_or_else(|| panic!("the fixture says its {key}"))
    }

    /// An entry of the metadata that is JSON.
    pub fn json<T: DeserializeOwned>(&self, key: &str) -> T {
        serde_json::from_str(self.text(key)).unwrap_or_else(|e| panic!("{key}: {e}"))
    }
}

/// The resource `scalars` at the first step of the fixtures' AdamW, which does not clip.
pub fn adamw(weight_decay: f32) -> [f32; scalar::LEN] {
    let mut scalars = [0.0; scalar::LEN];
    for (at, value) in [
        (scalar::BASE_RATE, 1e-3),
        (scalar::BETA1, 0.9),
        (scalar::BETA2, 0.999),
        (scalar::EPSILON, 1e-8),
        (scalar::WEIGHT_DECAY, weight_decay),
        (scalar::BETA1_POWER, 1.0),
        (scalar::BETA2_POWER, 1.0),
    ] {
        scalars[at] = value;
    }
    scalars
}

/// IEEE 754 half precision.
fn half(bits: u16) -> f32 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023));
    let size = if exponent == 0 { fraction * 2f32.powi(-24) } else { (1.0 + fraction / 1024.0) * 2f32.powi(exponent - 15) };
    if bits >> 15 == 1 { -size } else { size }
}

/// The next number in `[-1, 1)`.
pub fn centred(random: &mut Stream) -> f64 {
    2.0 * random.uniform() - 1.0
}

/// Parameter `index` of a model's state dict `(name, shape)`, in PyTorch's layout, by the formulas of the fixtures' script.
pub fn weights(parameters: &[(String, Vec<usize>)], index: usize) -> Vec<f32> {
    let (name, shape) = &parameters[index];
    let mut random = Stream::new(SEED, 1, index as u32);
    let (module, kind) = name.rsplit_once('.').expect("a dotted name");
    let count = shape.iter().product();
    let mut draw = |centre: f64, bound: f64| (0..count).map(|_| (centre + bound * centred(&mut random)) as f32).collect();
    if module.rsplit('.').next().is_some_and(|last| last.contains("norm")) {
        return if kind == "weight" { draw(1.0, 0.2) } else { draw(0.0, 0.1) };
    }
    if name == "class_embedding.weight" {
        return draw(0.0, 3f64.sqrt());
    }
    let weight = format!("{module}.weight");
    let (_, shape) = parameters.iter().find(|(n, _)| *n == weight).expect("a bias has its weight");
    draw(0.0, 1.0 / (shape[1..].iter().product::<usize>() as f64).sqrt())
}

/// `Σ (j + 1) · bits_j` modulo 2⁶⁴, in hexadecimal.
pub fn fingerprint(values: &[f32]) -> String {
    let sum = values.iter().zip(1u64..).fold(0u64, |sum, (v, j)| sum.wrapping_add(j.wrapping_mul(u64::from(v.to_bits()))));
    format!("{sum:016x}")
}

/// `[batch, channels, …]`, PyTorch's layout, as `[batch, …, channels]`.
pub fn channels_last(values: &[f32], batch: usize, channels: usize) -> Vec<f32> {
    let pixels = values.len() / (batch * channels);
    (0..values.len()).map(|i| values[(i / (pixels * channels) * channels + i % channels) * pixels + i / channels % pixels]).collect()
}
