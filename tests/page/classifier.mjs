/**
 * The judge of digits that the page has drawn: the classifier of `tests/common/classifier.rs`, trained natively. Its weights lie in
 * `test-output/classifier.safetensors`, where the native test `classifier` puts them (`cargo test --locked --test classifier`).
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const weightsFile = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "test-output", "classifier.safetensors");

const SIDE = 28;
const CLASSES = 10;
const EPSILON = 1e-5;

/** The classifier in a file: `{ groups, tensors }` with `tensors[name] = { shape, values }`. */
export function loadClassifier(path = weightsFile) {
  if (!existsSync(path)) throw new Error(`${path} is missing; run: cargo test --locked --test classifier`);
  const bytes = readFileSync(path);
  const end = 8 + Number(bytes.readBigUInt64LE(0));
  const { __metadata__: metadata, ...header } = JSON.parse(bytes.toString("utf8", 8, end));
  const tensors = {};
  for (const [name, { dtype, shape, data_offsets: [from, to] }] of Object.entries(header)) {
    if (dtype !== "F32") throw new Error(`${path}: ${name} is ${dtype}, expected F32`);
    // A copy: the tensor need not lie at a multiple of four.
    tensors[name] = { shape, values: new Float32Array(new Uint8Array(bytes.subarray(end + from, end + to)).buffer) };
  }
  return { groups: Number(metadata.groups), tensors };
}

/** 3×3 convolution of `x [side, side, C]`, stride 2, padding 1, with PyTorch's `weight [N, C, 3, 3]`; gives `[half, half, N]`. */
function convolve(x, side, { shape: [outputs, inputs], values: weight }, { values: bias }) {
  const half = Math.ceil(side / 2);
  const y = new Float32Array(half * half * outputs);
  for (let row = 0; row < half; row++) {
    for (let column = 0; column < half; column++) {
      for (let out = 0; out < outputs; out++) {
        let sum = bias[out];
        for (let tap = 0; tap < 9; tap++) {
          const [v, u] = [2 * row + Math.floor(tap / 3) - 1, 2 * column + (tap % 3) - 1];
          if (v < 0 || u < 0 || v >= side || u >= side) continue;
          const at = (v * side + u) * inputs;
          for (let c = 0; c < inputs; c++) sum += x[at + c] * weight[(out * inputs + c) * 9 + tap];
        }
        y[(row * half + column) * outputs + out] = sum;
      }
    }
  }
  return y;
}

/** Group normalisation of `x [pixels, C]` and a ReLU behind it, in place. */
function normalise(x, groups, { values: weight }, { values: bias }) {
  const channels = weight.length;
  const width = channels / groups;
  for (let first = 0; first < channels; first += width) {
    const places = [];
    for (let at = first; at < x.length; at += channels) for (let c = 0; c < width; c++) places.push(at + c);
    const mean = places.reduce((sum, at) => sum + x[at], 0) / places.length;
    const variance = places.reduce((sum, at) => sum + (x[at] - mean) ** 2, 0) / places.length;
    for (const at of places) {
      const c = at % channels;
      x[at] = Math.max(0, ((x[at] - mean) / Math.sqrt(variance + EPSILON)) * weight[c] + bias[c]);
    }
  }
}

/** Logits `[n][10]` of images `[n, 28, 28]` in -1 to 1. */
export function logits({ groups, tensors }, images) {
  const size = SIDE * SIDE;
  if (images.length % size !== 0) throw new Error(`${images.length} numbers are no whole images of 28×28`);
  return Array.from({ length: images.length / size }, (_, image) => {
    let x = images.subarray(image * size, (image + 1) * size);
    let side = SIDE;
    for (let layer = 0; `conv${layer}.weight` in tensors; layer++) {
      x = convolve(x, side, tensors[`conv${layer}.weight`], tensors[`conv${layer}.bias`]);
      normalise(x, groups, tensors[`norm${layer}.weight`], tensors[`norm${layer}.bias`]);
      side = Math.ceil(side / 2);
    }
    // The features are pixel by pixel, channels innermost, as here.
    const { values: weight } = tensors["out.weight"];
    const sums = Array.from(tensors["out.bias"].values);
    for (let out = 0; out < CLASSES; out++) for (let i = 0; i < x.length; i++) sums[out] += x[i] * weight[out * x.length + i];
    return sums;
  });
}

/** The digit that each of the images `[n, 28, 28]` (a `Float32Array`, -1 to 1) is taken for. */
export function classify(classifier, images) {
  return logits(classifier, images).map((row) => row.indexOf(Math.max(...row)));
}
