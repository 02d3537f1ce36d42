/** The digits task: a U-Net that learns images. What a visitor brings and keeps is in digits-runs.ts. */
import { describe } from "../data/fault";
import type { OwnFile } from "../data/own-files";
import type { Texts } from "../strings";
import { digitsTexts } from "../strings/digits";
import type { DigitsStrings } from "../strings/digits.en";
import type { Config, ImageDataset, MemoryPlan, Preset } from "../engine-types";
import type { Credits, Fault, ImageProgress, ImageStrip, Origin, OwnImages, Presets, Sampling, StoredRun, Update } from "../worker/protocol";
import { readClasses, writeClasses } from "./class-list";
import { labelsFor, presetOf, settingsOf, shape } from "./digits-config";
import { OwnSet, type Cut } from "./digits-own";
import { Runs } from "./digits-runs";
import { DIGITS, SHAPING } from "./digits-settings";
import { readHash } from "./hash";
import { lossBand } from "./loss-bands";
import { noticesForHash } from "./notices";
import { Playback } from "./playback";
import { sampledSchedule } from "./process-settings";
import type { ViewOptions } from "./query";
import { RunStore, type Job, type LossBand } from "./run-store";
import type { Settings, Value } from "./table";

/** Length of one denoising at speed 1. */
const PLAY_MS = 2600;
/** Frames of a trajectory that travel to the page. */
const MAX_FRAMES = 32;

/** How long after a choice of classes new samples are drawn. */
const DRAW_AFTER_MS = 200;

/** Settings that move the loss; its band was measured with their usual values. */
const SHAPING_LOSS = ["images.conditioning", "images.channels", "training.batch_size", "training.learning_rate", "schedule.beta_schedule"];

/** Where messages about images given by the visitor stand. */
export const IMAGES = "images.dataset";

export class DigitsStore extends RunStore {
  readonly task = "digits";
  readonly table = DIGITS;
  readonly playback = new Playback(PLAY_MS);
  readonly words: DigitsStrings;
  readonly runs: Runs;
  /** How many training images are here; null before the first word from the worker. */
  images: ImageProgress | null = null;
  strip: ImageStrip | null = null;
  credits: Credits | null = null;
  plan: MemoryPlan | null = null;
  readonly ownSet: OwnSet;
  /** Where the weights come from, and the step at which they came. */
  origin: Origin = { kind: "live" };
  originStep = 0;
  #presets: Presets | null = null;
  /** The configuration that the settings stand on: a preset's, or a file's. */
  #base: Config | null = null;
  #drawing: ReturnType<typeof setTimeout> | null = null;

  constructor(view: ViewOptions, text: Texts) {
    super(view, text, "./digits-worker.js");
    this.words = digitsTexts(text.lang).ui;
    this.runs = new Runs(this, this.client);
    this.ownSet = new OwnSet(this, this.client);
  }

  // In words

  get tagline(): string {
    const onGpu = this.adapter?.backend === "webgpu" && !this.adapter.software;
    return onGpu || !this.adapter ? this.words.tagline.gpu : this.words.tagline.cpu;
  }

  get own(): OwnImages | null {
    return this.ownSet.images;
  }

  get dataset(): ImageDataset {
    return (this.settings?.["images.dataset"] ?? "mnist") as ImageDataset;
  }

  get subject(): string {
    const { data, presets, run } = this.words;
    return run.subject(data.names[this.dataset], presets[String(this.settings?.["preset"])] ?? "");
  }

  get caption(): string {
    const { ui, number } = this.text;
    const { clip } = this.playback;
    if (!clip) return this.phase === "ready" ? this.words.grid.waiting : (this.waiting ?? ui.phase[this.phase]);
    const untouched = this.untouched && clip.step === this.originStep;
    const sampler = ui.choices[clip.options.sampler] ?? clip.options.sampler;
    const facts = ui.stage.caption(number.whole(clip.count), sampler, number.whole(clip.evaluations), this.duration(clip.milliseconds));
    return `${facts}, ${untouched ? this.words.grid.pretrained : ui.stage.atStep(number.whole(clip.step))}.`;
  }

