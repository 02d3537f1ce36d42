/**
 * Stands in for `pkg/unnoise.js` in tests of the page alone: runs whose loss falls by a formula and whose samples are
 * the training data, clearer with every step. It has the engine's interface and its errors, and no shaders.
 */
import { analysis } from "./fake/analysis.mjs";
import { mixInEditing } from "./fake/edit.mjs";
import { drawData } from "./fake/points.mjs";
import { distance, drawPoints, OBJECTIVE_DEFAULTS, sampler_table, SAMPLE_DEFAULTS, SCHEDULE_DEFAULTS } from "./fake/schedules.mjs";

export { bench } from "./fake/bench.mjs";
export { read_scheduler, sampler_table, schedule_table, write_scheduler } from "./fake/schedules.mjs";

const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const fault = (message, field, kind = "config") => Object.assign(new Error(message), { kind, ...(field ? { field } : {}) });

const SCHEDULE = SCHEDULE_DEFAULTS;
const TRAINING = { batch_size: 512, learning_rate: 0.003, lr_schedule: "constant", total_steps: 10000, weight_decay: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, max_grad_norm: 1, ema_decay: 0.999 };
const PRESETS = {
  tiny: { side: 14, widths: [8, 16], layers: 1, batch: 64, rate: 0.003, parameters: 22_113 },
  small: { side: 28, widths: [8, 16, 48], layers: 1, batch: 64, rate: 0.002, parameters: 187_401 },
  course: { side: 28, widths: [32, 64, 64], layers: 2, batch: 128, rate: 0.001, parameters: 1_707_009 },
};
const LARGEST = 1024;

export default async function init() {}

export const default_config = () => ({
  version: 1, seed: 0, data: { dataset: "two_moons", size: 8192, scale: 1 }, objective: { ...OBJECTIVE_DEFAULTS },
  model: { width: 128, hidden_layers: 3, activation: "silu", time_embedding: 64, class_conditioning: false, label_dropout: 0.1 },
  schedule: { ...SCHEDULE }, training: { ...TRAINING }, images: null,
});

export const default_sample_options = () => ({
  sampler: "ddim", num_inference_steps: 50, eta: 0, variance_type: "fixed_small", num_samples: 64, seed: 0, weights: "ema", max_frames: 64, labels: [], guidance_scale: 1, ...SAMPLE_DEFAULTS,
});

export function preset_config(preset, dataset) {
  const { side, widths, layers, batch, rate } = PRESETS[preset];
  return {
    ...default_config(),
    schedule: { ...SCHEDULE, beta_schedule: "squaredcos_cap_v2" },
    training: { ...TRAINING, batch_size: batch, learning_rate: rate },
    images: {
      dataset, count: 60_000, side, channels: 1, classes: 10, conditioning: "embedding", label_dropout: 0.1, scale: 1,
      unet: { sample_size: side, in_channels: 1, out_channels: 1, layers_per_block: layers, block_out_channels: widths, num_class_embeds: 11 },
    },
  };
}

export function check_config(config) {
  const { batch_size } = config.training;
  sampler_table(config, { sampler: "euler", num_inference_steps: 2 });
  if (!(batch_size >= 1)) throw fault("training.batch_size is not a number of at least 1", "training.batch_size");
  if (batch_size > LARGEST) throw fault(`${batch_size} images need a buffer of 200 MiB; WebGPU's maxStorageBufferBindingSize is 128 MiB: choose at most ${LARGEST}`, "training.batch_size");
  return structuredClone(config);
}

export function check_sample_options(options, config) {
  if (!(options.num_inference_steps >= 1 && options.num_inference_steps <= 1000)) throw fault("sample.num_inference_steps is not within 1 to 1000", "sample.num_inference_steps");
  sampler_table(config, options);
  return { ...options };
}

export const memory_plan = (config) => {
  if (!config.images) return { training_bytes: 2e6, data_bytes: 65_536, sampling_bytes: 1e5, largest_batch: 16_384, parameters: 33_410 };
  const data = config.images.count * config.images.side ** 2;
  return { training_bytes: data + config.training.batch_size * 1.2e6, data_bytes: data, sampling_bytes: 24e6, largest_batch: LARGEST, parameters: parametersOf(config) };
};

const parametersOf = ({ images }) => !images ? 33_410 : Object.values(PRESETS).find(({ side, widths }) => side === images.side && String(widths) === String(images.unet.block_out_channels))?.parameters ?? 12_345;

/** A safetensors file without tensors. */
export function checkpoint(config, step) {
  const json = new TextEncoder().encode(JSON.stringify({ __metadata__: { fake: JSON.stringify({ config, step }) } }));
  const bytes = new Uint8Array(8 + json.length);
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, 8);
  return bytes;
}

function readFake(bytes) {
  try {
    return JSON.parse(JSON.parse(new TextDecoder().decode(bytes.subarray(8))).__metadata__.fake);
  } catch {
    throw fault("the file is no checkpoint: its header is not JSON.", null, "checkpoint");
  }
}

export class Engine {
  #config;
  /** Steps that were trained into loaded weights. */
  #before = 0;
  #step = 0;
  #told = 0;
  #pixels = [];
  #labels = [];
  #held = 0;

  static async create(config, _backend, progress) {
    const engine = new Engine();
    engine.#config = structuredClone(config);
    for (let i = 1; i <= 40; i++) {
      progress?.(i, 40);
      await wait(5);
    }
    return engine;
  }

