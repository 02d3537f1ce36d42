/** What is to be forgotten of an image, pixel by pixel, and how it is drawn. Knows no elements and no engine. */
import type { Shape } from "./edit-images";

/** Steps back that are remembered. */
const HISTORY = 50;

export type Half = "left" | "right" | "top" | "bottom";

export class Mask {
  readonly side: number;
  /** 1 where the image is forgotten, row by row from the top. */
  forgotten: Uint8Array;
  #past: Uint8Array[] = [];

  constructor(side: number) {
    this.side = side;
    this.forgotten = new Uint8Array(side * side);
  }

  get count(): number {
    return this.forgotten.reduce((sum, value) => sum + value, 0);
  }

  get canUndo(): boolean {
    return this.#past.length > 0;
  }

  at(x: number, y: number): boolean {
    return this.forgotten[y * this.side + x] === 1;
  }

  /** Call before a change, which `undo` then takes back as a whole. */
  remember(): void {
    this.#past.push(this.forgotten.slice());
    if (this.#past.length > HISTORY) this.#past.shift();
  }

  undo(): void {
    this.forgotten = this.#past.pop() ?? this.forgotten;
  }

  /** Pixels under a round brush of odd width around (x, y), inside the image. */
  under(x: number, y: number, width: number): number[] {
    const reach = (width - 1) / 2;
    const found: number[] = [];
    for (let row = Math.max(0, y - reach); row <= Math.min(this.side - 1, y + reach); row++) {
      for (let column = Math.max(0, x - reach); column <= Math.min(this.side - 1, x + reach); column++) {
        if (Math.hypot(row - y, column - x) <= reach + 0.3) found.push(row * this.side + column);
      }
    }
    return found;
  }

  /** Draws a straight stroke from (x0, y0) to (x1, y1). */
  stroke(x0: number, y0: number, x1: number, y1: number, width: number, forget: boolean): void {
    const next = this.forgotten.slice();
    const steps = Math.max(1, Math.abs(x1 - x0), Math.abs(y1 - y0));
    for (let i = 0; i <= steps; i++) {
      const [x, y] = [Math.round(x0 + ((x1 - x0) * i) / steps), Math.round(y0 + ((y1 - y0) * i) / steps)];
      for (const pixel of this.under(x, y, width)) next[pixel] = forget ? 1 : 0;
    }
    this.forgotten = next;
  }

  fill(inside: (x: number, y: number) => boolean): void {
    this.remember();
    this.forgotten = this.forgotten.map((_, i) => (inside(i % this.side, Math.floor(i / this.side)) ? 1 : 0));
  }

  half(half: Half): void {
    const middle = this.side / 2;
    this.fill((x, y) => ({ left: x < middle, right: x >= middle, top: y < middle, bottom: y >= middle })[half]);
  }

  clear(): void {
    this.fill(() => false);
  }

  invert(): void {
    const before = this.forgotten;
    this.fill((x, y) => before[y * this.side + x] === 0);
  }

  /** As the engine takes it: 1 where the image is known, for each number of the image. */
  known(channels: number): Float32Array {
    return Float32Array.from({ length: this.forgotten.length * channels }, (_, i) => 1 - this.forgotten[Math.floor(i / channels)]!);
  }
}

/**
 * How visible the seam is: the mean absolute difference, for pixels from -1 to 1, between neighbours of which one is known and the
 * other filled. Null where there is no such pair.
 */
export function seam(images: readonly Float32Array[], forgotten: Uint8Array, { side, channels, scale }: Shape): number | null {
  let [sum, pairs] = [0, 0];
  for (let a = 0; a < forgotten.length; a++) {
    const neighbours = [a % side < side - 1 ? a + 1 : -1, a + side];
    for (const b of neighbours) {
      if (b < 0 || b >= forgotten.length || forgotten[a] === forgotten[b]) continue;
      for (const image of images) {
        for (let c = 0; c < channels; c++) sum += Math.abs(image[a * channels + c]! - image[b * channels + c]!);
        pairs += channels;
      }
    }
  }
  return pairs ? sum / pairs / scale : null;
}

/** The largest change of a known pixel, for pixels from -1 to 1. */
export function drift(images: readonly Float32Array[], source: Float32Array, forgotten: Uint8Array, { channels, scale }: Shape): number {
  let most = 0;
  for (const image of images) {
    for (let i = 0; i < image.length; i++) {
      if (forgotten[Math.floor(i / channels)] === 0) most = Math.max(most, Math.abs(image[i]! - source[i]!));
    }
  }
  return most / scale;
}
