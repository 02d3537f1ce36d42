/** Weights that ship with the page. */
import type { ImageDataset, Preset } from "../engine-types";

/** One line of `weights/manifest.json`. */
export interface Pretrained {
  dataset: ImageDataset;
  preset: Preset;
  steps: number;
  images: number;
  seconds: number;
  /** On what they were trained. */
  adapter: string;
  loss: number;
  file: string;
  bytes: number;
}

const folder = new URL("./weights/", import.meta.url);

/** What there is; nothing where the page was built without weights. */
export async function listPretrained(): Promise<Pretrained[]> {
  try {
    const answer = await fetch(new URL("manifest.json", folder));
    const list: unknown = answer.ok ? await answer.json() : [];
    return Array.isArray(list) ? (list as Pretrained[]) : [];
  } catch {
    return [];
  }
}

export async function fetchPretrained({ file }: Pretrained): Promise<Uint8Array> {
  const answer = await fetch(new URL(file, folder));
  if (!answer.ok) throw new Error(`${file}: ${answer.status} ${answer.statusText}`);
  return new Uint8Array(await answer.arrayBuffer());
}
