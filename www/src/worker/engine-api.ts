/** The wasm package as the worker sees it (`pkg/unnoise.js`, wasm-bindgen's `web` target). */
import type { AdapterInfo, BackendName, Config, KernelTime, Metrics, SampleOptions } from "../engine-types";

export interface Sample {
  readonly frames: Float32Array;
  readonly frame_count: number;
  readonly count: number;
  readonly timesteps: Int32Array;
  readonly model_evaluations: number;
  readonly milliseconds: number;
  free(): void;
}

export interface Engine {
  adapter(): AdapterInfo;
  config(): Config;
  data_points(): Float32Array;
  data_labels(): Uint32Array;
  advance(budget_ms: number): Promise<Metrics>;
  step(steps: number): Promise<Metrics>;
  metrics(): Metrics;
  set_learning_rate(learning_rate: number): void;
  reset(config: Config): Promise<void>;
  sample(options: SampleOptions): Promise<Sample>;
  quality(points: Float32Array): number;
  save_checkpoint(): Promise<Uint8Array>;
  load_checkpoint(bytes: Uint8Array): Promise<Config>;
  profile(steps: number): Promise<KernelTime[]>;
  lose_device(): void;
  destroy(): void;
}

export type Backend = "auto" | "webgpu" | "cpu";

/** One line of a benchmark; `gflops` only where operations were counted. */
export interface Measurement {
  name: string;
  per_second: number;
  milliseconds: number;
  gflops: number | null;
}

export interface BenchReport {
  adapter: string;
  measurements: Measurement[];
}

export interface EngineModule {
  default(module_or_path?: unknown): Promise<unknown>;
  default_config(): Config;
  default_sample_options(): SampleOptions;
  check_config(config: Partial<Config>): Config;
  check_sample_options(options: Partial<SampleOptions>, config: Config): SampleOptions;
  bench(backend: BackendName): Promise<BenchReport>;
  Engine: { create(config: Config, backend: Backend): Promise<Engine> };
}
