/**
 * The state of one run and what can be done to it, whichever task it is. Elements read it and call it; only it talks
 * to the worker. Each task adds its settings, its data and its pictures.
 */
import type { AdapterInfo, Config, KernelTime, Metrics, SampleOptions } from "../engine-types";
import type { Texts } from "../strings";
import type { Asks, Drawn, SampleInputs } from "../worker/ask";
import type { Backend } from "../worker/engine-api";
import type { Fault, Sampling, Update } from "../worker/protocol";
import { Board } from "./board";
import { Client } from "./client";
import { writeHash, type Task } from "./hash";
import { LossHistory } from "./loss-history";
import { frozenNotice, troubleNotice } from "./notices";
import type { Playback } from "./playback";
import { completed } from "./process-settings";
import type { ViewOptions } from "./query";
import type { Defaults, Settings, Value } from "./table";

export type Phase = "loading" | "compiling" | "ready" | "failed";
/** Steps, and the loss between which it should be there. */
export type LossBand = readonly (readonly [step: number, low: number, high: number])[];

/** Longer work with an end, told to those who cannot see its bar. */
export interface Job {
  id: string;
  /** From 0 to 1. */
  share: number;
  /** What is said at its start, half-way, and at its end. */
  said: readonly [start: string, half: string, end: string];
}

/** Errors that belong beside the load button and not beside a setting. */
export const CHECKPOINT = "checkpoint";

export abstract class RunStore extends Board {
  abstract readonly task: Task;
  abstract readonly playback: Playback;
  readonly view: ViewOptions;
  readonly losses = new LossHistory();
  phase: Phase = "loading";
  adapter: AdapterInfo | null = null;
  settings: Settings | null = null;
  metrics: Metrics | null = null;
  /** Kernels compiled, of how many; null when there is nothing to tell. */
  compiling: { done: number; total: number } | null = null;
  /** When the next live sample is due, on the clock of `performance.now()`; null while one is drawn. */
  nextSample: number | null = 0;
  /** The worker trains right now. */
  running = false;
  /** The visitor wants it to train; a hidden tab or a frozen model may say otherwise. */
  wanted: boolean;
  /** Nobody can see it: the tab or the task is in the background. */
  hidden = false;
  /** Set for a while after a hidden tab came back. */
  resumed = false;
  fileMessage = "";
  clips = 0;
  protected defaults: Defaults | null = null;
  protected initial: Settings | null = null;
  protected readonly client: Client;
  protected sampleByHand = false;
  #recoveries = 0;
  /** In the background nothing is written to the address. */
  #active = true;

  constructor(view: ViewOptions, text: Texts, worker: string) {
    super(text);
    this.view = view;
    this.wanted = view.autoplay;
    this.client = new Client(worker, (update) => this.receive(update));
  }

  // What each task says

  /** Resets the run to `settings`; false when they were refused, with a message beside `key`. */
  protected abstract restart(settings: Settings, key: string | null): Promise<boolean>;
  protected abstract samplingFor(settings: Settings): Sampling;
  protected abstract configFor(settings: Settings): Config;
  abstract load(file: File): Promise<boolean>;
  /** Sets the run's pace for `startOver`, as its notice offers. */
  protected abstract get usualRate(): number;
  abstract unit(key: string): string | undefined;
  /** One sentence under the name of the page. */
  abstract get tagline(): string;
  /** What the current samples are, in words. */
  abstract get caption(): string;
  /** What is trained on, in words. */
  abstract get subject(): string;
  /** How far the run is; null before there is something to say. */
  abstract get progress(): string | null;
  get lossBand(): LossBand | null {
    return null;
  }
  /** What the run waits for, in words; null when it does not. */
  get waiting(): string | null {
    return null;
  }
  get jobs(): Job[] {
    return [];
  }
  /** How long something took, in words. */
  protected duration(ms: number): string {
    const { ui, number } = this.text;
    if (ms >= 10_000) return ui.stage.seconds(number.fixed(ms / 1000, 1));
    return ui.stage.milliseconds(ms < 10 ? number.fixed(ms, 1) : number.whole(ms));
  }
  choice(_key: string, name: string): string {
    return this.text.ui.choices[name] ?? name;
  }

  /** Asks the engine; rejects with an `EngineError`. */
  ask<Method extends keyof Asks>(method: Method, ...args: Asks[Method]["args"]): Promise<Asks[Method]["result"]> {
    return this.client.call({ type: "ask", method, args }) as Promise<Asks[Method]["result"]>;
  }

  /** Draws samples that do not replace those shown. */
  draw(options: SampleOptions, inputs: SampleInputs = {}): Promise<Drawn> {
    return this.client.call({ type: "draw", options, inputs });
  }

