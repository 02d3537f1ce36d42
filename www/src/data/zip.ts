/** ZIP files, as far as folders of weights need them: written without compression, read with and without. */

import { DataError } from "./fault";
import { collect } from "./gzip";

export interface ZipEntry {
  name: string;
  bytes: Uint8Array;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
/** The end record, without the comment that may follow it. */
const END_SIZE = 22;
const COMMENT_MAX = 65535;
/** 1 January 1980: the format has no date before, and a fixed one makes equal folders equal files. */
const DATE = 0x21;
const UTF8 = 0x800;

/** Weights do not compress, so they are stored as they are. */
export function zip(entries: readonly ZipEntry[]): Blob {
  const parts: Uint8Array[] = [];
  const index: Uint8Array[] = [];
  let offset = 0;
  for (const { name, bytes } of entries) {
    const path = new TextEncoder().encode(name);
    const common = [10, UTF8, 0, 0, DATE, crc32(bytes), bytes.length, bytes.length, path.length, 0];
    const sizes = [2, 2, 2, 2, 2, 4, 4, 4, 2, 2];
    const local = record([4, ...sizes], [LOCAL, ...common]);
    parts.push(local, path, bytes);
    index.push(record([4, 2, ...sizes, 2, 2, 2, 4, 4], [CENTRAL, 10, ...common, 0, 0, 0, 0, offset]), path);
    offset += local.length + path.length + bytes.length;
  }
  const indexSize = index.reduce((sum, { length }) => sum + length, 0);
  const end = record([4, 2, 2, 2, 2, 4, 4, 2], [END, 0, 0, entries.length, entries.length, indexSize, offset, 0]);
  return new Blob([...parts, ...index, end] as BlobPart[], { type: "application/zip" });
}

/** Rejects with a `DataError` where the file is none. */
export async function unzip(file: File): Promise<ZipEntry[]> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const view = new DataView(bytes.buffer);
  const damaged = new DataError("zip", file.name);
  let end = bytes.length - END_SIZE;
  const lowest = Math.max(0, end - COMMENT_MAX);
  while (end >= lowest && view.getUint32(end, true) !== END) end--;
  if (end < lowest) throw damaged;
  const entries: ZipEntry[] = [];
  try {
    let at = view.getUint32(end + 16, true);
    for (let left = view.getUint16(end + 10, true); left > 0; left--) {
      if (view.getUint32(at, true) !== CENTRAL) throw damaged;
      const method = view.getUint16(at + 10, true);
      const [packed, size] = [view.getUint32(at + 20, true), view.getUint32(at + 24, true)];
      const [nameLength, extra, comment] = [28, 30, 32].map((place) => view.getUint16(at + place, true)) as [number, number, number];
      const local = view.getUint32(at + 42, true);
      const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
      const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
      if (start + packed > bytes.length) throw damaged;
      if (!name.endsWith("/")) entries.push({ name, bytes: await inflate(bytes.subarray(start, start + packed), method, size, damaged) });
      at += 46 + nameLength + extra + comment;
    }
  } catch (error) {
    throw error instanceof RangeError || error instanceof TypeError ? damaged : error;
  }
  return entries;
}

async function inflate(bytes: Uint8Array, method: number, size: number, damaged: DataError): Promise<Uint8Array> {
  if (method === 0) return bytes.slice();
  if (method !== 8) throw damaged;
  const plain = new Blob([bytes as BlobPart]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  // A file may claim less than it unpacks to; what is more than the claim is not read.
  const out = await collect(plain, size).catch(() => null);
  if (out?.length !== size) throw damaged;
  return out;
}

/** Little-endian fields of the given sizes in bytes. */
function record(sizes: readonly number[], values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  sizes.forEach((size, i) => {
    if (size === 4) view.setUint32(at, values[i]!, true);
    else view.setUint16(at, values[i]!, true);
    at += size;
  });
  return bytes;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) c = TABLE[(c ^ bytes[i]!) & 255]! ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}
