/** Weights that ship with the page: for each data set the folder of a model, as diffusers writes it, laid flat. */
import type { ImageDataset, Preset } from "../engine-types";

/** One line of `weights/manifest.json`. */
export interface Pretrained {
  dataset: ImageDataset;
  preset: Preset;
  steps: number;
  /** Images in each step. */
  images: number;
  /** How long that took. */
  seconds: number;
  /** On what they were trained. */
  adapter: string;
  loss: number;
  /** Where the files lie, below `weights/`. */
  folder: string;
  /** Their names: configuration and weights of the model, and the configuration of its scheduler. */
  files: string[];
  /** Of all files together. */
  bytes: number;
}

/** A model as `Engine.load_folder` takes it. */
export interface ModelFolder {
  config: string;
  weights: Uint8Array;
  scheduler: string | null;
}

const FOLDER = new URL("./weights/", import.meta.url);
const WEIGHTS = /\.safetensors$/;
const SCHEDULER = /^scheduler/;

/** What there is; nothing where the page was built without weights. */
export async function listPretrained(): Promise<Pretrained[]> {
  try {
    const answer = await fetch(new URL("manifest.json", FOLDER));
    const list: unknown = answer.ok ? await answer.json() : [];
    return Array.isArray(list) ? (list as Pretrained[]) : [];
  } catch {
    return [];
  }
}

/** Rejects with an error that names the file that could not be had. */
export async function fetchPretrained({ folder, files }: Pretrained): Promise<ModelFolder> {
  const get = async (name: string): Promise<Uint8Array> => {
    const path = `${folder}/${name}`;
    const answer = await fetch(new URL(path, FOLDER)).catch((error: Error) => {
      throw new Error(`${path}: ${error.message}`);
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${answer.statusText}`);
    return new Uint8Array(await answer.arrayBuffer());
  };
  const weights = files.find((name) => WEIGHTS.test(name));
  const scheduler = files.find((name) => SCHEDULER.test(name));
  const config = files.find((name) => name !== weights && name !== scheduler);
  if (!config || !weights) throw new Error(`weights/manifest.json: ${folder} has no ${config ? "weights" : "config.json"}`);
  const [configured, learned, scheduled] = await Promise.all([get(config), get(weights), scheduler ? get(scheduler) : null]);
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { config: text(configured), weights: learned, scheduler: scheduled && text(scheduled) };
}
