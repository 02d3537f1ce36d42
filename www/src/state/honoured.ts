/**
 * Which settings each process and each sampler takes notice of. Only these are shown and sent; of the others the engine hears its
 * own defaults.
 */
import type { Settings } from "./table";

type Condition = (settings: Settings) => boolean;

export const SAMPLERS = ["ddim", "ddpm", "euler", "euler_ancestral", "heun", "dpmpp", "lms"] as const;
export type SamplerChoice = (typeof SAMPLERS)[number];

/** Samplers that are made for flow matching, too. */
export const FLOW_SAMPLERS: readonly string[] = ["ddim", "euler", "heun", "dpmpp"];

const HONOURED: Record<string, readonly SamplerChoice[]> = {
  "sample.eta": ["ddim"],
  "sample.variance_type": ["ddpm"],
  "sample.set_alpha_to_one": ["ddim"],
  "sample.clip_sample": ["ddim", "ddpm", "heun"],
  "sample.clip_sample_range": ["ddim", "ddpm", "heun"],
  "sample.thresholding": ["ddim", "ddpm", "dpmpp"],
  "sample.dynamic_thresholding_ratio": ["ddim", "ddpm", "dpmpp"],
  "sample.sample_max_value": ["ddim", "ddpm", "dpmpp"],
  "sample.use_clipped_model_output": ["ddim"],
  "sample.use_karras_sigmas": ["euler", "heun", "dpmpp", "lms"],
  "sample.solver_order": ["dpmpp"],
  "sample.algorithm_type": ["dpmpp"],
  "sample.solver_type": ["dpmpp"],
  "sample.lower_order_final": ["dpmpp"],
  "sample.euler_at_final": ["dpmpp"],
  "sample.final_sigmas_type": ["euler", "dpmpp"],
};

const is = (key: string, value: unknown): Condition => (settings) => settings[key] === value;
const not = (condition: Condition): Condition => (settings) => !condition(settings);
const all = (...conditions: Condition[]): Condition => (settings) => conditions.every((condition) => condition(settings));

/** In flow matching they take no notice of these. */
const NOT_OF_FLOW: Record<string, readonly SamplerChoice[]> = {
  "sample.use_karras_sigmas": ["dpmpp"],
  "sample.final_sigmas_type": ["euler", "dpmpp"],
};

/** The chosen sampler takes notice of it. */
export const sampler = (key: string): Condition => (settings) => {
  const among = (names: readonly SamplerChoice[] | undefined): boolean | undefined => names?.some((name) => name === settings["sample.sampler"]);
  return (among(HONOURED[key]) ?? true) && !(flow(settings) && among(NOT_OF_FLOW[key]));
};

export const flow = is("schedule.prediction_type", "flow_prediction");
export const variance = not(flow);
export const drawn = all(variance, is("schedule.beta_schedule", "drawn"));
export const fromFile = all(variance, is("schedule.beta_schedule", "from_file"));
/** Schedules that run from one β to another. */
export const ranged: Condition = all(variance, (settings) => ["linear", "scaled_linear", "sigmoid"].includes(String(settings["schedule.beta_schedule"])));
/** The ramp ends at beta_end, and starts near 0. */
export const ending: Condition = (settings) => ranged(settings) || all(variance, is("schedule.beta_schedule", "ramp"))(settings);
export const minSnr = is("objective.loss_weighting", "min_snr");
export const gamma = is("objective.loss_weighting", "gamma");
export const logitNormal = is("objective.timestep_sampling", "logit_normal");

const handPicked: Condition = (settings) => Boolean(settings["sample.timesteps"]);
/** Where the timesteps come from a rule and not from a list. */
export const ruled = all(not(handPicked), not(is("sample.use_karras_sigmas", true)));
export const clipped = all(sampler("sample.clip_sample"), is("sample.clip_sample", true));
export const thresholded = all(sampler("sample.thresholding"), is("sample.thresholding", true));
export const spaced = all(variance, not(handPicked));
export const guided: Condition = (settings) => settings["sample.guidance_scale"] !== 1;