  adapter() {
    return { backend: "webgpu", name: "Made-up GPU", software: false, reason: "gpu" };
  }
  tuning() {
    return undefined;
  }
  config() {
    return structuredClone(this.#config);
  }
  #loss(step) {
    return 0.03 + 0.97 / (1 + (this.#before + step) / 12) + 0.01 * Math.sin(step * 12.9898);
  }
  metrics() {
    const first = this.#told;
    const losses = Array.from({ length: this.#step - first }, (_, i) => this.#loss(first + i));
    this.#told = this.#step;
    return {
      step: this.#step, loss: this.#step ? this.#loss(this.#step - 1) : null, losses, first_step: first, grad_norm: 1, learning_rate: this.#config.training.learning_rate,
      steps_per_second: 60, steps_per_submit: 1, frozen_at: null, recoveries: 0, buffers: 90, buffer_bytes: 0.98 * memory_plan(this.#config).training_bytes, parameters: parametersOf(this.#config),
    };
  }
  async advance() {
    await wait(16);
    return this.step(1);
  }
  /** Steps trained so far, those in loaded weights included. */
  get steps() {
    return this.#before + this.#step;
  }
  trainingImage(i, size) {
    return this.#target(undefined, i, size);
  }
  data_points() {
    return drawData(this.#config.data, 2000).points;
  }
  data_labels() {
    return drawData(this.#config.data, 2000).labels;
  }
  async step(steps) {
    if (this.#config.images && !this.#held) throw fault("there are no images yet");
    this.#step += steps;
    return this.metrics();
  }
  set_learning_rate(rate) {
    if (!(rate > 0)) throw fault("training.learning_rate is not above 0", "training.learning_rate");
    this.#config.training.learning_rate = rate;
  }
  async reset(config) {
    this.#config = check_config(config);
    this.#before = 0;
    this.#step = this.#told = 0;
    this.#drop();
  }
  #drop() {
    this.#pixels = [];
    this.#labels = [];
    this.#held = 0;
  }
  get image_count() {
    return this.#held;
  }
  async add_images(pixels, labels) {
    if (labels.length) this.#pixels.push(pixels), this.#labels.push(labels), (this.#held += labels.length);
    return this.#held;
  }
  async save_checkpoint() {
    return checkpoint(this.#config, this.#step);
  }
  async load_checkpoint(bytes) {
    const run = readFake(bytes);
    this.#before = 0;
    this.#config = run.config;
    this.#step = this.#told = run.step;
    this.#drop();
    return this.config();
  }
  async load_folder(json, weights) {
    this.#before = readFake(weights).step;
    this.#config.images.unet = { ...this.#config.images.unet, ...JSON.parse(json) };
    this.#step = this.#told = 0;
    return this.config();
  }
  async export_folder() {
    const text = (value) => new TextEncoder().encode(JSON.stringify(value));
    return [
      { name: "model_index.json", bytes: text({ _class_name: "DDPMPipeline" }) },
      { name: "unet/config.json", bytes: text(this.#config.images.unet) },
      { name: "unet/diffusion_pytorch_model.safetensors", bytes: await this.save_checkpoint() },
      { name: "scheduler/scheduler_config.json", bytes: text(SCHEDULE) },
    ];
  }
  async sample(options) {
    if (!this.#config.images) return drawPoints(this.#config, options, 1 - 1 / (1 + this.#step / 150));
    const { num_samples, max_frames, labels, seed, guidance_scale } = options;
    const { rows } = sampler_table(this.#config, options);
    const { side, channels } = this.#config.images;
    const size = side * side * channels;
    const frame_count = Math.min(max_frames, rows.length + 1);
    const frames = new Float32Array(frame_count * num_samples * size);
    const predicted = new Float32Array(frames.length);
    const skill = 1 - 1 / (1 + (this.#before + this.#step) / 150);
    const next = generator(seed + 1);
    for (let i = 0; i < num_samples; i++) {
      const target = this.#target(labels[i], i + seed, size);
      const mean = this.#target(undefined, 0, size);
      for (let p = 0; p < size; p++) {
        const noise = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(6.2832 * next());
        for (let f = 0; f < frame_count; f++) {
          const keep = f / (frame_count - 1);
          const sure = Math.min(1, keep * 1.4);
          const clean = (target[p] * sure + (0.5 * mean[p] - 0.4) * (1 - sure)) * skill + 0.5 * noise * (1 - skill);
          const at = (f * num_samples + i) * size + p;
          predicted[at] = clean;
          frames[at] = clean * Math.sin((keep * Math.PI) / 2) + noise * Math.cos((keep * Math.PI) / 2);
        }
      }
    }
    await wait(60);
    const timesteps = Float32Array.from({ length: frame_count }, (_, f) => (f === frame_count - 1 ? -1 : rows[Math.round((f * rows.length) / (frame_count - 1))].timestep));
    return { frames, predicted, frame_count, count: num_samples, timesteps, model_evaluations: rows.length * (guidance_scale === 1 ? 1 : 2), dim: size, milliseconds: 60, free() {} };
  }
  /** A training image of a class, or a grey stroke while there are none. */
  #target(label, i, size) {
    const [pixels, labels] = [this.#pixels[0], this.#labels[0]];
    const out = new Float32Array(size).fill(-1);
    if (!pixels) return out;
    const fitting = label === undefined ? null : labels.reduce((all, l, at) => (l === label && all.length <= i ? [...all, at] : all), []);
    const index = fitting?.length ? fitting[i % fitting.length] : i % labels.length;
    for (let p = 0; p < size; p++) out[p] = pixels[index * size + p] / 127.5 - 1;
    return out;
  }
  quality(points) {
    return distance(points, this.data_points());
  }
  async profile() {
    return [];
  }
  lose_device() {}
  destroy() {}
}

// More of what the engine answers comes from files of their own.
Object.assign(Engine.prototype, analysis);
mixInEditing(Engine);

function generator(seed) {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 4294967296;
}
