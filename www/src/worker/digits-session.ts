/** The digits task: a U-Net on images that stream in while it trains, and a run that survives the tab. */
import { fetchManifest } from "../data/manifest";
import { loadShards, type Progress } from "../data/shards";
import type { ImageConfig, MemoryPlan } from "../engine-types";
import type { Engine, Sample } from "./engine-api";
import { toFault } from "./fault";
import type { Command, Credits, ImageStrip, Origin, OwnImages, TimedClip, Update } from "./protocol";
import { RunStorage } from "./run-storage";
import { owned, Session } from "./session";

/** A running run is written to the browser's storage this often. */
const STORE_EVERY_MS = 20_000;
/** Training images that the page shows. */
const STRIP = 24;
/** Progress of the download goes to the page at most this often. */
const PROGRESS_EVERY_MS = 200;
/** The packed sets lie beside the worker's file. */
const DATA = new URL("./data/", import.meta.url);

/** Images as they came, kept to fill a model's memory again after it was replaced. */
interface Held {
  key: string;
  parts: { pixels: Uint8Array; labels: Uint8Array }[];
  complete: boolean;
  credits: Credits | null;
}

export class DigitsSession extends Session {
  protected readonly sampleEvery = 4000;
  protected readonly firstSample = 1500;
  protected readonly sampleOnStep = false;
  #storage = new RunStorage();
  #held: Held = { key: "", parts: [], complete: false, credits: null };
  #onDevice = 0;
  /** Share of the download that is done. */
  #share = 0;
  #own: OwnImages | null = null;
  #loading: AbortController | null = null;
  /** Set while the run is to be kept in the browser's storage. */
  #origin: Origin | null = null;
  #storedStep = 0;
  #nextStore = 0;
  /** Own images that storage does not hold yet. */
  #ownUnsaved = false;
  /** Own images that the engine has not seen yet. */

  protected override get canTrain(): boolean {
    return this.#onDevice > 0;
  }

  protected data(): null {
    return null;
  }

  protected clip(engine: Engine, sample: Sample, common: TimedClip): { update: Update; moved: Transferable[] } {
    const { side, channels } = imagesOf(engine);
    const frames = toBytes(sample.frames);
    const predicted = toBytes(sample.predicted);
    const clip = { ...common, frames, predicted, side, channels, labels: common.options.labels ?? [] };
    const moved = [frames.buffer, predicted.buffer, common.timesteps.buffer] as Transferable[];
    return { update: { type: "image_clip", clip }, moved };
  }

  protected override async perform(command: Command): Promise<unknown> {
    switch (command.type) {
      case "peek":
        return this.#storage.peek();
      case "discard":
        await this.#storage.discard();
        this.#ownUnsaved = this.#own !== null;
        return null;
      case "plan":
        return this.#plan(command);
      case "own_images":
        this.#own = command.images;
        this.#ownUnsaved = true;
        return null;
      case "fetch_images":
        this.#fetch(imagesOf(this.ready()));
        return null;
      case "keep":
        this.#origin = command.origin;
        this.#nextStore = performance.now() + STORE_EVERY_MS;
        return null;
      case "store":
        await this.#store(true);
        return null;
      case "restore":
        return this.#restore(this.ready());
      case "load_folder": {
        const engine = this.ready();
        const config = await engine.load_folder(command.config, command.weights, command.scheduler ?? undefined, command.dataset);
        await this.replaced(engine);
        await this.sample(engine);
        return config;
      }
      case "export":
        return (await this.ready().export_folder()).map(({ name, bytes }) => ({ name, bytes: owned(bytes) }));
      default:
        return super.perform(command);
    }
  }

  protected override async trained(_engine: Engine, now: number): Promise<void> {
    if (now >= this.#nextStore) await this.#store(false);
  }

  /** What was loaded need not be stored until it is trained on. */
  protected override settled(): void {
    this.#storedStep = this.latest?.step ?? 0;
  }

  protected override async halted(): Promise<void> {
    await this.#store(false);
  }

  #plan({ config, sample }: Command & { type: "plan" }): MemoryPlan {
    const { backend, software } = this.ready().adapter();
    return this.module.memory_plan(this.module.check_config(config), sample, software || backend === "cpu");
  }

  // The run in the browser's storage

