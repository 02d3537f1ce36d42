/** What the page and its workers say to each other. Every message is a plain, typed object. */
import type { AdapterInfo, Config, ImageDataset, KernelTime, MemoryPlan, Metrics, Preset, SampleOptions } from "../engine-types";
import type { Asks, Drawn, SampleInputs } from "./ask";
import type { Backend, FolderFile } from "./engine-api";

/** An engine error as data: `field` is a dotted path such as `training.learning_rate`. */
export interface Fault {
  kind: string;
  field: string | null;
  message: string;
  /** Of faults of kind `data`: what the sentence in the strings table is made of. */
  code?: string;
  values?: (string | number)[];
}

/** What every finished sampling run has: its frames stand at these timesteps, noise first. */
export interface TimedClip {
  frameCount: number;
  count: number;
  timesteps: Float32Array;
  evaluations: number;
  milliseconds: number;
  /** Training step at which the model was sampled. */
  step: number;
  options: SampleOptions;
}

/** Points: `frames` holds frame_count × count × (x, y). */
export interface Clip extends TimedClip {
  frames: Float32Array;
  /** Sliced Wasserstein distance of the last frame to the data. */
  quality: number;
}

/** Images as bytes, [frame_count, count, side, side, channels]: x_t, and the x_0 predicted from it. */
export interface ImageClip extends TimedClip {
  frames: Uint8Array;
  predicted: Uint8Array;
  side: number;
  channels: number;
  /** The class of each sample; empty for none. */
  labels: number[];
}

/** Commands of both tasks. */
export type Command =
  | { type: "create"; config: Config; backend: Backend; tune: boolean; playing: boolean; sampling: Sampling }
  | { type: "play" }
  | { type: "pause" }
  | { type: "step"; steps: number }
  | { type: "reset"; config: Config }
  | { type: "learning_rate"; value: number }
  | { type: "sample" }
  | { type: "sampling"; sampling: Sampling }
  | { type: "save" }
  | { type: "load"; bytes: Uint8Array }
  | { type: "profile"; steps: number }
  | { type: "lose_device" }
  /** A question to the engine; see `ask.ts`. */
  | { type: "ask"; method: keyof Asks; args: unknown[] }
  /** Samples that do not replace those shown. */
  | { type: "draw"; options: SampleOptions; inputs: SampleInputs }
  | DigitsCommand;

/** Commands that only image runs know. */
export type DigitsCommand =
  | { type: "plan"; config: Config; sample: SampleOptions }
  /** A diffusers folder, to be trained on with the images of `dataset`. */
  | { type: "load_folder"; config: string; weights: Uint8Array; scheduler: string | null; dataset: ImageDataset }
  | { type: "export" }
  /** The visitor's own images; the next configuration with the data set `own` trains on them. */
  | { type: "own_images"; images: OwnImages }
  /** Fetches the training images that are still missing, after a failure. */
  | { type: "fetch_images" }
  /** The run in the browser's storage, without loading it. */
  | { type: "peek" }
  | { type: "restore" }
  | { type: "discard" }
  /** From now on the run is written to the browser's storage every now and then; null: not. */
  | { type: "keep"; origin: Origin | null }
  /** Writes it now. */
  | { type: "store" };

/** How to sample, and whether to do so again and again while training runs. */
export interface Sampling {
  options: SampleOptions;
  live: boolean;
}

/** A command with the number its answer will carry. */
export type Request = Command & { id: number };

/** What a successful command returns, by command. */
export interface Results {
  create: null;
  play: null;
  pause: null;
  step: null;
  reset: null;
  learning_rate: null;
  sample: null;
  sampling: null;
  save: Uint8Array;
  load: Config;
  profile: KernelTime[];
  lose_device: null;
  ask: unknown;
  draw: Drawn;
  plan: MemoryPlan;
  load_folder: Config;
  export: FolderFile[];
  own_images: null;
  fetch_images: null;
  peek: StoredRun | null;
  restore: { config: Config; run: StoredRun };
  discard: null;
  keep: null;
  store: null;
}

/** Where a run's weights come from. */
export type Origin =
  | { kind: "live" }
  /** Shipped with the page, after `steps` of so many `images` each; the run itself begins at step 0. */
  | { kind: "pretrained"; dataset: ImageDataset; preset: Preset; steps: number; images: number }
  | { kind: "file"; name: string };

/** What is known of a stored run without loading it. */
export interface StoredRun {
  dataset: ImageDataset;
  side: number;
  block_out_channels: number[];
  step: number;
  /** Milliseconds since 1970. */
  saved: number;
  origin: Origin;
  /** Names of the classes of own images. */
  classNames: string[];
}

export interface OwnImages {
  pixels: Uint8Array;
  labels: Uint8Array;
  classNames: string[];
  count: number;
  side: number;
  channels: 1 | 3;
}

/** How far the training images are here. */
export interface ImageProgress {
  held: number;
  total: number;
  /** Share of the download that is done, from 0 to 1. */
  share: number;
  /** Own images that a loaded run was trained on, and that are not here. */
  missing: boolean;
}

/** Whose images these are. */
export interface Credits {
  title: string;
  licence: string;
  credit: string;
  url: string;
}

/** A few training images for the page to show. */
export interface ImageStrip {
  pixels: Uint8Array;
  labels: Uint8Array;
  side: number;
  channels: number;
}

export interface DataSet {
  points: Float32Array;
  labels: Uint32Array;
}

export type Presets = Record<Preset, Record<ImageDataset, Config>>;

export type Update =
  | { type: "defaults"; config: Config; sample: SampleOptions; presets: Presets | null }
  | { type: "created"; adapter: AdapterInfo; config: Config; data: DataSet | null }
  /** The model was replaced (reset or checkpoint): loss history starts over. */
  | { type: "replaced"; config: Config; data: DataSet | null }
  | { type: "running"; playing: boolean }
  | { type: "metrics"; metrics: Metrics }
  | { type: "clip"; clip: Clip }
  | { type: "image_clip"; clip: ImageClip }
  | { type: "compiling"; done: number; total: number }
  | { type: "images"; progress: ImageProgress; strip: ImageStrip | null; credits: Credits | null }
  /** Milliseconds to the next live sample; 0 while one is being drawn. */
  | { type: "next_sample"; wait: number }
  /** The run was written to the browser's storage. */
  | { type: "stored"; step: number }
  /** Something failed that no command asked for. `fatal` means the engine cannot go on. */
  | { type: "trouble"; fault: Fault; fatal: boolean }
  | { type: "done"; id: number; result: unknown }
  | { type: "failed"; id: number; fault: Fault };