  get progress(): string | null {
    const { number } = this.text;
    const { metrics } = this;
    return metrics?.loss == null ? null : this.words.announce(number.whole(metrics.step), number.reading(metrics.loss));
  }

  override get jobs(): Job[] {
    const { images, compiling, words, text } = this;
    const jobs: Job[] = [];
    if (compiling?.total) {
      jobs.push({ id: "compiling", share: compiling.done / compiling.total, said: words.announceCompiling(text.number.whole(compiling.total)) });
    }
    if (images && this.dataset !== "own") {
      const name = words.data.names[this.dataset];
      jobs.push({ id: name, share: images.share, said: words.announceLoading(name, text.number.whole(images.total)) });
    }
    return jobs;
  }

  override get waiting(): string | null {
    const { number } = this.text;
    if (this.compiling && this.compiling.done < this.compiling.total) {
      return this.words.run.compiling(number.whole(this.compiling.done), number.whole(this.compiling.total));
    }
    return this.phase === "ready" && this.wanted && this.images?.held === 0 ? this.words.run.fetching : null;
  }

  override get lossBand(): LossBand | null {
    const { settings, initial } = this;
    if (!settings || !initial || this.origin.kind !== "live") return null;
    const usual = SHAPING_LOSS.every((key) => settings[key] === initial[key]);
    return usual ? lossBand(String(settings["preset"]), this.dataset) : null;
  }

  /** Names of the classes, in the order of their numbers. */
  get classNames(): readonly string[] {
    const { classes } = this.words;
    return this.dataset === "own" ? (this.own?.classNames ?? this.runs.classNames) : classes[this.dataset];
  }

  get conditioned(): boolean {
    return this.settings?.["images.conditioning"] !== "none" && this.classNames.length > 1;
  }

  /** Whether these are shipped weights as they came. */
  get untouched(): boolean {
    return this.origin.kind === "pretrained" && (this.metrics?.step ?? 0) === this.originStep;
  }

  /** Passes over the data so far. */
  get epoch(): number {
    const batch = Number(this.settings?.["training.batch_size"] ?? 0);
    return ((this.metrics?.step ?? 0) * batch) / Math.max(1, this.images?.total ?? 1);
  }

  label(key: string): string {
    return this.words.fields[key] ?? key;
  }

  unit(key: string): string | undefined {
    return this.words.units[key]?.replace("1000", String(this.settings?.["schedule.num_train_timesteps"] || 1000));
  }

  override choice(key: string, name: string): string {
    return (key === "images.conditioning" || !this.text.ui.choices[name] ? this.words.choices[name] : this.text.ui.choices[name]) ?? name;
  }

  protected get usualRate(): number {
    return this.#presets?.[presetOf(this.settings!)].mnist.training.learning_rate ?? Infinity;
  }

  // Training

  override async set(key: string, value: Value): Promise<boolean> {
    if (key === "sample.classes" && this.settings) {
      this.#setClasses(String(value));
      return true;
    }
    if (key === "preset" && value === "custom") return true;
    if (key === "images.dataset" && value === "own" && !this.own) return true;
    const ok = await super.set(key, value);
    if (ok) void this.#predict();
    return ok;
  }

  /** The classes to draw, by number. */
  get chosenClasses(): number[] {
    return readClasses(String(this.settings?.["sample.classes"] ?? "")) ?? [];
  }

  /** Draws a class, or leaves it out; one always remains. */
  toggleClass(label: number): void {
    if (label >= this.classNames.length) return;
    const chosen = new Set(this.chosenClasses);
    if (!chosen.delete(label)) chosen.add(label);
    if (chosen.size) this.#setClasses(writeClasses(chosen));
  }

  /** Taken at once, since there is nothing to refuse; samples follow when the last of some quick clicks was made. */
  #setClasses(classes: string): void {
    this.accept({ ...this.settings!, "sample.classes": classes }, "sample.classes");
    this.sendSampling();
    if (this.#drawing) clearTimeout(this.#drawing);
    this.#drawing = setTimeout(() => void this.sample(), DRAW_AFTER_MS);
  }