  /** The run's configuration as the settings say; null before the engine is there. */
  get config(): Config | null {
    return this.configWith({});
  }
  configWith(values: Settings): Config | null {
    return this.defaults && this.settings ? this.configFor({ ...this.settings, ...values }) : null;
  }

  /** How the settings say to sample. */
  get sampleOptions(): SampleOptions | null {
    return this.optionsWith({});
  }
  optionsWith(values: Settings): SampleOptions | null {
    return this.settings ? this.samplingFor({ ...this.settings, ...values }).options : null;
  }

  end(): void {
    this.client.end();
    this.silence();
  }

  // Training

  play(): Promise<void> {
    this.wanted = true;
    return this.run();
  }

  pause(): Promise<void> {
    this.wanted = false;
    return this.run();
  }

  toggle(): Promise<void> {
    return this.wanted ? this.pause() : this.play();
  }

  /** Single steps pause the run, as a debugger's step does. */
  async step(steps: number): Promise<void> {
    await this.pause();
    await this.attempt(this.client.call({ type: "step", steps }));
  }

  async reset(): Promise<void> {
    if (this.settings) await this.restart(this.settings, null);
  }

  setHidden(hidden: boolean): void {
    if (this.hidden === hidden) return;
    this.hidden = hidden;
    if (this.phase !== "ready") return;
    if (!hidden && this.wanted) {
      this.resumed = true;
      setTimeout(() => {
        this.resumed = false;
        this.emit("state");
      }, 6000);
    }
    void this.run();
  }

  /** Tells the worker what is wanted of it. */
  protected async run(): Promise<void> {
    this.emit("state");
    if (this.phase !== "ready") return;
    await this.attempt(this.client.call({ type: this.wanted && !this.hidden ? "play" : "pause" }));
  }

  protected async create(config: Config, backend: Backend): Promise<boolean> {
    const playing = this.wanted && !this.hidden;
    const sampling = this.samplingFor(this.settings!);
    if (!(await this.attempt(this.client.call({ type: "create", config, backend, tune: this.view.tune, playing, sampling })))) return false;
    // The visitor may have decided otherwise meanwhile.
    if (playing !== (this.wanted && !this.hidden)) await this.run();
    return true;
  }

  // Settings

  /** Takes a new value; false when the engine refused it (the message then stands in `faults`). */
  set(key: string, value: Value): Promise<boolean> {
    return this.setAll({ [key]: value }, key);
  }

  /** Takes several values as one change. A refusal that names no setting stands beside `key`, or in a notice. */
  async setAll(values: Settings, key: string | null = null): Promise<boolean> {
    const { settings } = this;
    if (!settings || !this.defaults) return false;
    const all = completed(values, { ...settings, ...values });
    const changed = Object.keys(all).filter((name) => !Object.is(settings[name], all[name]));
    if (changed.length === 0 && key) this.clearFault(key);
    if (changed.length === 0) return true;
    const next: Settings = { ...settings, ...all };
    const specs = changed.map((name) => this.table.spec(name));
    if (specs.some(({ restarts }) => restarts)) return this.restart(next, key);
    if (specs.some(({ scope }) => scope === "sample")) return (await this.#setSampling(next, key, all)) && (await this.sample(), true);
    const value = Number(next["training.learning_rate"]);
    const runs = specs.some(({ scope }) => scope === "config");
    if (runs && !(await this.attempt(this.client.call({ type: "learning_rate", value }), key))) return false;
    this.accept({ ...(this.settings ?? next), ...all }, key);
    return true;
  }

  async #setSampling(next: Settings, key: string | null, values: Settings | null): Promise<boolean> {
    const ok = await this.attempt(this.client.call({ type: "sampling", sampling: this.samplingFor(next) }), key);
    if (ok && values) this.accept({ ...(this.settings ?? next), ...values }, key);
    return ok;
  }

  protected accept(next: Settings, key: string | null): void {
    this.settings = next;
    this.playback.speed = Number(next["view.speed"]);
    this.settleFaults(key);
    this.#writeHash();
    this.emit("settings");
  }

  /** The hash that stands for the settings, with "#"; empty for the first view. */
  get hash(): string {
    const hash = this.settings && this.initial ? writeHash(this.task, this.settings, this.initial, this.table) : "";
    return hash && `#${hash}`;
  }

  #writeHash(): void {
    if (!this.settings || !this.initial || this.view.embed || !this.#active) return;
    history.replaceState(history.state, "", this.hash || location.pathname + location.search);
  }

  setActive(active: boolean): void {
    this.#active = active;
  }

  async sample(): Promise<void> {
    this.sampleByHand = true;
    await this.attempt(this.client.call({ type: "sample" }));
    this.sampleByHand = false;
  }

