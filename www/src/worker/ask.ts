/** What the page may ask of the engine besides training and sampling: each question with what it takes and what comes back. */
import type { Config, SampleOptions, ScheduleConfig } from "../engine-types";

/** Tables of a noise schedule, one entry per timestep. */
export interface ScheduleTable {
  /** Empty for flow matching. */
  betas: number[];
  alphas_cumprod: number[];
  /** ln of the signal-to-noise ratio. */
  log_snr: number[];
  signal: number[];
  noise: number[];
}

/** x = signal · x_0 + noise · ε. */
export interface Level {
  signal: number;
  noise: number;
}

/**
 * One network evaluation and the update that follows: clean = p_x x + p_m m (then clipped), kept = q_x x + q_m m + q_0 clean, and
 * x' = c_x x + c_m m + c_0 clean + c_1 h_1 + c_2 h_2 + c_3 h_3 + c_z z, where h_i is what was kept i rows before.
 */
export interface StepRow {
  timestep: number;
  /** Null: the result is clean. */
  next: number | null;
  from: Level;
  to: Level;
  p_x: number; p_m: number;
  q_x: number; q_m: number; q_0: number;
  c_x: number; c_m: number; c_0: number; c_1: number; c_2: number; c_3: number; c_z: number;
}

export interface SamplerTable {
  rows: StepRow[];
  /** Standard deviation of the noise that a run starts from. */
  init: number;
  evaluations: number;
}

export interface SchedulerFile {
  class_name: string;
  schedule: ScheduleConfig;
  sample: SampleOptions;
}

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

export interface ClassifierMetrics {
  step: number;
  loss: number;
  /** Share of noised samples that it names rightly, over the last steps. */
  accuracy: number;
}

/** Questions answered by the package itself: no run is needed. */
export interface TableAsks {
  schedule_table: { args: [schedule: ScheduleConfig]; result: ScheduleTable };
  sampler_table: { args: [config: Config, options: SampleOptions]; result: SamplerTable };
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