  /** Random weights, and off it goes. */
  async trainFromScratch(): Promise<void> {
    this.wanted = true;
    await this.reset();
  }

  protected async restart(settings: Settings, key: string | null): Promise<boolean> {
    let next = settings;
    let base = this.#base!;
    if (key !== null && SHAPING.includes(key)) {
      if (next["images.dataset"] === "own" && !(await this.ownSet.fit(next, this.#presets!, key))) return false;
      base = shape(this.#presets!, next, this.own);
      // Another network has other settings that suit it.
      if (key === "preset") next = { ...settingsOf(next, base, this.#presets!), seed: next["seed"]! };
    }
    const config = this.table.toConfig(base, next);
    const { untouched } = this;
    const kept = await this.runs.putAside();
    if (!(await this.attempt(this.client.call({ type: "reset", config }), key))) return false;
    if (kept) this.runs.offerAside(kept);
    await this.took(next, config, { kind: "live" });
    // Whoever looks at shipped weights wants to see those of the next set, too.
    if (untouched && !this.wanted && key === IMAGES && this.runs.pretrained) await this.runs.usePretrained();
    else if (this.wanted && !this.hidden) await this.run();
    else await this.sample();
    return true;
  }

  /** The run is now this one: settings, label and memory follow. */
  async took(settings: Settings, config: Config, origin: Origin): Promise<void> {
    this.#base = config;
    this.origin = origin;
    this.originStep = this.metrics?.step ?? 0;
    this.faults.clear();
    this.initial = this.#initialFor(presetOf(settings));
    this.accept(settings, null);
    this.emit("state", "data");
    this.sendSampling();
    await this.runs.keep();
    void this.#predict();
  }

  /** Settings for a configuration that came from a file. */
  settingsFor(config: Config): Settings {
    return settingsOf(this.settings!, config, this.#presets!);
  }

  protected configFor(settings: Settings): Config {
    return this.table.toConfig(this.#base ?? shape(this.#presets!, settings, this.own), settings);
  }

  protected samplingFor(settings: Settings): Sampling {
    const options = { ...this.table.toSampleOptions(this.defaults!.sample, settings, MAX_FRAMES), ...sampledSchedule(this.configFor(settings), settings) };
    const config = this.#base!;
    const labels = labelsFor(settings, config);
    const guided = config.images!.conditioning === "embedding";
    return {
      options: { ...options, labels, guidance_scale: guided ? Number(settings["sample.guidance_scale"]) : 1 },
      live: this.playback.live,
    };
  }

  /** What the run will take of the device's memory. */
  async #predict(): Promise<void> {
    if (!this.#base || !this.settings) return;
    const config = this.table.toConfig(this.#base, this.settings);
    this.plan = await this.client.call({ type: "plan", config, sample: this.samplingFor(this.settings).options }).catch(() => null);
    this.emit("settings");
  }

  // Images and files

  load(file: File): Promise<boolean> {
    return this.runs.load([{ path: file.name, file }]);
  }

  /** Takes the visitor's images and starts a run on them. */
  async takeImages(files: OwnFile[], cut: Cut | null = null): Promise<boolean> {
    if (!this.settings || !this.#presets) return false;
    const next: Settings = { ...this.settings, "images.dataset": "own" };
    if (!(await this.ownSet.take(files, next, this.#presets, cut))) return false;
    return this.restart(next, IMAGES);
  }

  /** Whether a stored run has this preset's network. */
  isPreset(name: Preset, run: StoredRun): boolean {
    const images = this.#presets?.[name].mnist.images;
    return !!images && images.side === run.side && String(images.unet.block_out_channels) === String(run.block_out_channels);
  }

  // For the other parts of the store

  sayOfImages(message: string): false {
    return this.fault(IMAGES, message);
  }

  /** What was said of images is settled. */
  hush(): void {
    this.clearFault(IMAGES);
    this.emit("data");
  }

  // Updates from the worker

  protected override receive(update: Update): void {
    if (update.type === "images") {
      this.images = update.progress;
      this.strip = update.strip ?? this.strip;
      this.credits = update.credits;
      this.emit("data", "state");
    } else if (update.type === "stored") {
      this.runs.storedStep = update.step;
      this.emit("settings");
    } else if (update.type === "defaults") {
      void this.#start(update);
    }
    super.receive(update);
  }

  protected override trouble(fault: Fault, fatal: boolean): void {
    const { run, data } = this.words;
    if (fault.kind === "storage") {
      this.addNotice({ id: "storage", tone: "warn", text: run.notStored(fault.message), dismissible: true });
    } else if (fault.kind === "data") {
      const again = (): void => {
        this.dismiss("data");
        void this.attempt(this.client.call({ type: "fetch_images" }));
      };
      this.addNotice({ id: "data", tone: "error", text: data.failed(describe(fault, this.text) ?? fault.message), actions: [{ label: data.again, run: again }] });
    } else {
      super.trouble(fault, fatal);
    }
  }

  async #start({ config, sample, presets }: Update & { type: "defaults" }): Promise<void> {
    if (!presets) return super.trouble({ kind: "internal", field: null, message: "The engine has no presets for images." }, true);
    this.#presets = presets;
    const reading = readHash(location.hash, this.table);
    for (const notice of noticesForHash(reading, this.text, (key) => this.label(key))) this.addNotice(notice);
    this.defaults = { config, sample };
    const preset = presetOf(reading.values);
    this.initial = this.#initialFor(preset);
    const wanted: Settings = { ...this.initial, ...reading.values, preset };
    if (wanted["images.dataset"] === "own") {
      wanted["images.dataset"] = "mnist";
      this.addNotice({ id: "own", tone: "warn", text: this.words.run.ownMissing, dismissible: true });
    }
    this.settings = wanted;
    this.playback.speed = Number(this.settings["view.speed"]);
    this.phase = "compiling";
    this.emit("state", "settings");
    const plain = this.table.keys.every((key) => {
      const { scope } = this.table.spec(key);
      return key === IMAGES || scope === "sample" || scope === "view" || this.settings![key] === this.initial![key];
    });
    const pretrained = await this.runs.open(plain);
    if (pretrained || this.runs.offered) this.wanted = false;
    if (!(await this.#begin())) return;
    if (pretrained) await this.runs.usePretrained();
    else if (!this.wanted) await this.sample();
  }

  /** What the address leaves out: the first view's choices, with the settings that suit the preset. */
  #initialFor(preset: Preset): Settings {
    const { sample } = this.defaults!;
    const initial = this.table.settings({ config: this.#presets![preset].mnist, sample });
    return this.view.seed === null ? initial : { ...initial, seed: this.view.seed };
  }

  async #begin(): Promise<boolean> {
    const { backend } = this.view;
    const begin = async (name: ViewOptions["backend"]): Promise<boolean> => {
      this.#base = shape(this.#presets!, this.settings!, this.own);
      const config = this.table.toConfig(this.#base, this.settings!);
      if (!(await this.create(config, name))) return false;
      await this.took(this.settings!, config, { kind: "live" });
      return true;
    };
    if (await begin(backend)) return true;
    // Nothing was wrong with a setting, so it was the device.
    if (this.faults.size === 0 && backend !== "cpu" && (await begin("cpu"))) return true;
    const message = [...this.faults.values()][0] ?? this.notices.at(-1)?.text ?? "";
    this.initial = this.#initialFor("small");
    this.settings = { ...this.initial };
    this.addNotice({ id: "refused", tone: "warn", text: this.text.ui.notices.configRefused, dismissible: true });
    if ((await begin(backend)) || (backend !== "cpu" && (await begin("cpu")))) return true;
    this.trouble({ kind: "internal", field: null, message }, true);
    return false;
  }
}
