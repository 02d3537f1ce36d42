/**
 * What lies on the desk of the tab "edit": pictures to start from, what is to be done to them, and what came of it. It outlives
 * the tab's element, and lets go of its results when the run is replaced.
 */
import type { DigitsStore } from "../../state/digits-store";
import { labEditWords, type LabEditStrings } from "../../strings/lab-edit";
import type { ImageClip } from "../../worker/protocol";
import type { Filled, Inverted, Mixed, Varied } from "./edit-work";
import { fromBytes, sizeOf, type Shape } from "./edit-images";
import { Mask } from "./edit-mask";
import { scaleOf, type Method } from "./edit-options";
import { Runner } from "./edit-runner";

export const MODES = ["inpaint", "vary", "invert", "interpolate"] as const;
export type Mode = (typeof MODES)[number];
export type Which = "a" | "b";
/** The class that the model is told: the picture's own, none, or a number. */
export type ClassChoice = "own" | "none" | number;

/** Pictures to choose from. */
export interface Album {
  shape: Shape;
  images: Float32Array[];
  /** Empty where there are no classes. */
  labels: number[];
}

export class Desk {
  readonly store: DigitsStore;
  readonly words: LabEditStrings;
  readonly runner = new Runner(() => this.changed());
  mode: Mode = "inpaint";
  /** Where the pictures come from. */
  from: "training" | "grid" = "training";
  album: Album | null = null;
  picked: Record<Which, number> = { a: 0, b: 1 };
  choosing: Which = "a";
  mask: Mask | null = null;
  brush = { width: 3, forget: true };
  class: ClassChoice = "own";
  guidance = 1;
  readonly inpaint = { sampler: "ddpm" as Method, steps: 50, resamples: 1, variants: 4, runs: [] as Filled[] };
  readonly vary = { strength: 0.6, steps: 50, variants: 4, run: null as Varied | null };
  readonly invert = { sampler: "ddim" as Method, steps: 100, runs: [] as Inverted[] };
  readonly interpolate = { ends: "images" as "images" | "seeds", way: "noise" as "noise" | "depth", depth: 0.6, steps: 50, seeds: { a: 1, b: 2 }, run: null as Mixed | null };
  #listeners = new Set<() => void>();
  #strip: unknown = null;
  #redraw: ReturnType<typeof setTimeout> | null = null;

  constructor(store: DigitsStore) {
    this.store = store;
    this.words = labEditWords(store.text.lang);
    store.subscribe((topic) => {
      // Whether there are samples to choose from, and what the model may be told.
      if (topic === "settings" || topic === "clip") this.changed();
      if (topic !== "data") return;
      if (store.metrics === null) this.#replaced();
      if (this.from === "training" && store.strip !== this.#strip) this.open("training");
    });
    this.open("training");
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  changed(): void {
    for (const listener of this.#listeners) listener();
  }

  #replaced(): void {
    this.runner.cancel();
    this.#clear();
    this.open("training");
  }

  #clear(): void {
    this.runner.fault = null;
    this.inpaint.runs = [];
    this.vary.run = null;
    this.invert.runs = [];
    this.interpolate.run = null;
  }

  // Pictures

  /** Takes the pictures as they are now. */
  open(from: "training" | "grid"): void {
    const album = from === "training" ? this.#training() : this.#grid();
    if (from === "training") this.#strip = this.store.strip;
    if (!album && from === "grid") return;
    const { a, b } = this.picked;
    const last = Math.max(0, (album?.images.length ?? 1) - 1);
    this.from = from;
    this.album = album;
    this.picked = { a: Math.min(a, last), b: Math.min(b, last) };
    if (album && this.mask?.side !== album.shape.side) this.mask = new Mask(album.shape.side);
    this.#left();
  }

  get #scale(): number {
    return scaleOf(this.store.config);
  }

  #training(): Album | null {
    const { strip } = this.store;
    return strip && this.#album(strip.pixels, strip.labels.length, [...strip.labels], strip);
  }

  /** The last frame of what the grid shows. */
  #grid(): Album | null {
    const clip = this.store.playback.clip as ImageClip | null;
    if (!clip) return null;
    const last = (clip.frameCount - 1) * clip.count * clip.side * clip.side * clip.channels;
    return this.#album(clip.frames.subarray(last), clip.count, clip.labels, clip);
  }

  #album(pixels: Uint8Array, count: number, labels: number[], { side, channels }: { side: number; channels: number }): Album {
    const shape = { side, channels, scale: this.#scale };
    const size = sizeOf(shape);
    const images = Array.from({ length: count }, (_, i) => fromBytes(pixels.subarray(i * size, (i + 1) * size), shape.scale));
    return { shape, images, labels };
  }

  get shape(): Shape {
    return this.album?.shape ?? { side: 28, channels: 1, scale: this.#scale };
  }

  image(which: Which = "a"): Float32Array | null {
    return this.album?.images[this.picked[which]] ?? null;
  }

  /** Whether the pictures are of classes that have names. */
  label(which: Which = "a"): number | null {
    return this.album?.labels[this.picked[which]] ?? null;
  }

  pick(index: number): void {
    const count = this.album?.images.length ?? 0;
    if (!count) return;
    this.picked = { ...this.picked, [this.mode === "interpolate" ? this.choosing : "a"]: ((index % count) + count) % count };
    this.#left();
  }

  /** What was made of another picture is put away. */
  #left(): void {
    this.#clear();
    this.changed();
  }

  setMode(mode: Mode): void {
    if (mode === this.mode) return;
    this.runner.cancel();
    this.runner.fault = null;
    this.mode = mode;
    this.choosing = "a";
    // A way needs two ends.
    const { a, b } = this.picked;
    if (mode === "interpolate" && a === b) this.picked = { a, b: (a + 1) % Math.max(1, this.album?.images.length ?? 1) };
    this.changed();
  }

  /** Seeds stand in for pictures. */
  get seeded(): boolean {
    return this.mode === "interpolate" && this.interpolate.ends === "seeds";
  }

  // The class that the model is told

  get conditioned(): boolean {
    return this.store.conditioned;
  }

  /** Whether the model was also trained without classes. */
  get knowsNone(): boolean {
    return (this.store.config?.images?.label_dropout ?? 0) > 0;
  }

  get canGuide(): boolean {
    return this.conditioned && this.knowsNone && this.store.config?.images?.conditioning === "embedding";
  }

  /** Null for none. */
  told(which: Which = "a"): number | null {
    if (!this.conditioned) return null;
    if (this.class === "own") return this.label(which);
    return this.class === "none" ? null : this.class;
  }

  className(label: number | null): string {
    return label === null ? this.words.class.none : (this.store.classNames[label] ?? String(label));
  }

  // Changes

  /** After a change of what the shown result was made with: it follows, if there is one. */
  follow(work: () => void): void {
    this.changed();
    if (this.#redraw) clearTimeout(this.#redraw);
    this.#redraw = setTimeout(work, 250);
  }
}

const desks = new WeakMap<DigitsStore, Desk>();

export function deskOf(store: DigitsStore): Desk {
  let desk = desks.get(store);
  if (!desk) desks.set(store, (desk = new Desk(store)));
  return desk;
}
