/** What a visitor may drop, paste or pick in the digits task, told apart by names. */
import { DataError } from "./fault";
import type { OwnFile } from "./own-files";
import { unzip } from "./zip";

export type Given =
  | { kind: "checkpoint"; name: string; bytes: Uint8Array }
  /** A diffusers folder: configuration, weights and, where there is one, the scheduler's configuration. */
  | { kind: "folder"; name: string; config: string; weights: Uint8Array; scheduler: string | null }
  | { kind: "images"; files: OwnFile[] };

const CONFIG = "config.json";
const WEIGHTS = "diffusion_pytorch_model.safetensors";
const SCHEDULER = "scheduler_config.json";

interface Part {
  path: string;
  bytes(): Promise<Uint8Array>;
}

/** Rejects with a `DataError` that names what is missing from a folder. */
export async function tellApart(files: readonly OwnFile[]): Promise<Given> {
  const first = files[0]?.file;
  if (!first) throw new DataError("nothing");
  if (files.length === 1 && first.name.endsWith(".zip")) {
    const entries = await unzip(first);
    return folder(first.name, entries.map(({ name, bytes }) => ({ path: name, bytes: async () => bytes })));
  }
  if (files.length === 1 && first.name.endsWith(".safetensors")) {
    return { kind: "checkpoint", name: first.name, bytes: await bytesOf(first) };
  }
  if (!files.some(({ file: { name } }) => name.endsWith(".safetensors") || name === CONFIG)) return { kind: "images", files: [...files] };
  const parts = files.map(({ path, file }) => ({ path, bytes: () => bytesOf(file) }));
  return folder(parts[0]!.path.split("/")[0]!, parts);
}

async function folder(name: string, parts: readonly Part[]): Promise<Given> {
  const find = (wanted: string): Part | undefined => {
    const found = parts.filter(({ path }) => path.split("/").pop() === wanted);
    // In a pipeline's folder several models may have a config.json.
    return found.find(({ path }) => path.includes("unet/")) ?? found[0];
  };
  const weights = find(WEIGHTS);
  if (!weights) {
    const alone = parts.filter(({ path }) => path.endsWith(".safetensors"));
    if (alone.length === 1 && !find(CONFIG)) return { kind: "checkpoint", name, bytes: await alone[0]!.bytes() };
  }
  const config = find(CONFIG);
  if (!config || !weights) throw new DataError("folderParts", name, [config ? [] : CONFIG, weights ? [] : WEIGHTS].flat().join(", "));
  const scheduler = find(SCHEDULER);
  const text = async (part: Part): Promise<string> => new TextDecoder().decode(await part.bytes());
  return { kind: "folder", name, config: await text(config), weights: await weights.bytes(), scheduler: scheduler ? await text(scheduler) : null };
}

async function bytesOf(file: File): Promise<Uint8Array> {
  return new Uint8Array(await file.arrayBuffer());
}
