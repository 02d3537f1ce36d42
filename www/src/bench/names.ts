/** What the engine's cases are called on the page. */
import type { BenchOutcome, Timing } from "../engine-types";
import type { Numbers } from "../strings";
import type { BenchStrings } from "../strings/bench.en";

/** `train/course-8`: what is done, the model, and the batch or the width. */
export function caseName(name: string, words: BenchStrings, number: Numbers, batch?: number): string {
  const [work = "", rest = ""] = name.split("/");
  const [model = "", size] = rest.split("-");
  if (work === "growth") return words.growing[rest as keyof BenchStrings["growing"]] ?? name;
  const called = words.models[model] ?? model;
  if (work === "sample") return words.samplingShort(called);
  if (size === undefined) return called;
  const shown = number.whole(Number(size));
  // The 2D models are told apart by their width; their batch comes with the result.
  if (model !== "mlp") return words.training.images(called, shown);
  return batch === undefined ? `${called}, ${shown}` : words.training.points(shown, number.whole(batch));
}

/** A row of the table. */
export interface RowValues {
  name: string;
  /** Steps or samples per second. */
  perSecond: number;
  unit: "steps" | "digits";
  timing: Timing;
  gflops: number;
  /** Share of the measured arithmetic. */
  ofPeak: number | null;
  host: number | null;
}

/** An outcome as a row, if it is one thing with a time. */
export function rowOf(outcome: BenchOutcome, words: BenchStrings, number: Numbers): RowValues | null {
  if (outcome.kind === "training") {
    const { batch, name, step, steps_per_second, gflops, of_arithmetic, host } = outcome;
    return { name: caseName(name, words, number, batch), perSecond: steps_per_second, unit: "steps", timing: step, gflops, ofPeak: of_arithmetic, host: host?.median ?? null };
  }
  if (outcome.kind === "sampling") {
    const { name, samples, steps, run, samples_per_second, gflops } = outcome;
    const model = name.split("/")[1] ?? name;
    const title = words.sampling(words.models[model] ?? model, number.whole(samples), number.whole(steps));
    return { name: title, perSecond: samples_per_second, unit: "digits", timing: run, gflops, ofPeak: null, host: null };
  }
  return null;
}

/** Three significant digits, as many decimals as they need. */
export function reading(number: Numbers, value: number): string {
  const decimals = value >= 99.95 ? 0 : value >= 9.995 ? 1 : value >= 0.9995 ? 2 : 3;
  return number.fixed(value, decimals);
}
