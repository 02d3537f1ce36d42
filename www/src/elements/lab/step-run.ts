/** A run drawn beside the one that the page shows, row by row: what the tab "step by step" takes apart. */
import type { RunStore } from "../../state/run-store";
import type { Drawn, SamplerTable } from "../../worker/ask";
import type { Process, Track } from "./updates";

/** Points drawn for the picture. */
const POINTS = 240;
/** Digits drawn, and the numbers that travel at most. */
const DIGITS = 10;
const NUMBERS = 6_000_000;

export interface StepRun {
  table: SamplerTable;
  drawn: Drawn;
  process: Process;
  /** Training step of the model. */
  step: number;
  guided: boolean;
}

export async function drawSteps(store: RunStore): Promise<StepRun | null> {
  const { config, sampleOptions: options, settings } = store;
  if (!config || !options || !settings) return null;
  const table = await store.ask("sampler_table", config, options);
  const frames = table.rows.length + 1;
  const dim = config.images ? config.images.side ** 2 * config.images.channels : 2;
  const room = Math.max(1, Math.floor(NUMBERS / (2 * frames * dim)));
  const count = Math.min(options.num_samples, store.task === "points" ? POINTS : DIGITS, room);
  const step = store.metrics?.step ?? 0;
  const drawn = await store.draw({ ...options, num_samples: count, max_frames: frames, labels: options.labels.slice(0, count) });
  return { table, drawn, process: processOf(store), step, guided: options.guidance_scale !== 1 };
}

function processOf({ table, settings }: RunStore): Process {
  const is = (key: string): boolean => settings![key] === true && table.knows(key, settings!);
  const prediction = String(settings!["schedule.prediction_type"]);
  return {
    sampler: String(settings!["sample.sampler"]),
    prediction,
    flow: prediction === "flow_prediction",
    clip: is("sample.thresholding") ? "threshold" : is("sample.clip_sample") ? "clip" : "none",
    solverType: String(settings!["sample.solver_type"]),
    sde: settings!["sample.algorithm_type"] === "sde-dpmsolver++",
    rederived: settings!["sample.use_clipped_model_output"] === true,
  };
}

/** One sample's numbers, or of an image one pixel's. */
export function trackOf({ drawn, table }: StepRun, sample: number, coordinates: readonly number[]): Track {
  const { frames, predicted, count, dim } = drawn;
  const at = (list: Float32Array, frame: number): number[] => coordinates.map((c) => list[(frame * count + sample) * dim + c]!);
  return {
    x: Array.from({ length: table.rows.length + 1 }, (_, i) => at(frames, i)),
    // What a row took the sample for travels with the frame that it led to.
    clean: table.rows.map((_, i) => at(predicted, i + 1)),
  };
}

/** Whether every row has its frame and its prediction. */
export const isWhole = ({ drawn, table }: StepRun): boolean => drawn.frameCount === table.rows.length + 1 && drawn.predicted.length === drawn.frames.length;
