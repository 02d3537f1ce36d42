/** Settings that both tasks share: the noise, what is learned of it, and how it is taken away again. */
import type { Config, ScheduleConfig } from "../engine-types";
import * as of from "./honoured";
import { config, FROM_FILE, sample, SEED_MAX, view, type Settings, type Spec } from "./table";

export const BETA_SCHEDULES = ["linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid", "ramp", "drawn"] as const;

/** Sampling takes the schedule that the model was trained with. */
const AS_TRAINED = "training";

/** The lab's tabs, in their order. */
export const TABS = ["schedule", "steps", "compare", "score", "noise", "bound", "edit", "guidance", "diagnosis"] as const;

/** A setting of the chosen sampler. */
const own = (key: string, spec: Omit<Spec, "scope">): Record<string, Spec> => ({ [key]: sample({ when: of.sampler(key), ...spec }) });

export const SCHEDULE_SPECS: Record<string, Spec> = {
  "schedule.beta_schedule": config({ kind: "choice", choices: BETA_SCHEDULES, when: of.variance }),
  "schedule.prediction_type": config({ kind: "choice", choices: ["epsilon", "sample", "v_prediction", "flow_prediction"] }),
  "schedule.num_train_timesteps": config({ kind: "int", min: 10, max: 4000, step: 10 }),
  "schedule.beta_start": config({ kind: "float", min: 0, max: 0.999, step: "any", when: of.ranged }),
  "schedule.beta_end": config({ kind: "float", min: 0, max: 0.999, step: "any", when: of.ending }),
  "schedule.rescale_betas_zero_snr": config({ kind: "flag", when: of.variance, off: false }),
  "schedule.shift": config({ kind: "float", min: 0.01, max: 100, step: "any", when: of.flow, off: 1 }),
  "schedule.log_snr": config({ kind: "numbers", most: 64, when: of.drawn, off: "" }),
  "schedule.trained_betas": config({ kind: "numbers", none: "", most: 4000, local: true, when: of.fromFile, off: "" }),
  "objective.loss_weighting": config({ kind: "choice", choices: ["uniform", "min_snr", "gamma"] }),
  "objective.snr_gamma": config({ kind: "float", min: 0.01, max: 1000, step: "any", when: of.minSnr }),
  "objective.gamma": config({ kind: "numbers", most: 4000, when: of.gamma }),
  "objective.timestep_sampling": config({ kind: "choice", choices: ["uniform", "logit_normal"] }),
  "objective.logit_mean": config({ kind: "float", min: -10, max: 10, step: 0.1, when: of.logitNormal }),
  "objective.logit_std": config({ kind: "float", min: 0.01, max: 10, step: 0.1, when: of.logitNormal }),
};

export const SAMPLER_SPECS: Record<string, Spec> = {
  "sample.sampler": sample({ kind: "choice", choices: of.SAMPLERS }),
  "sample.num_inference_steps": sample({ kind: "int", min: 1, max: 1000, step: 1, slider: "log" }),
  ...own("sample.eta", { kind: "float", min: 0, max: 1, step: 0.05, slider: "linear" }),
  ...own("sample.variance_type", { kind: "choice", choices: ["fixed_small", "fixed_small_log", "fixed_large", "fixed_large_log"] }),
  ...own("sample.solver_order", { kind: "int", min: 1, max: 3, step: 1 }),
  ...own("sample.algorithm_type", { kind: "choice", choices: ["dpmsolver++", "sde-dpmsolver++"] }),
  "sample.guidance_scale": sample({ kind: "float", min: 1, max: 10, step: 0.5, slider: "linear" }),
  "sample.guidance_from": sample({ kind: "float", min: 0, max: 1, step: 0.05, when: of.guided }),
  "sample.guidance_to": sample({ kind: "float", min: 0, max: 1, step: 0.05, when: of.guided }),
  "sample.timestep_spacing": sample({ kind: "choice", choices: ["auto", "leading", "trailing", "linspace"], when: of.spaced }),
  "sample.steps_offset": sample({ kind: "int", min: 0, max: 10, step: 1, when: of.spaced }),
  "sample.timesteps": sample({ kind: "numbers", most: 1000 }),
  ...own("sample.use_karras_sigmas", { kind: "flag" }),
  ...own("sample.set_alpha_to_one", { kind: "flag" }),
  ...own("sample.clip_sample", { kind: "flag" }),
  "sample.clip_sample_range": sample({ kind: "float", min: 0.01, max: 100, step: 0.1, when: of.clipped }),
  ...own("sample.thresholding", { kind: "flag" }),
  "sample.dynamic_thresholding_ratio": sample({ kind: "float", min: 0, max: 1, step: 0.005, when: of.thresholded }),
  "sample.sample_max_value": sample({ kind: "float", min: 1, max: 100, step: 0.1, when: of.thresholded }),
  ...own("sample.use_clipped_model_output", { kind: "flag" }),
  ...own("sample.solver_type", { kind: "choice", choices: ["midpoint", "heun"] }),
  ...own("sample.lower_order_final", { kind: "flag" }),
  ...own("sample.euler_at_final", { kind: "flag" }),
  ...own("sample.final_sigmas_type", { kind: "choice", choices: ["zero", "sigma_min"] }),
  "sample.seed": sample({ kind: "int", min: 0, max: SEED_MAX, step: 1 }),
  "sample.weights": sample({ kind: "choice", choices: ["ema", "raw"] }),
  /** Another schedule than the training's. */
  "sample.schedule": sample({ kind: "choice", choices: [AS_TRAINED, ...BETA_SCHEDULES.filter((name) => name !== "drawn")], byTask: true, when: of.variance }),
};

