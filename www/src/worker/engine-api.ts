/** The wasm package as the worker sees it (`pkg/unnoise.js`, wasm-bindgen's `web` target). */
import type { EngineAsks, SampleInputs, TableAsks } from "./ask";
import type { AdapterInfo, BackendName, BenchDepth, BenchEvent, Config, ImageDataset, KernelTime, MemoryPlan, Metrics, Preset, SampleOptions } from "../engine-types";

export interface Sample {
  readonly frames: Float32Array;
  readonly frame_count: number;
  readonly count: number;
  readonly timesteps: Float32Array;
  /** Numbers per sample. */
  readonly dim: number;
  readonly model_evaluations: number;
  readonly milliseconds: number;
  /** Image runs: x̂₀ at each frame, as long as `frames`. */
  readonly predicted: Float32Array;
  free(): void;
}

/** One file of a diffusers folder; `name` is its path inside the folder. */
export interface FolderFile {
  name: string;
  bytes: Uint8Array;
}

type Answers<Table extends Record<keyof Table, { args: unknown[]; result: unknown }>> = {
  [Method in keyof Table]: (...args: Table[Method]["args"]) => Table[Method]["result"] | Promise<Table[Method]["result"]>;
};

export interface Engine extends Answers<EngineAsks> {
  adapter(): AdapterInfo;
  /** What was measured of kernels, as text for the next visit; undefined unless it has changed since the last call. */
  tuning(): string | undefined;
  config(): Config;
  data_points(): Float32Array;
  data_labels(): Uint32Array;
  advance(budget_ms: number): Promise<Metrics>;
  step(steps: number): Promise<Metrics>;
  metrics(): Metrics;
  set_learning_rate(learning_rate: number): void;
  reset(config: Config): Promise<void>;
  sample(options: SampleOptions, inputs?: SampleInputs): Promise<Sample>;
  /** At once, unlike other answers. */
  quality(points: Float32Array): number;
  save_checkpoint(): Promise<Uint8Array>;
  load_checkpoint(bytes: Uint8Array): Promise<Config>;
  profile(steps: number): Promise<KernelTime[]>;
  lose_device(): void;
  destroy(): void;
  /** Appends n·side²·channels bytes and n labels to the run's images; resolves to how many it has then. */
  add_images(pixels: Uint8Array, labels: Uint8Array): Promise<number>;
  /** Images of the run; one that replaces another of the same size and data set has them from the start. */
  readonly image_count: number;
  /** Takes weights from a diffusers folder; the run starts at step 0 from them. */
  load_folder(config_json: string, weights: Uint8Array, scheduler_json: string | undefined, dataset: ImageDataset): Promise<Config>;
  export_folder(): Promise<FolderFile[]>;
}

export type Backend = "auto" | "webgpu" | "cpu";

/** What the bench is asked for: how much, and part of the names of the cases (all if empty). */
export interface BenchWish {
  depth: BenchDepth;
  only: string;
}

/** Kernels compiled so far, of how many. */
export type CompileProgress = (done: number, total: number) => void;

export interface EngineModule extends Answers<TableAsks> {
  default(module_or_path?: unknown): Promise<unknown>;
  default_config(): Config;
  default_sample_options(): SampleOptions;
  check_config(config: Partial<Config>): Config;
  check_sample_options(options: Partial<SampleOptions>, config: Config): SampleOptions;
  bench(backend: BackendName, depth: BenchDepth, only: string, report: (event: BenchEvent) => void): Promise<void>;
  preset_config(preset: Preset, dataset: ImageDataset): Config;
  /** Bytes on the device, predicted; `software`: for the CPU, which is given other kernels than a GPU. */
  memory_plan(config: Config, sample: SampleOptions, software: boolean): MemoryPlan;
  Engine: { create(config: Config, backend: Backend, progress?: CompileProgress, tuning?: string): Promise<Engine> };
}