  async drawAgain(): Promise<void> {
    if (this.settings) await this.set("sample.seed", (Number(this.settings["sample.seed"]) + 1) % 4294967296);
  }

  seek(position: number): void {
    const wasLive = this.playback.live;
    this.playback.seek(position);
    if (wasLive) this.sendSampling();
    this.emit("time");
  }

  setLive(live: boolean): void {
    if (live) this.playback.goLive();
    else this.playback.seek(this.playback.position);
    this.sendSampling();
    this.emit("time");
  }

  replay(): void {
    if (this.playback.animating) this.playback.stop();
    else this.playback.play();
    this.emit("time");
  }

  protected sendSampling(): void {
    if (this.settings && this.phase === "ready") void this.#setSampling(this.settings, null, null);
  }

  // Checkpoints

  save(): Promise<Uint8Array> {
    return this.client.call({ type: "save" });
  }

  /** As `save`, but an error is shown beside the buttons. */
  async saveForDownload(): Promise<Uint8Array | null> {
    return this.save().catch((error: Error) => (this.fault(CHECKPOINT, error.message), null));
  }

  /** True when a file of this size is taken; else the message stands beside the buttons. */
  protected fits(file: File, limit: number): boolean {
    if (file.size <= limit) return true;
    const mb = (bytes: number): string => this.text.number.whole(bytes / 1048576);
    return this.fault(CHECKPOINT, this.text.ui.files.tooLarge(mb(file.size), mb(limit)));
  }

  /** Time per kernel over some training steps; empty where the device cannot measure it. */
  async profile(steps: number): Promise<KernelTime[] | null> {
    let times: KernelTime[] | null = null;
    await this.attempt(this.client.call({ type: "profile", steps }).then((result) => (times = result)));
    return times;
  }

  setFileMessage(message: string): void {
    this.fileMessage = message;
    this.clearFault(CHECKPOINT);
    this.emit("settings");
  }

  /** Takes the device away, as a driver reset would; for tests of the recovery. */
  loseDevice(): Promise<null> {
    return this.client.call({ type: "lose_device" });
  }

  // Updates from the worker

  protected receive(update: Update): void {
    // Whatever the engine says next, it is through with compiling.
    if (update.type === "metrics" || update.type === "clip" || update.type === "image_clip") this.compiling = null;
    switch (update.type) {
      case "created":
        this.adapter = update.adapter;
        this.phase = "ready";
        this.compiling = null;
        this.emit("state", "data", "notices");
        break;
      case "compiling":
        this.compiling = { done: update.done, total: update.total };
        this.emit("state");
        break;
      case "replaced":
        this.losses.clear();
        this.playback.clear();
        this.metrics = null;
        this.emit("data", "clip", "metrics");
        break;
      case "running":
        this.running = update.playing;
        this.emit("state");
        break;
      case "metrics":
        this.metrics = update.metrics;
        this.losses.add(update.metrics.first_step, update.metrics.losses);
        this.#watch(update.metrics);
        this.emit("metrics");
        break;
      case "next_sample":
        this.nextSample = update.wait > 0 ? performance.now() + update.wait : null;
        this.emit("time");
        break;
      case "clip":
      case "image_clip":
        this.clips += 1;
        this.playback.offer(update.clip, this.sampleByHand);
        this.emit("clip", "time");
        break;
      case "trouble":
        this.trouble(update.fault, update.fatal);
        break;
    }
  }

  #watch(metrics: Metrics): void {
    const { ui } = this.text;
    if (metrics.recoveries > this.#recoveries) {
      this.#recoveries = metrics.recoveries;
      this.addNotice({ id: "recovered", tone: "info", text: ui.notices.recovered, dismissible: true });
    }
    if (metrics.frozen_at === null) {
      if (this.notices.some(({ id }) => id === "frozen")) this.dismiss("frozen");
    } else if (!this.notices.some(({ id }) => id === "frozen")) {
      this.wanted = false;
      // Weights this far off rarely come back, even at a lower rate: the offer is a fresh start at a rate known to work.
      const rate = Math.min(metrics.learning_rate / 10, this.usualRate);
      const startOver = (): void => {
        this.wanted = true;
        void this.restart({ ...this.settings!, "training.learning_rate": rate }, "training.learning_rate");
      };
      this.addNotice(frozenNotice(metrics, rate, this.text, startOver));
      this.emit("state");
    }
  }

  protected trouble(fault: Fault, fatal: boolean): void {
    this.wanted = false;
    if (fatal) this.phase = "failed";
    this.addNotice(troubleNotice(fault, fatal, this.text));
    this.emit("state");
  }
}
