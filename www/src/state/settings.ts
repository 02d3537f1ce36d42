/** The settings of the 2D task. */
import { config, sample, SEED_MAX, Table, view, type Spec } from "./table";

export const DATASETS = [
  "two_moons", "swiss_roll", "spirals", "rings", "checkerboard", "pinwheel",
  "eight_gaussians", "gaussian_grid", "s_curve", "heart", "smiley", "blobs",
] as const;

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

/** Where the page differs from the engine: enough points for a clear picture, and the look of it. */
export const POINTS = new Table(SPECS, {
  "sample.num_samples": 1000,
  "view.speed": 1,
  "view.paths": "trail",
  "view.loss_scale": "linear_axis",
});