export const LAB_SPECS: Record<string, Spec> = {
  "view.tab": view({ kind: "choice", choices: TABS }),
  /** Samplers side by side, each with its number of steps: "ddim:20,heun:10". */
  "view.compare": view({ kind: "text", pattern: new RegExp(`^(?:(?:${of.SAMPLERS.join("|")}):[1-9]\\d{0,3}(?:,|$)){2,4}(?<!,)$`) }),
};

/** A curve to begin drawing with: about the linear schedule's. */
export const OWN_DEFAULTS: Settings = {
  "schedule.log_snr": "9.2,4,2.2,0.7,-0.7,-2.4,-4.5,-7,-10.1",
  "objective.gamma": "1,1",
  "sample.schedule": AS_TRAINED,
  "view.tab": TABS[0],
  "view.compare": "ddim:10,heun:5,dpmpp:10",
};

/** Keys of the panel, the usual ones and those folded away. */
export const PANEL = {
  schedule: ["schedule.beta_schedule", "schedule.prediction_type"],
  moreSchedule: [
    "schedule.num_train_timesteps", "schedule.beta_start", "schedule.beta_end", "schedule.rescale_betas_zero_snr", "schedule.shift",
    "objective.loss_weighting", "objective.snr_gamma", "objective.gamma", "objective.timestep_sampling", "objective.logit_mean", "objective.logit_std",
  ],
  sampler: ["sample.sampler", "sample.num_inference_steps", "sample.eta", "sample.variance_type", "sample.solver_order", "sample.algorithm_type"],
  moreSampler: [
    "sample.timestep_spacing", "sample.steps_offset", "sample.timesteps", "sample.use_karras_sigmas", "sample.final_sigmas_type", "sample.set_alpha_to_one",
    "sample.solver_type", "sample.lower_order_final", "sample.euler_at_final", "sample.clip_sample", "sample.clip_sample_range", "sample.thresholding",
    "sample.dynamic_thresholding_ratio", "sample.sample_max_value", "sample.use_clipped_model_output", "sample.schedule",
  ],
  moreGuidance: ["sample.guidance_from", "sample.guidance_to"],
} as const;

/** The schedule that sampling takes, as an option; none for the training's own. */
export function sampledSchedule({ schedule }: Config, settings: Settings): { schedule?: ScheduleConfig } {
  const name = settings["sample.schedule"];
  if (name === undefined || name === AS_TRAINED || of.flow(settings)) return {};
  const other = { ...schedule, beta_schedule: name, trained_betas: null, log_snr: [] };
  return { schedule: other as ScheduleConfig };
}

/** What else changes with these values, so that the result can be: a sampler that knows the process, no list beside another schedule. */
export function completed(values: Settings, settings: Settings): Settings {
  const more: Settings = {};
  const schedule = values["schedule.beta_schedule"];
  if (schedule !== undefined && schedule !== FROM_FILE) more["schedule.trained_betas"] = "";
  if (of.flow(values) && !of.FLOW_SAMPLERS.includes(String(settings["sample.sampler"]))) more["sample.sampler"] = "euler";
  return { ...more, ...values };
}
