/**
 * What the tab "guidance" draws and what came of it: one row for each scale, and a classifier that is trained aside. It outlives
 * the tab's element, and lets go of its results when the run is replaced.
 */
import type { Config, SampleOptions } from "../../engine-types";
import type { DigitsStore } from "../../state/digits-store";
import type { RunStore } from "../../state/run-store";
import type { Store } from "../../state/store";
import { labGuidanceWords, type LabGuidanceStrings } from "../../strings/lab-guidance";
import type { ClassifierMetrics } from "../../worker/ask";
import { frameOf, joined } from "./edit-images";
import { Runner, type Work } from "./edit-runner";

export type Way = "free" | "classifier";
/** Training steps per question, so that one can stop in between. */
const CHUNK = 20;
export const MOST_SCALES = 6;
export const MOST_SCALE = 20;
/** More classes than this are not drawn at once. */
const COLUMNS = 10;

interface Planned {
  kind: Row["kind"];
  scale: number;
  options: Partial<SampleOptions>;
}

export interface Row {
  kind: "scale" | "plain" | "classifier" | "free";
  scale: number;
  labels: number[];
  /** One array per image; points all in one, x and y in turn. */
  samples: Float32Array[];
  /** What each sample is taken for; null where nobody can tell. */
  found: ArrayLike<number> | null;
  evaluations: number;
}

/** One to six scales, or null where the text is no such list. */
export function readScales(text: string): number[] | null {
  const parts = text.split(/[,;\s]+/).filter(Boolean).map(Number);
  return parts.length >= 1 && parts.length <= MOST_SCALES && parts.every((scale) => scale >= 0 && scale <= MOST_SCALE) ? parts : null;
}

export class GuidanceDesk {
  readonly store: RunStore;
  readonly words: LabGuidanceStrings;
  readonly drawing = new Runner(() => this.changed());
  readonly training = new Runner(() => this.changed());
  way: Way = "free";
  scales = "1, 2, 3, 5";
  from = 0;
  to = 1;
  perClass = 2;
  points = 500;
  classifierScale = 2;
  beside = 3;
  trainSteps: number;
  classifier: ClassifierMetrics | null = null;
  readonly rows: Record<Way, Row[]> = { free: [], classifier: [] };
  /** Training step of the rows. */
  readonly step: Record<Way, number> = { free: 0, classifier: 0 };
  #listeners = new Set<() => void>();

  constructor(store: RunStore) {
    this.store = store;
    this.words = labGuidanceWords(store.text.lang);
    this.trainSteps = store.task === "digits" ? 300 : 400;
    store.subscribe((topic) => {
      if (topic === "data" && store.metrics === null) this.#replaced();
      else if (topic === "settings" || topic === "data") this.changed();
    });
    if (store.phase === "ready") void this.#askClassifier();
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  changed(): void {
    for (const listener of this.#listeners) listener();
  }

  set(change: Partial<Pick<GuidanceDesk, "way" | "scales" | "from" | "to" | "perClass" | "points" | "classifierScale" | "beside" | "trainSteps">>): void {
    Object.assign(this, change);
    this.changed();
  }

  #replaced(): void {
    for (const runner of [this.drawing, this.training]) {
      runner.cancel();
      runner.fault = null;
    }
    this.rows.free = [];
    this.rows.classifier = [];
    this.classifier = null;
    this.changed();
    void this.#askClassifier();
  }

  /** A run may have one already. */
  async #askClassifier(): Promise<void> {
    // An engine without classifiers has none.
    const found = await this.store.ask("classifier").catch(() => null);
    if (this.training.busy) return;
    this.classifier = found;
    this.changed();
  }

  // What the model and its data know of classes

  get images(): Config["images"] {
    return this.store.config?.images ?? null;
  }

  get classes(): number {
    const { images } = this;
    if (images) return images.classes;
    const { data } = this.store as Store;
    return data ? data.labels.reduce((most, label) => Math.max(most, label + 1), 1) : 1;
  }

  /** Whether the model is told the class. */
  get told(): boolean {
    const { images } = this;
    return images ? images.conditioning === "embedding" : this.store.config?.model.class_conditioning === true;
  }

  /** Whether it can be asked without a class as well. */
  get both(): boolean {
    const { label_dropout = 0 } = this.images ?? this.store.config?.model ?? {};
    return this.told && label_dropout > 0;
  }

  className(label: number): string {
    return this.images ? ((this.store as DigitsStore).classNames[label] ?? String(label)) : String(label);
  }

  /** Classes in the columns: those the page draws, up to ten. */
  get columns(): number[] {
    const all = Array.from({ length: this.classes }, (_, label) => label);
    const chosen = this.images ? (this.store as DigitsStore).chosenClasses.filter((label) => label < this.classes) : [];
    return (chosen.length ? chosen : all).slice(0, this.images ? COLUMNS : undefined);
  }

