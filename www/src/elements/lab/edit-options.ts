/** The settings of a sampling run that the lab makes up itself; what is left out is as the engine has it by default. */
import type { Config, SampleOptions, SamplerName } from "../../engine-types";
import type { RunStore } from "../../state/run-store";

export type Method = Extract<SamplerName, "ddim" | "ddpm" | "heun">;
export type RunOptions = Partial<SampleOptions> & { sampler: Method };

export const asOptions = (options: RunOptions): SampleOptions => options as SampleOptions;

/** The largest value of a pixel. */
export function scaleOf(config: Config | null): number {
  return config?.images?.scale ?? 1;
}

/** What every run of the lab takes from the page's own sampling. */
export function common(store: RunStore): Pick<RunOptions, "seed" | "weights" | "max_frames"> {
  const { seed = 0, weights = "ema" } = store.sampleOptions ?? {};
  return { seed, weights, max_frames: 2 };
}

/** Images stay in the range of pixels. */
export function clipping(store: RunStore): Partial<RunOptions> {
  return { clip_sample: true, clip_sample_range: scaleOf(store.config) };
}
