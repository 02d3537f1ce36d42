/** Training images that ship with the page, in shards, so that training starts on the first. */
import type { ImageDataset } from "../worker/image-types";

export interface Shard {
  /** side² bytes for each image. */
  pixels: Uint8Array;
  labels: Uint8Array;
}

export interface ShardOptions {
  side: number;
  signal?: AbortSignal;
  onProgress?: (loaded: number, total: number) => void;
}

/** Yields the images of a data set shard by shard. */
// eslint-disable-next-line require-yield
export async function* loadShards(dataset: Exclude<ImageDataset, "own">, _options: ShardOptions): AsyncGenerator<Shard> {
  throw new Error(`The images of ${dataset} are not part of this build.`);
}
