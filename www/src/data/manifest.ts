/** `manifest.json` of a packed image set, as `scripts/data.mjs` writes it: what the set is, whose it is, which files it has. */
import { DataError } from "./fault";

/** One file of a set. */
export interface Shard {
  file: string;
  /** Number of images. */
  count: number;
  /** Size of the compressed file. */
  bytes: number;
}

export type Split = "train" | "test";

export interface Manifest {
  /** As in configurations, e.g. `fashion_mnist`. */
  name: string;
  /** For readers, like `licence`, `credit` and `url`. */
  title: string;
  licence: string;
  credit: string;
  url: string;
  /** Images are `[side, side, channels]`. */
  side: number;
  channels: 1 | 3;
  /** Names by label. */
  classes: string[];
  train: Shard[];
  test: Shard[];
}

const isText = (value: unknown): boolean => typeof value === "string";
const isCount = (value: unknown): boolean => Number.isInteger(value) && (value as number) > 0;
const isShards = (value: unknown): boolean =>
  Array.isArray(value) && value.every((shard: Partial<Shard> | null) => isText(shard?.file) && isCount(shard?.count) && isCount(shard?.bytes));

const RULES: Record<keyof Manifest, (value: unknown) => boolean> = {
  name: isText,
  title: isText,
  licence: isText,
  credit: isText,
  url: isText,
  side: (value) => isCount(value) && (value as number) <= 1024,
  channels: (value) => value === 1 || value === 3,
  classes: (value) => Array.isArray(value) && value.length > 0 && value.length <= 256 && value.every(isText),
  train: (value) => isShards(value) && (value as Shard[]).length > 0,
  test: isShards,
};

/** Checks what was parsed from `file`; a `DataError` names the first key that is wrong. */
export function checkManifest(json: unknown, file: string): Manifest {
  const object = (typeof json === "object" && json !== null ? json : {}) as Record<string, unknown>;
  for (const [key, good] of Object.entries(RULES)) if (!good(object[key])) throw new DataError("manifest", file, key);
  return json as Manifest;
}

/** A file of the page's own, or a `DataError` that says why not; `file` is its name in that. Aborting rejects with the signal's reason. */
export async function get(address: URL | string, file: string, signal?: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(address, { signal: signal ?? null });
  } catch {
    signal?.throwIfAborted();
    throw new DataError(globalThis.navigator?.onLine === false ? "offline" : "unreachable", file);
  }
  if (!response.ok) throw new DataError("http", file, String(response.status));
  return response;
}

/** The folder of a set: `data` is the address of the folder of all sets, and ends in `/`. */
export const folderOf = (data: URL | string, name: string): URL => new URL(`${name}/`, data);

/** Fetches the manifest of the set `name`. */
export async function fetchManifest(data: URL | string, name: string, signal?: AbortSignal): Promise<Manifest> {
  const file = `${name}/manifest.json`;
  const response = await get(new URL("manifest.json", folderOf(data, name)), file, signal);
  let json: unknown;
  try {
    json = await response.json();
  } catch {
    signal?.throwIfAborted();
    throw new DataError("damaged", file);
  }
  return checkManifest(json, file);
}
