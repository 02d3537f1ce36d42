/** Image files to bytes of one size, through the browser's own decoders. Works in a page and in a worker. */
import { DataError } from "./fault";
import { resized } from "./resize";

/** Largest side of a file that is decoded. */
const MAX_FILE_SIDE = 8192;
/** Larger images are first brought to this side by the browser, which is quick; the rest is area averaging, the same everywhere. */
const WORK_SIDE = 512;

export type Background = "black" | "white";

export interface Shape {
  /** Images become `[side, side, channels]`. */
  side: number;
  /** 1: grey by Rec. 601, `0.299 R + 0.587 G + 0.114 B`. 3: red, green, blue. */
  channels: 1 | 3;
  /** Fills what is transparent, and the margins of images that are not square. */
  background: Background;
}

/** Decodes a file; `file` is its name in errors. Close the bitmap when done. */
export async function decode(blob: Blob, file: string): Promise<ImageBitmap> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(blob);
  } catch {
    throw new DataError("notImage", file);
  }
  const { width, height } = bitmap;
  if (width > MAX_FILE_SIDE || height > MAX_FILE_SIDE) {
    bitmap.close();
    throw new DataError("imageSize", file, width, height, MAX_FILE_SIDE);
  }
  return bitmap;
}

/** Turns parts of bitmaps into images of one shape. */
export class Painter {
  readonly #shape: Shape;
  readonly #context: OffscreenCanvasRenderingContext2D;

  constructor(shape: Shape) {
    this.#shape = shape;
    // Read back after every drawing: it stays in memory rather than on the GPU.
    this.#context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true })!;
  }

  /** The rectangle of `bitmap` (all of it unless said otherwise), whole and centred in a square, as `[side, side, channels]`. */
  paint(bitmap: ImageBitmap, x = 0, y = 0, width = bitmap.width, height = bitmap.height): Uint8Array {
    const { side, channels, background } = this.#shape;
    const context = this.#context;
    const longest = Math.max(width, height);
    const work = Math.min(longest, WORK_SIDE);
    if (context.canvas.width !== work) context.canvas.width = context.canvas.height = work;
    context.fillStyle = background;
    context.fillRect(0, 0, work, work);
    context.imageSmoothingEnabled = work !== longest;
    context.imageSmoothingQuality = "high";
    const shown = (length: number): number => Math.max(1, Math.round((length * work) / longest));
    const [w, h] = [shown(width), shown(height)];
    context.drawImage(bitmap, x, y, width, height, (work - w) >> 1, (work - h) >> 1, w, h);
    const rgba = context.getImageData(0, 0, work, work).data;
    return resized(channels === 1 ? grey(rgba) : colour(rgba), work, side, channels);
  }
}

/** RGBA to grey: Rec. 601 with weights that sum up to 2^16, rounded. */
export function grey(rgba: Uint8ClampedArray): Uint8Array {
  const out = new Uint8Array(rgba.length / 4);
  for (let i = 0; i < out.length; i++) out[i] = (19595 * rgba[4 * i]! + 38470 * rgba[4 * i + 1]! + 7471 * rgba[4 * i + 2]! + 32768) >> 16;
  return out;
}

/** RGBA without its last channel. */
export function colour(rgba: Uint8ClampedArray): Uint8Array {
  const out = new Uint8Array((rgba.length / 4) * 3);
  for (let i = 0, at = 0; i < rgba.length; i += 4) {
    out[at++] = rgba[i]!;
    out[at++] = rgba[i + 1]!;
    out[at++] = rgba[i + 2]!;
  }
  return out;
}

/** Image `index` of `pixels [n, side, side, channels]` for a canvas' `putImageData`: `new ImageData(toRgba(…), side, side)`. */
export function toRgba(pixels: Uint8Array, side: number, channels: 1 | 3, index: number): Uint8ClampedArray<ArrayBuffer> {
  const out = new Uint8ClampedArray(side * side * 4);
  for (let i = 0; i < side * side; i++) {
    const at = (index * side * side + i) * channels;
    for (let c = 0; c < 3; c++) out[4 * i + c] = pixels[at + (channels === 3 ? c : 0)]!;
    out[4 * i + 3] = 255;
  }
  return out;
}