  async #store(always: boolean): Promise<void> {
    const origin = this.#origin;
    const step = this.latest?.step ?? 0;
    this.#nextStore = performance.now() + STORE_EVERY_MS;
    if (!origin || !this.engine || this.latest?.frozen_at != null || (step === this.#storedStep && !always)) return;
    const { dataset, side, unet } = imagesOf(this.engine);
    try {
      if (dataset === "own" && this.#own && this.#ownUnsaved) {
        await this.#storage.saveImages(this.#own);
        this.#ownUnsaved = false;
      }
      const bytes = await this.engine.save_checkpoint();
      const classNames = dataset === "own" ? (this.#own?.classNames ?? []) : [];
      await this.#storage.save({ dataset, side, block_out_channels: unet.block_out_channels, step, saved: Date.now(), origin, classNames }, bytes);
      this.#storedStep = step;
      this.post({ type: "stored", step });
    } catch (error) {
      // Said once; without storage the run goes on as well.
      this.#origin = null;
      this.post({ type: "trouble", fault: { ...toFault(error), kind: "storage" }, fatal: false });
    }
  }

  async #restore(engine: Engine): Promise<unknown> {
    const entry = await this.#storage.load();
    if (!entry) throw new Error("The stored run is not there any more.");
    if (entry.about.dataset === "own") this.#own = (await this.#storage.images()) ?? this.#own;
    const config = await engine.load_checkpoint(entry.bytes);
    await this.replaced(engine);
    await this.sample(engine);
    return { config, run: entry.about };
  }

  // Training images

  /** Sees to it that the engine has, or gets, the images its configuration names. */
  protected override async replacing(engine: Engine): Promise<void> {
    const images = imagesOf(engine);
    const key = `${images.dataset} ${images.side} ${images.channels}`;
    const own = images.dataset === "own" ? this.#own : null;
    if (own && own.side === images.side && own.channels === images.channels && own.count === images.count) {
      this.#loading?.abort();
      this.#held = { key: "own", parts: [own], complete: true, credits: null };
    } else if (key !== this.#held.key || images.dataset === "own") {
      this.#loading?.abort();
      this.#share = 0;
      this.#held = { key, parts: [], complete: images.dataset === "own", credits: null };
    }
    this.#onDevice = engine.image_count;
    if (this.#onDevice === 0) for (const part of this.#held.parts) this.#onDevice = await engine.add_images(part.pixels, part.labels);
    this.#tell(images, true);
    this.#fetch(images);
  }

  #fetch(images: ImageConfig): void {
    if (this.#held.complete || (this.#loading && !this.#loading.signal.aborted)) return;
    void this.#load(images);
  }

  /** Streams the shards in; each goes to the engine between two turns of training. */
  async #load({ dataset, side }: ImageConfig): Promise<void> {
    const loading = new AbortController();
    this.#loading = loading;
    const held = this.#held;
    const { signal } = loading;
    let told = 0;
    const progress = ({ loadedBytes, totalBytes }: Progress): void => {
      this.#share = loadedBytes / totalBytes;
      const now = performance.now();
      if (now - told < PROGRESS_EVERY_MS || !this.engine) return;
      told = now;
      this.#tell(imagesOf(this.engine), false);
    };
    try {
      const manifest = await fetchManifest(DATA, dataset, signal);
      held.credits = manifest;
      // After a failure on the way the shards before it are here already.
      for await (const part of loadShards(DATA, manifest, { side, signal, progress, from: held.parts.length })) {
        if (signal.aborted) return;
        this.enqueue(() => this.#take(part, held));
      }
      this.enqueue(async () => void (held.complete = true));
    } catch (error) {
      if (!signal.aborted) this.post({ type: "trouble", fault: { ...toFault(error), kind: "data" }, fatal: false });
    } finally {
      if (this.#loading === loading) this.#loading = null;
    }
  }

  async #take(part: { pixels: Uint8Array; labels: Uint8Array }, held: Held): Promise<void> {
    if (held !== this.#held || !this.engine) return;
    held.parts.push(part);
    try {
      this.#onDevice = await this.engine.add_images(part.pixels, part.labels);
      this.#tell(imagesOf(this.engine), held.parts.length === 1);
    } catch (error) {
      this.post({ type: "trouble", fault: toFault(error), fatal: false });
    }
  }

  #tell({ dataset, count, side, channels }: ImageConfig, withStrip: boolean): void {
    const { parts, credits } = this.#held;
    const missing = dataset === "own" && this.#onDevice === 0;
    const first = withStrip ? parts[0] : undefined;
    const strip: ImageStrip | null = first
      ? { pixels: first.pixels.slice(0, STRIP * side * side * channels), labels: first.labels.slice(0, STRIP), side, channels }
      : null;
    const { title = "", licence = "", credit = "", url = "" } = credits ?? {};
    const progress = { held: this.#onDevice, total: count, share: this.#share, missing };
    this.post({ type: "images", progress, strip, credits: credits && { title, licence, credit, url } });
  }
}

function imagesOf(engine: Engine): ImageConfig {
  const { images } = engine.config();
  if (!images) throw new Error("This run trains on points, not on images.");
  return images;
}

/** [-1, 1] to 0..255, which is all that a screen shows. */
function toBytes(values: Float32Array): Uint8Array {
  const bytes = new Uint8ClampedArray(values.length);
  for (let i = 0; i < values.length; i++) bytes[i] = (values[i]! + 1) * 127.5;
  return new Uint8Array(bytes.buffer);
}
