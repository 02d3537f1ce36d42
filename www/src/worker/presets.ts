import type { EngineModule } from "./engine-api";
import type { ImageDataset, Preset } from "../engine-types";
import type { Presets } from "./protocol";

export const PRESETS: readonly Preset[] = ["tiny", "small", "course"];
export const IMAGE_DATASETS: readonly ImageDataset[] = ["mnist", "fashion_mnist", "own"];

/** The engine's configuration for every preset and data set. */
export function presetsOf(module: EngineModule): Presets {
  const table = (preset: Preset): Presets[Preset] =>
    Object.fromEntries(IMAGE_DATASETS.map((dataset) => [dataset, module.preset_config(preset, dataset)])) as Presets[Preset];
  return Object.fromEntries(PRESETS.map((preset) => [preset, table(preset)])) as Presets;
}
