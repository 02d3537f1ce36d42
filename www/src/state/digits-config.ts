/** From the page's settings to the configuration of an image run, and back. */
import type { ClassConditioning, Config, ImageDataset, Preset } from "../engine-types";
import { PRESETS } from "../worker/presets";
import type { OwnImages, Presets } from "../worker/protocol";
import { readClasses } from "./class-list";
import { COLUMNS, DIGITS } from "./digits-settings";
import type { Settings } from "./table";

/** Channels that the class takes beside the image's, where it is concatenated to the input. */
const CLASS_CHANNELS = 4;

export function presetOf(settings: Settings): Preset {
  const name = settings["preset"] as Preset;
  return PRESETS.includes(name) ? name : "small";
}

/** The preset's configuration, with data set, channels and conditioning as the settings have them. */
export function shape(presets: Presets, settings: Settings, own: OwnImages | null): Config {
  const dataset = settings["images.dataset"] as ImageDataset;
  const next = structuredClone(presets[presetOf(settings)][dataset]);
  const images = next.images!;
  if (dataset === "own" && own) {
    images.count = own.count;
    images.classes = Math.max(1, own.classNames.length);
    images.channels = own.channels;
  }
  const conditioning = images.classes > 1 ? (settings["images.conditioning"] as ClassConditioning) : "none";
  images.conditioning = conditioning;
  images.unet.out_channels = images.channels;
  images.unet.in_channels = images.channels + (conditioning === "concat" ? CLASS_CHANNELS : 0);
  // The null class comes last.
  images.unet.num_class_embeds = conditioning === "embedding" ? images.classes + 1 : null;
  return next;
}

/** The settings a loaded configuration stands for. */
export function settingsOf(settings: Settings, loaded: Config, presets: Presets): Settings {
  const images = loaded.images!;
  const shapeOf = ({ images: of }: Config): string => JSON.stringify([of!.side, of!.unet.block_out_channels, of!.unet["layers_per_block"]]);
  const preset = PRESETS.find((name) => shapeOf(presets[name].mnist) === shapeOf(loaded));
  return {
    ...DIGITS.withConfig(settings, loaded),
    "preset": preset ?? "custom",
    "images.dataset": images.dataset,
    "images.channels": String(images.channels),
    "images.conditioning": images.conditioning,
  };
}

/** The class of each sample: the chosen classes share the columns of the grid. */
export function labelsFor(settings: Settings, config: Config): number[] {
  const images = config.images!;
  if (images.conditioning === "none") return [];
  const chosen = (readClasses(String(settings["sample.classes"])) ?? []).filter((label) => label < images.classes);
  if (chosen.length === 0) chosen.push(0);
  const count = Number(settings["sample.num_samples"]);
  // More classes than columns follow one another in reading order.
  if (chosen.length > COLUMNS) return Array.from({ length: count }, (_, i) => chosen[i % chosen.length]!);
  return Array.from({ length: count }, (_, i) => chosen[Math.floor(((i % COLUMNS) * chosen.length) / COLUMNS)]!);
}
