/**
 * Every setting of the page in one table, under the dotted name it has in the URL hash, in the engine's
 * configuration and in the engine's errors. Defaults come from the engine; the ranges here are what the
 * address bar is clamped to and what sliders span. The engine has the last word on what is valid.
 */
import type { Config, SampleOptions } from "../engine-types";

export type Value = number | string;

export interface Spec {
  kind: "int" | "float" | "choice";
  /** Who takes the value: engine configuration, sampling options, or only the picture. */
  scope: "config" | "sample" | "view";
  min?: number;
  max?: number;
  step?: number | "any";
  /** Draw a slider too; "log" spaces it by factors. */
  slider?: "linear" | "log";
  choices?: readonly string[];
  /** Changing it starts a new model. */
  restarts?: boolean;
}

const config = (spec: Omit<Spec, "scope">): Spec => ({ restarts: true, ...spec, scope: "config" });
const sample = (spec: Omit<Spec, "scope">): Spec => ({ ...spec, scope: "sample" });
const view = (spec: Omit<Spec, "scope">): Spec => ({ ...spec, scope: "view" });

export const DATASETS = [
  "two_moons", "swiss_roll", "spirals", "rings", "checkerboard", "pinwheel",
  "eight_gaussians", "gaussian_grid", "s_curve", "heart", "smiley", "blobs",
] as const;

const SEED_MAX = 4294967295;

export const SPECS = {
  "seed": config({ kind: "int", min: 0, max: SEED_MAX, step: 1 }),
  "data.dataset": config({ kind: "choice", choices: DATASETS }),
  "model.width": config({ kind: "int", min: 4, max: 1024, step: 4 }),
  "model.hidden_layers": config({ kind: "int", min: 1, max: 8, step: 1 }),
  "model.activation": config({ kind: "choice", choices: ["silu", "gelu", "tanh", "relu"] }),
  "model.time_embedding": config({ kind: "int", min: 2, max: 512, step: 2 }),
  "schedule.beta_schedule": config({ kind: "choice", choices: ["linear", "squaredcos_cap_v2"] }),
  "training.batch_size": config({ kind: "int", min: 1, max: 16384, step: 1 }),
  "training.learning_rate": config({ kind: "float", min: 0.00001, max: 0.1, step: "any", slider: "log", restarts: false }),
  "training.lr_schedule": config({ kind: "choice", choices: ["constant", "cosine"] }),
  "training.total_steps": config({ kind: "int", min: 100, max: 1000000, step: 100 }),
  "training.weight_decay": config({ kind: "float", min: 0, max: 1, step: 0.001 }),
  "training.ema_decay": config({ kind: "float", min: 0, max: 0.99999, step: 0.001 }),
  "sample.sampler": sample({ kind: "choice", choices: ["ddim", "ddpm"] }),
  "sample.num_inference_steps": sample({ kind: "int", min: 1, max: 1000, step: 1, slider: "log" }),
  "sample.eta": sample({ kind: "float", min: 0, max: 1, step: 0.05, slider: "linear" }),
  "sample.variance_type": sample({ kind: "choice", choices: ["fixed_small", "fixed_large"] }),
  "sample.num_samples": sample({ kind: "int", min: 16, max: 8192, step: 1 }),
  "sample.seed": sample({ kind: "int", min: 0, max: SEED_MAX, step: 1 }),
  "sample.weights": sample({ kind: "choice", choices: ["ema", "raw"] }),
  "view.speed": view({ kind: "float", min: 0.25, max: 4, step: 0.25, slider: "linear" }),
  "view.paths": view({ kind: "choice", choices: ["trail", "full", "off"] }),
  "view.loss_scale": view({ kind: "choice", choices: ["linear_axis", "log"] }),
} satisfies Record<string, Spec>;

export type SettingKey = keyof typeof SPECS;
export type Settings = Record<SettingKey, Value>;

export const KEYS = Object.keys(SPECS) as SettingKey[];
export const spec = (key: SettingKey): Spec => SPECS[key];
export const isKey = (key: string): key is SettingKey => Object.hasOwn(SPECS, key);

/** Where the page differs from the engine: enough points for a clear picture, and the look of it. */
const PAGE_DEFAULTS: Partial<Settings> = {
  "sample.num_samples": 1000,
  "view.speed": 1,
  "view.paths": "trail",
  "view.loss_scale": "linear_axis",
};

/** Frames of a trajectory that travel to the page. */
const MAX_FRAMES = 64;

type Tree = { [name: string]: Value | Tree };

function read(tree: unknown, path: string): Value | undefined {
  let node = tree as Tree | Value | undefined;
  for (const name of path.split(".")) {
    if (typeof node !== "object") return undefined;
    node = node[name];
  }
  return typeof node === "object" ? undefined : node;
}

function write(tree: unknown, path: string, value: Value): void {
  const names = path.split(".");
  const last = names.pop()!;
  let node = tree as Tree;
  for (const name of names) node = node[name] as Tree;
  node[last] = value;
}

export interface Defaults {
  config: Config;
  sample: SampleOptions;
}

export function settingsFrom(defaults: Defaults): Settings {
  const all = { ...defaults.config, sample: defaults.sample };
  const settings = {} as Settings;
  for (const key of KEYS) settings[key] = PAGE_DEFAULTS[key] ?? read(all, key) ?? 0;
  return settings;
}

/** The settings a configuration (say, one from a checkpoint) stands for. */
export function withConfig(settings: Settings, loaded: Config): Settings {
  const next = { ...settings };
  for (const key of KEYS) if (spec(key).scope === "config") next[key] = read(loaded, key) ?? next[key];
  return next;
}

export function toConfig(base: Config, settings: Settings): Config {
  const next = structuredClone(base);
  for (const key of KEYS) if (spec(key).scope === "config") write(next, key, settings[key]);
  return next;
}

export function toSampleOptions(base: SampleOptions, settings: Settings): SampleOptions {
  const next = { ...base, max_frames: MAX_FRAMES };
  for (const key of KEYS) if (spec(key).scope === "sample") write({ sample: next }, key, settings[key]);
  return next;
}
