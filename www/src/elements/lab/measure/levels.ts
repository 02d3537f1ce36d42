/** How much noise there is at a timestep of the run's schedule, and the words for it. */
import type { PredictionType } from "../../../engine-types";
import type { RunStore } from "../../../state/run-store";
import type { ScheduleTable } from "../../../worker/ask";

export type NoiseWord = "clean" | "little" | "half" | "mostly" | "noise";

const cache = new WeakMap<RunStore, { key: string; table: Promise<ScheduleTable> }>();

/** The table of the run's schedule; asked anew only when the schedule is another. */
export function scheduleOf(store: RunStore): Promise<ScheduleTable> {
  const { schedule } = store.config!;
  const key = JSON.stringify(schedule);
  const known = cache.get(store);
  if (known?.key === key) return known.table;
  const table = store.ask("schedule_table", schedule);
  cache.set(store, { key, table });
  table.catch(() => cache.delete(store));
  return table;
}

/** The noise's share of the variance at a timestep, for data of unit variance. */
export function noiseShare(table: ScheduleTable, t: number): number {
  const [signal, noise] = [table.signal[t] ?? 1, table.noise[t] ?? 0];
  return (noise * noise) / (signal * signal + noise * noise);
}

export function noiseWord(share: number): NoiseWord {
  if (share < 0.05) return "clean";
  if (share < 0.3) return "little";
  if (share < 0.7) return "half";
  return share < 0.97 ? "mostly" : "noise";
}

/** Timesteps of the run. */
export function timestepsOf(store: RunStore): number {
  return store.config?.schedule.num_train_timesteps ?? 1000;
}

/** What the network predicts. */
export function predictionOf(store: RunStore): PredictionType {
  return store.config?.schedule.prediction_type ?? "epsilon";
}
