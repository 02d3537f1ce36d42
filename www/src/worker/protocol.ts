/** What the page and its worker say to each other. Every message is a plain, typed object. */
import type { AdapterInfo, Config, KernelTime, Metrics, SampleOptions } from "../engine-types";
import type { Backend } from "./engine-api";

/** An engine error as data: `field` is a dotted path such as `training.learning_rate`. */
export interface Fault {
  kind: string;
  field: string | null;
  message: string;
}

/** One finished sampling run: `frames` holds frame_count × count × (x, y), noise first. */
export interface Clip {
  frames: Float32Array;
  frameCount: number;
  count: number;
  timesteps: Int32Array;
  evaluations: number;
  milliseconds: number;
  /** Sliced Wasserstein distance of the last frame to the data. */
  quality: number;
  /** Training step at which the model was sampled. */
  step: number;
  options: SampleOptions;
}

export type Command =
  | { type: "create"; config: Config; backend: Backend; playing: boolean; sampling: Sampling }
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
  | { type: "lose_device" };

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
}

export interface DataSet {
  points: Float32Array;
  labels: Uint32Array;
}

export type Update =
  | { type: "defaults"; config: Config; sample: SampleOptions }
  | { type: "created"; adapter: AdapterInfo; config: Config; data: DataSet }
  /** The model was replaced (reset or checkpoint): loss history starts over. */
  | { type: "replaced"; config: Config; data: DataSet }
  | { type: "running"; playing: boolean }
  | { type: "metrics"; metrics: Metrics }
  | { type: "clip"; clip: Clip }
  /** Something failed that no command asked for. `fatal` means the engine cannot go on. */
  | { type: "trouble"; fault: Fault; fatal: boolean }
  | { type: "done"; id: number; result: unknown }
  | { type: "failed"; id: number; fault: Fault };