  get #labels(): number[] {
    const { columns } = this;
    const count = this.images ? columns.length * this.perClass : this.points;
    return Array.from({ length: count }, (_, i) => columns[i % columns.length]!);
  }

  // Drawing

  draw(way: Way): void {
    const scales = readScales(this.scales);
    if (way === "free" && !scales) return;
    const labels = this.#labels;
    const within = { guidance_from: this.from, guidance_to: this.to };
    // Without a class the network answers alone, so that all guidance comes from the classifier.
    const alone = this.both ? { guidance_scale: 0 } : { guidance_scale: 1 };
    const quiet = this.told ? labels : [];
    const runs: Planned[] =
      way === "free"
        ? scales!.map((scale) => ({ kind: "scale", scale, options: { labels, guidance_scale: scale, ...within } }))
        : [
            { kind: "plain", scale: 0, options: { labels: quiet, ...alone, classifier_scale: 0 } },
            { kind: "classifier", scale: this.classifierScale, options: { labels, ...alone, classifier_scale: this.classifierScale } },
            ...(this.both ? [{ kind: "free" as const, scale: this.beside, options: { labels, guidance_scale: this.beside, classifier_scale: 0 } }] : []),
          ];
    this.drawing.start(this.#drawn(way, labels, runs));
  }

  #drawn(way: Way, labels: number[], runs: readonly Planned[]): Work {
    const { store, words } = this;
    const { number } = store.text;
    return async (turn) => {
      const made: Row[] = [];
      for (const { kind, scale, options } of runs) {
        turn.progress(words.rows.drawing(number.whole(made.length + 1), number.whole(runs.length)));
        const full: SampleOptions = { ...store.sampleOptions!, num_samples: labels.length, max_frames: 2, ...options };
        const drawn = await turn.of(store.draw(full));
        const images = frameOf(drawn, -1);
        const samples = this.images ? images : [joined(images)];
        made.push({ kind, scale, labels, samples, found: await turn.of(this.#judge(samples)), evaluations: drawn.evaluations });
        this.rows[way] = [...made];
        this.step[way] = store.metrics?.step ?? 0;
      }
    };
  }

  /** The class that each sample is taken for: by its nearest data point, or by the classifier. */
  async #judge(samples: readonly Float32Array[]): Promise<ArrayLike<number> | null> {
    if (!this.images) {
      const { data } = this.store as Store;
      return data && nearestLabels(samples[0]!, data.points, data.labels);
    }
    if (!this.classifier) return null;
    return this.store.ask("classify", joined(samples));
  }

  // The classifier

  train(): void {
    const { store, words } = this;
    const { number } = store.text;
    const all = this.trainSteps;
    this.training.start(async (turn) => {
      for (let done = 0; done < all; done += CHUNK) {
        turn.progress(words.classifier.training(number.whole(done), number.whole(all)));
        const metrics = await store.ask("train_classifier", Math.min(CHUNK, all - done));
        this.classifier = metrics;
        this.changed();
        if (!turn.alive) break;
      }
      await this.#judgeAgain();
    });
  }

  /** Rows drawn before the classifier knew better are judged by it as it is now. */
  async #judgeAgain(): Promise<void> {
    if (!this.images) return;
    for (const way of ["free", "classifier"] as const) {
      const rows = this.rows[way];
      const found = await Promise.all(rows.map((row) => this.#judge(row.samples)));
      if (rows === this.rows[way]) this.rows[way] = rows.map((row, i) => ({ ...row, found: found[i]! }));
    }
    this.changed();
  }

  async drop(): Promise<void> {
    this.training.cancel();
    await this.store.ask("drop_classifier");
    this.classifier = null;
    this.rows.classifier = [];
    if (this.images) this.rows.free = this.rows.free.map((row) => ({ ...row, found: null }));
    this.changed();
  }
}

/** Share of samples that are taken for the class they were asked for. */
export function accuracy({ labels, found }: Row): number | null {
  return found && labels.reduce((right, label, i) => right + Number(found[i] === label), 0) / labels.length;
}

export function nearestLabels(samples: Float32Array, points: Float32Array, labels: Uint32Array): Uint32Array {
  const found = new Uint32Array(samples.length / 2);
  for (let i = 0; i < found.length; i++) {
    const [x, y] = [samples[2 * i]!, samples[2 * i + 1]!];
    let least = Infinity;
    for (let j = 0; j < labels.length; j++) {
      const distance = (points[2 * j]! - x) ** 2 + (points[2 * j + 1]! - y) ** 2;
      if (distance < least) [least, found[i]] = [distance, labels[j]!];
    }
  }
  return found;
}

const desks = new WeakMap<RunStore, GuidanceDesk>();

export function guidanceDeskOf(store: RunStore): GuidanceDesk {
  let desk = desks.get(store);
  if (!desk) desks.set(store, (desk = new GuidanceDesk(store)));
  return desk;
}
