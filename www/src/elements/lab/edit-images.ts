/** Arithmetic on images as the engine has them: floats, one image after the other, values from -scale to scale. */
import type { Drawn } from "../../worker/ask";

/** How one image lies in memory: rows from the top, channels innermost. */
export interface Shape {
  side: number;
  channels: number;
  /** The largest value a pixel has; the least is its negative. */
  scale: number;
}

export const sizeOf = ({ side, channels }: Shape): number => side * side * channels;

/** 0..255 to -scale..scale. */
export function fromBytes(bytes: Uint8Array, scale: number): Float32Array {
  return Float32Array.from(bytes, (byte) => (byte / 127.5 - 1) * scale);
}

export function toBytes(values: Float32Array, scale: number): Uint8Array {
  const bytes = new Uint8ClampedArray(values.length);
  for (let i = 0; i < values.length; i++) bytes[i] = (values[i]! / scale + 1) * 127.5;
  return new Uint8Array(bytes.buffer);
}

export function repeated(image: Float32Array, count: number): Float32Array {
  return joined(Array.from({ length: count }, () => image));
}

export function joined(images: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(images.reduce((sum, image) => sum + image.length, 0));
  let at = 0;
  for (const image of images) {
    all.set(image, at);
    at += image.length;
  }
  return all;
}

/** The samples of one frame, each an array of its own; frames count from the noise, and -1 is the last. */
export function frameOf({ frames, frameCount, count, dim }: Drawn, frame: number): Float32Array[] {
  const first = (frame < 0 ? frameCount + frame : frame) * count;
  return Array.from({ length: count }, (_, i) => frames.slice((first + i) * dim, (first + i + 1) * dim));
}

/** (1 - share) a + share b. */
export function blended(a: Float32Array, b: Float32Array, share: number): Float32Array {
  return a.map((value, i) => (1 - share) * value + share * b[i]!);
}

/** Along the great circle through a and b, which keeps the length that noise has; straight where both point the same way. */
export function slerp(a: Float32Array, b: Float32Array, share: number): Float32Array {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  const angle = Math.acos(Math.min(1, Math.max(-1, ab / Math.sqrt(aa * bb || 1))));
  if (Math.sin(angle) < 1e-4) return blended(a, b, share);
  const [from, to] = [Math.sin((1 - share) * angle) / Math.sin(angle), Math.sin(share * angle) / Math.sin(angle)];
  return a.map((value, i) => from * value + to * b[i]!);
}

export function moments(values: Float32Array): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(variance) };
}

/** Mean absolute difference, for pixels from -1 to 1. */
export function apart(a: Float32Array, b: Float32Array, scale: number): number {
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length / scale;
}

/** |a - b|, `gain` times as strong, from black to white. */
export function difference(a: Float32Array, b: Float32Array, scale: number, gain: number): Float32Array {
  return a.map((value, i) => Math.min(scale, 2 * gain * Math.abs(value - b[i]!) - scale));
}
