/** The settings of the 2D task. */
import { LAB_SPECS, OWN_DEFAULTS, SAMPLER_SPECS, SCHEDULE_SPECS } from "./process-settings";
import { config, SEED_MAX, sample, Table, view, type Settings, type Spec } from "./table";

export const DATASETS = [
  "two_moons", "swiss_roll", "spirals", "rings", "checkerboard", "pinwheel",
  "eight_gaussians", "gaussian_grid", "s_curve", "heart", "smiley", "blobs",
] as const;

const conditioned = (settings: Settings): boolean => settings["model.class_conditioning"] === true;

const SPECS: Record<string, Spec> = {
  "seed": config({ kind: "int", min: 0, max: SEED_MAX, step: 1 }),
  "data.dataset": config({ kind: "choice", choices: DATASETS }),
  "data.scale": config({ kind: "float", min: 0.01, max: 100, step: 0.1 }),
  "model.width": config({ kind: "int", min: 4, max: 1024, step: 4 }),
  "model.hidden_layers": config({ kind: "int", min: 1, max: 8, step: 1 }),
  "model.activation": config({ kind: "choice", choices: ["silu", "gelu", "tanh", "relu"] }),
  "model.time_embedding": config({ kind: "int", min: 2, max: 512, step: 2 }),
  "model.class_conditioning": config({ kind: "flag" }),
  "model.label_dropout": config({ kind: "float", min: 0, max: 1, step: 0.05, when: conditioned }),
  ...SCHEDULE_SPECS,
  "training.batch_size": config({ kind: "int", min: 1, max: 16384, step: 1 }),
  "training.learning_rate": config({ kind: "float", min: 0.00001, max: 0.1, step: "any", slider: "log", restarts: false }),
  "training.lr_schedule": config({ kind: "choice", choices: ["constant", "cosine"] }),
  "training.total_steps": config({ kind: "int", min: 100, max: 1000000, step: 100 }),
  "training.weight_decay": config({ kind: "float", min: 0, max: 1, step: 0.001 }),
  "training.ema_decay": config({ kind: "float", min: 0, max: 0.99999, step: 0.001 }),
  ...SAMPLER_SPECS,
  "sample.guidance_scale": { ...SAMPLER_SPECS["sample.guidance_scale"]!, when: conditioned },
  "sample.num_samples": sample({ kind: "int", min: 16, max: 8192, step: 1 }),
  ...LAB_SPECS,
  "view.speed": view({ kind: "float", min: 0.25, max: 4, step: 0.25, slider: "linear" }),
  "view.paths": view({ kind: "choice", choices: ["trail", "full", "off"] }),
  "view.loss_scale": view({ kind: "choice", choices: ["linear_axis", "log"] }),
};

/** Where the page differs from the engine: enough points for a clear picture, and the look of it. */
export const POINTS = new Table(SPECS, {
  ...OWN_DEFAULTS,
  "sample.num_samples": 1000,
  "view.speed": 1,
  "view.paths": "trail",
  "view.loss_scale": "linear_axis",
});
