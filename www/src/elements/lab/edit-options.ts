/** The settings of a sampling run that the lab makes up itself; what is left out is as the engine has it by default. */
import type { Config, SampleOptions } from "../../engine-types";
import type { RunStore } from "../../state/run-store";

export type Method = "ddim" | "ddpm" | "euler" | "heun";

export interface RunOptions extends Omit<Partial<SampleOptions>, "sampler"> {
  sampler: Method;
  /** Below 1 the run begins at this share of its steps, with a noised image. */
  strength?: number;
  /** From clean to noise. */
  inverse?: boolean;
  /** How often each step is taken, with a jump back in between. */
  num_resamples?: number;
  /** Shares of the schedule between which guidance acts. */
  guidance_from?: number;
  guidance_to?: number;
  classifier_scale?: number;
}

export const asOptions = (options: RunOptions): SampleOptions => options as unknown as SampleOptions;

/** The largest value of a pixel. */
export function scaleOf(config: Config | null): number {
  return (config?.images as { scale?: number } | null | undefined)?.scale ?? 1;
}

export function isFlow(config: Config | null): boolean {
  return (config?.schedule as { prediction_type?: string } | undefined)?.prediction_type === "flow_prediction";
}

/** What every run of the lab takes from the page's own sampling. */
export function common(store: RunStore): Pick<RunOptions, "seed" | "weights" | "max_frames"> {
  const { seed = 0, weights = "ema" } = store.sampleOptions ?? {};
  return { seed, weights, max_frames: 2 };
}

/** Images stay in the range of pixels. */
export function clipping(store: RunStore): Partial<RunOptions> {
  const scale = scaleOf(store.config);
  return { clip_sample: true, ...(scale === 1 ? {} : { clip_sample_range: scale }) };
}
