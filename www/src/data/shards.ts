/**
 * The images of a packed set, shard by shard, so that training begins on the first while the rest is on its way. A shard is
 * gzip around all pixels, then one label byte an image.
 */
import { DataError } from "./fault";
import { collect, gunzip, isGzip } from "./gzip";
import { folderOf, get, type Manifest, type Shard, type Split } from "./manifest";
import { resized } from "./resize";

/** How far loading is; it counts compressed bytes as they arrive, and images as they are handed out. */
export interface Progress {
  loadedImages: number;
  totalImages: number;
  loadedBytes: number;
  totalBytes: number;
}

/** One shard: `pixels [n, side, side, channels]`, `labels [n]`. Both are fresh, and may be transferred. */
export interface ImageBatch {
  /** Number of the shard in its split. To try again after an error, start `from` the one after the last that came. */
  index: number;
  pixels: Uint8Array;
  labels: Uint8Array;
}

export interface ShardOptions {
  /** `train` unless said otherwise. */
  split?: Split;
  /** First shard to load, 0 unless said otherwise; what lies before it counts as loaded. */
  from?: number;
  /** Shards to load at most. */
  limit?: number;
  /** Side of the images handed out; the set's own unless said otherwise. */
  side?: number;
  signal?: AbortSignal;
  progress?: (progress: Progress) => void;
}

const total = (shards: Shard[], key: "count" | "bytes"): number => shards.reduce((sum, shard) => sum + shard[key], 0);

/**
 * Loads a set's shards in order. `data` is the address of the folder of all sets, and ends in `/`. While one shard is in use,
 * the next is on its way. Throws a `DataError`, or the signal's reason.
 */
export async function* loadShards(data: URL | string, manifest: Manifest, options: ShardOptions = {}): AsyncGenerator<ImageBatch, void, undefined> {
  const { split = "train", from = 0, limit = Infinity, side = manifest.side, signal, progress } = options;
  const shards = manifest[split].slice(0, from + limit);
  const folder = folderOf(data, manifest.name);
  const before = shards.slice(0, from);
  const state: Progress = {
    loadedImages: total(before, "count"),
    totalImages: total(shards, "count"),
    loadedBytes: total(before, "bytes"),
    totalBytes: total(shards, "bytes"),
  };
  const report = (): void => progress?.({ ...state });
  // Ends the download that is under way, too, when the caller leaves early.
  const stop = new AbortController();
  const signals = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const start = (index: number): Promise<Uint8Array> | null => {
    const shard = shards[index];
    if (!shard) return null;
    const loaded = loadShard(folder, manifest, shard, signals, (bytes) => {
      state.loadedBytes += bytes;
      report();
    });
    // It is awaited later; until then a failure is no unhandled one.
    loaded.catch(() => {});
    return loaded;
  };
  try {
    report();
    let next = start(from);
    for (let index = from; next; index++) {
      const bytes = await next;
      next = start(index + 1);
      const { count } = shards[index]!;
      const images = bytes.length - count;
      const pixels = side === manifest.side ? bytes.slice(0, images) : resized(bytes.subarray(0, images), manifest.side, side, manifest.channels);
      state.loadedImages += count;
      report();
      yield { index, pixels, labels: bytes.slice(images) };
    }
  } finally {
    stop.abort();
  }
}

/** The unpacked bytes of one shard; `arrived` hears of compressed bytes, `shard.bytes` in all. */
async function loadShard(folder: URL, manifest: Manifest, shard: Shard, signal: AbortSignal, arrived: (bytes: number) => void): Promise<Uint8Array> {
  const file = `${manifest.name}/${shard.file}`;
  const wanted = shard.count * (manifest.side * manifest.side * manifest.channels + 1);
  const response = await get(new URL(shard.file, folder), file, signal);
  let got = 0;
  let bytes: Uint8Array | null = null;
  try {
    bytes = await collect(response.body!, 2 * Math.max(wanted, shard.bytes), (length) => {
      // Capped, for a server may have it unpacked on the way; see below.
      arrived(Math.min(length, shard.bytes) - Math.min(got, shard.bytes));
      got = length;
    });
  } catch {
    signal.throwIfAborted();
    throw new DataError("cutOff", file, got, shard.bytes);
  }
  if (!bytes) throw new DataError("damaged", file);
  // Some servers declare a .gz as Content-Encoding: gzip; the browser has unpacked it then.
  if (bytes.length === wanted) return bytes;
  if (bytes.length < shard.bytes) throw new DataError("cutOff", file, bytes.length, shard.bytes);
  let unpacked: Uint8Array | null = null;
  try {
    if (isGzip(bytes)) unpacked = await gunzip(bytes, wanted);
  } catch {
    // Said below.
  }
  signal.throwIfAborted();
  if (!unpacked) throw new DataError("damaged", file);
  if (unpacked.length !== wanted) throw new DataError("shardSize", file, unpacked.length, wanted);
  return unpacked;
}
