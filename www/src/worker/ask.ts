/** What the page may ask of the engine besides training and sampling: each question with what it takes and what comes back. */
import type { ClassifierMetrics, Config, SampleOptions, SamplerTableView, ScheduleConfig, ScheduleTable, SchedulerFile } from "../engine-types";

export type { ClassifierMetrics, Level, Row as StepRow, SamplerTableView as SamplerTable, ScheduleTable, SchedulerFile } from "../engine-types";

export interface LossBands {
  bands: { from: number; to: number; loss: number; loss_raw: number }[];
}

export interface ScoreErrors {
  levels: { timestep: number; error: number; exact: number }[];
}

/** Two vectors (x and y in turn) per point of a square grid from -extent to extent, row by row from the lower left. */
export interface ScoreMap {
  grid: number;
  extent: number;
  learned: number[];
  exact: number[];
}

export interface Likelihood {
  bits_per_dim: number;
  standard_error: number;
  exact_bits_per_dim: number | null;
}

export interface VariationalBound {
  prior: number;
  decoder: number;
  total: number;
  terms: { timestep: number; bits: number }[];
}

/** Samples noised to each level, [levels, count, dim], and what the model takes them for in a single step. */
export interface OneStep {
  timesteps: number[];
  side: number;
  channels: number;
  noised: number[];
  predicted: number[];
  /** Mean squared error of the prediction per level. */
  error: number[];
}

export interface Finding {
  id: "data_range" | "one_step" | "ema" | "schedule";
  severity: "ok" | "warn" | "bad";
  values: Record<string, number | string>;
}

export interface Diagnosis {
  findings: Finding[];
}

/** Questions answered by the package itself: no run is needed. */
export interface TableAsks {
  schedule_table: { args: [schedule: ScheduleConfig]; result: ScheduleTable };
  sampler_table: { args: [config: Config, options: SampleOptions]; result: SamplerTableView };
  read_scheduler: { args: [json: string, config: Config, options: SampleOptions]; result: SchedulerFile };
  write_scheduler: { args: [config: Config, options: SampleOptions]; result: string };
}

/** Questions to the run. */
export interface EngineAsks {
  initial_noise: { args: [count: number, seed: number]; result: Float32Array };
  train_classifier: { args: [steps: number]; result: ClassifierMetrics };
  drop_classifier: { args: []; result: null };
  classifier: { args: []; result: ClassifierMetrics | null };
  /** The class that the classifier names for each of these clean samples. */
  classify: { args: [samples: Float32Array]; result: Uint32Array };
  /** Sliced Wasserstein-1 distance of points to fresh draws of the data. */
  quality: { args: [points: Float32Array]; result: number };
  loss_bands: { args: [{ bands: number; count: number }]; result: LossBands };
  score_error: { args: [{ levels: number }]; result: ScoreErrors | null };
  score_map: { args: [{ timestep: number; grid: number; extent: number }]; result: ScoreMap | null };
  /** `seed`: other samples and other noise for another number. */
  likelihood: { args: [{ count: number; steps: number; seed?: number }]; result: Likelihood };
  variational_bound: { args: [{ count: number; terms: number; seed?: number }]; result: VariationalBound };
  one_step: { args: [{ count: number; levels: number }]; result: OneStep };
  diagnose: { args: [options: SampleOptions]; result: Diagnosis };
}

export type Asks = TableAsks & EngineAsks;

export const TABLE_ASKS: readonly (keyof TableAsks)[] = ["schedule_table", "sampler_table", "read_scheduler", "write_scheduler"];

/** What a sampling run begins with, if not with noise alone; arrays as the engine has samples, values in [-1, 1] for images. */
export interface SampleInputs {
  /** Clean samples, noised to where the run begins (`strength`). */
  image?: Float32Array;
  /** Taken as they are. */
  latent?: Float32Array;
  /** Inpainting: clean samples … */
  known?: Float32Array;
  /** … and where they are known: 1 there, 0 elsewhere. */
  mask?: Float32Array;
}

/** A sampling run beside the one that the page shows. */
export interface Drawn {
  /** [frameCount, count, dim], noise first. */
  frames: Float32Array;
  /** Image runs: x̂_0 at each frame, as long as `frames`. */
  predicted: Float32Array;
  /** Of each frame; -1 for clean. */
  timesteps: Float32Array;
  frameCount: number;
  count: number;
  dim: number;
  evaluations: number;
  milliseconds: number;
}
