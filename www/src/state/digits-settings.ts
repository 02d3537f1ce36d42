/** The settings of the digits task. */
import { LAB_SPECS, OWN_DEFAULTS, SAMPLER_SPECS, SCHEDULE_SPECS } from "./process-settings";
import { config, page, sample, SEED_MAX, Table, view, type Spec } from "./table";

/** What the grid shows: the noisy images, the clean ones predicted from them, or both side by side. */
export const SHOWN = ["noisy", "clean", "both"] as const;
export type Shown = (typeof SHOWN)[number];

const SPECS: Record<string, Spec> = {
  "images.dataset": page({ kind: "choice", choices: ["mnist", "fashion_mnist", "own"] }),
  /** `custom` is a loaded model that is none of the presets. */
  "preset": page({ kind: "choice", choices: ["tiny", "small", "course", "custom"] }),
  "images.conditioning": page({ kind: "choice", choices: ["embedding", "concat", "none"] }),
  "images.channels": page({ kind: "choice", choices: ["1", "3"] }),
  "training.batch_size": config({ kind: "int", min: 1, max: 4096, step: 1 }),
  "training.learning_rate": config({ kind: "float", min: 0.00001, max: 0.1, step: "any", slider: "log", restarts: false }),
  "training.ema_decay": config({ kind: "float", min: 0, max: 0.99999, step: 0.001 }),
  "training.weight_decay": config({ kind: "float", min: 0, max: 1, step: 0.001 }),
  "images.label_dropout": config({ kind: "float", min: 0, max: 1, step: 0.05 }),
  "images.scale": config({ kind: "float", min: 0.01, max: 100, step: 0.1 }),
  ...SCHEDULE_SPECS,
  "seed": config({ kind: "int", min: 0, max: SEED_MAX, step: 1 }),
  "sample.classes": sample({ kind: "classes", byTask: true }),
  ...SAMPLER_SPECS,
  "sample.num_samples": sample({ kind: "int", min: 10, max: 80, step: 10, slider: "linear" }),
  ...LAB_SPECS,
  "view.shown": view({ kind: "choice", choices: SHOWN }),
  "view.speed": view({ kind: "float", min: 0.25, max: 4, step: 0.25, slider: "linear" }),
  "view.loss_scale": view({ kind: "choice", choices: ["linear_axis", "log"] }),
};

/** Columns of the grid: one for each digit. */
export const COLUMNS = 10;

/** Settings that say which network is trained, on what; a change of one takes the preset's configuration anew. */
export const SHAPING: readonly string[] = ["images.dataset", "preset", "images.conditioning", "images.channels"];

export const DIGITS = new Table(SPECS, {
  ...OWN_DEFAULTS,
  "images.dataset": "mnist",
  "preset": "small",
  "images.channels": "1",
  "sample.classes": "0123456789",
  "sample.guidance_scale": 2,
  "sample.num_inference_steps": 25,
  // Fresh noise at every step mends what early steps, where the model sees nothing but noise, got wrong.
  "sample.eta": 1,
  "sample.num_samples": 80,
  // Pixels have a range, and the model's predictions are kept in it.
  "sample.clip_sample": true,
  "view.shown": "noisy",
  "view.speed": 1,
  "view.loss_scale": "linear_axis",
});
