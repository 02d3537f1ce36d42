/**
 * IDX, the file format of MNIST: a magic number, the sizes as big-endian 32-bit numbers, then bytes
 * (http://yann.lecun.com/exdb/mnist/). The native twin is `src/data/idx.rs`.
 */
import { DataError } from "./fault";

export const IDX_IMAGES = 0x803;
export const IDX_LABELS = 0x801;
/** Largest side of an image, as in the engine. */
export const MAX_SIDE = 1024;
export const MAX_CLASSES = 256;

export interface IdxImages {
  count: number;
  rows: number;
  columns: number;
  /** `[count, rows, columns]` */
  pixels: Uint8Array;
}

const hex = (magic: number): string => `0x${magic.toString(16).padStart(8, "0")}`;

/** The first four bytes as a big-endian number; `null` if there are fewer. */
export function magicOf(bytes: Uint8Array): number | null {
  return bytes.length < 4 ? null : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}

function open(bytes: Uint8Array, file: string, magic: number, dimensions: number): { sizes: number[]; body: Uint8Array } {
  const found = magicOf(bytes);
  if (found !== null && found !== magic) throw new DataError("idxMagic", file, hex(found), hex(magic));
  const header = 4 * (dimensions + 1);
  if (bytes.length < header) throw new DataError("idxShort", file, bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const sizes = Array.from({ length: dimensions }, (_, k) => view.getUint32(4 * (k + 1)));
  return { sizes, body: bytes.subarray(header) };
}

function checkLength(file: string, count: number, item: number, body: Uint8Array): void {
  if (body.length !== count * item) throw new DataError("idxLength", file, count, count * item, body.length);
}

/** Parses a file of images; `file` is its name in errors. */
export function parseIdxImages(bytes: Uint8Array, file: string): IdxImages {
  const { sizes, body } = open(bytes, file, IDX_IMAGES, 3);
  const [count, rows, columns] = sizes as [number, number, number];
  if (rows < 1 || columns < 1 || rows > MAX_SIDE || columns > MAX_SIDE) throw new DataError("idxSizes", file, rows, columns, MAX_SIDE);
  checkLength(file, count, rows * columns, body);
  if (count === 0) throw new DataError("idxEmpty", file);
  return { count, rows, columns, pixels: body };
}

/** Parses a file of labels, one byte each. */
export function parseIdxLabels(bytes: Uint8Array, file: string): Uint8Array {
  const { sizes, body } = open(bytes, file, IDX_LABELS, 1);
  checkLength(file, sizes[0]!, 1, body);
  return body;
}

/** The images in the middle of black squares, `[count, side, side]`; an odd margin is larger below and to the right. */
export function squared({ count, rows, columns, pixels }: IdxImages): { side: number; pixels: Uint8Array } {
  const side = Math.max(rows, columns);
  if (rows === columns) return { side, pixels };
  const [top, left] = [(side - rows) >> 1, (side - columns) >> 1];
  const out = new Uint8Array(count * side * side);
  for (let row = 0; row < count * rows; row++) {
    const at = (Math.floor(row / rows) * side + top + (row % rows)) * side + left;
    out.set(pixels.subarray(row * columns, (row + 1) * columns), at);
  }
  return { side, pixels: out };
}
