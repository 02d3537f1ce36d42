/** Where the loss should be, by preset and data set: measured over several seeds with the preset's own settings. */
import type { ImageDataset, Preset } from "../engine-types";
import type { LossBand } from "./run-store";

type Bands = Partial<Record<Preset, Partial<Record<ImageDataset, LossBand>>>>;

/** [step, lowest, highest] of the loss smoothed over the last steps. */
const BANDS: Bands = {};

/** Null where nothing was measured. */
export function lossBand(preset: string, dataset: string): LossBand | null {
  return BANDS[preset as Preset]?.[dataset as ImageDataset] ?? null;
}
