/** Types of image runs, as the engine has them. */

export type ImageDataset = "mnist" | "fashion_mnist" | "own";
export type PresetName = "tiny" | "small" | "course";
/** `embedding`: added to the time embedding, with a null class last. `concat`: four channels beside the image's. */
export type ClassConditioning = "none" | "embedding" | "concat";

/** diffusers' `UNet2DModel` configuration; only the keys that the page reads or writes are named. */
export interface UnetConfig {
  sample_size: number;
  in_channels: number;
  out_channels: number;
  block_out_channels: number[];
  num_class_embeds: number | null;
  [key: string]: unknown;
}

export interface ImageConfig {
  dataset: ImageDataset;
  /** Images in the set. */
  count: number;
  /** Images are square. */
  side: number;
  channels: number;
  classes: number;
  conditioning: ClassConditioning;
  /** Share of labels replaced by the null class in training. */
  label_dropout: number;
  unet: UnetConfig;
}

/** Predicted bytes on the device. */
export interface MemoryPlan {
  /** Of a training run, the data set included. */
  training_bytes: number;
  /** Of that, the data set. */
  data_bytes: number;
  /** What sampling takes beside it. */
  sampling_bytes: number;
  /** Largest batch whose buffers every WebGPU device can bind. */
  largest_batch: number;
  parameters: number;
}
