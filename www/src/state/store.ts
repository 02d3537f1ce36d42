/** The state of one playground and everything that can be done to it. Elements read it and call it; only it talks to the worker. */
import type { AdapterInfo, KernelTime, Metrics } from "../engine-types";
import type { Texts } from "../strings";
import type { DataSet, Fault, Sampling, Update } from "../worker/protocol";
import { Client, EngineError } from "./client";
import { readHash, writeHash } from "./hash";
import { LossHistory } from "./loss-history";
import { frozenNotice, noticesForHash, troubleNotice, type Notice } from "./notices";
import { Playback } from "./playback";
import type { Backend } from "../worker/engine-api";
import type { ViewOptions } from "./query";
import { isKey, settingsFrom, spec, toConfig, toSampleOptions, withConfig, type Defaults, type SettingKey, type Settings, type Value } from "./settings";

export type Phase = "loading" | "compiling" | "ready" | "failed";
/** What changed; elements redraw only for what they show. */
export type Topic = "state" | "settings" | "metrics" | "clip" | "time" | "data" | "notices";

/** Checkpoints of these models are a few hundred kilobytes; anything near this is not one. */
const CHECKPOINT_LIMIT = 512 * 1024 * 1024;

/** Errors that belong beside the load button and not beside a setting. */
export const CHECKPOINT = "checkpoint";

export class Store {
  readonly view: ViewOptions;
  readonly text: Texts;
  readonly playback = new Playback();
  readonly losses = new LossHistory();
  phase: Phase = "loading";
  adapter: AdapterInfo | null = null;
  settings: Settings | null = null;
  metrics: Metrics | null = null;
  data: DataSet | null = null;
  /** The worker trains right now. */
  running = false;
  /** The visitor wants it to train; a hidden tab or a frozen model may say otherwise. */
  wanted: boolean;
  hidden = false;
  /** Set for a while after a hidden tab came back. */
  resumed = false;
  notices: Notice[] = [];
  /** Messages beside controls, by setting or "checkpoint". */
  faults = new Map<string, string>();
  fileMessage = "";
  clips = 0;
  #defaults: Defaults | null = null;
  #initial: Settings | null = null;
  #client: Client;
  #listeners = new Set<(topic: Topic) => void>();
  #recoveries = 0;
  #sampleByHand = false;

  constructor(view: ViewOptions, text: Texts) {
    this.view = view;
    this.text = text;
    this.wanted = view.autoplay;
    this.#client = new Client((update) => this.#receive(update));
  }

  subscribe(listener: (topic: Topic) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(...topics: Topic[]): void {
    for (const topic of topics) for (const listener of this.#listeners) listener(topic);
  }

  end(): void {
    this.#client.end();
    this.#listeners.clear();
  }

  // Training

  play(): Promise<void> {
    this.wanted = true;
    return this.#run();
  }

  pause(): Promise<void> {
    this.wanted = false;
    return this.#run();
  }

  toggle(): Promise<void> {
    return this.wanted ? this.pause() : this.play();
  }

  /** Single steps pause the run, as a debugger's step does. */
  async step(steps: number): Promise<void> {
    await this.pause();
    await this.#try(this.#client.call({ type: "step", steps }));
  }

  async reset(): Promise<void> {
    if (this.settings) await this.#restart(this.settings, null);
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
    void this.#run();
  }

  async #run(): Promise<void> {
    this.emit("state");
    if (this.phase !== "ready") return;
    await this.#try(this.#client.call({ type: this.wanted && !this.hidden ? "play" : "pause" }));
  }

  // Settings

  /** Takes a new value; false when the engine refused it (the message then stands in `faults`). */
  async set(key: SettingKey, value: Value): Promise<boolean> {
    const { settings } = this;
    if (!settings || !this.#defaults) return false;
    if (Object.is(settings[key], value)) {
      this.#clearFault(key);
      return true;
    }
    const next: Settings = { ...settings, [key]: value };
    const { scope, restarts } = spec(key);
    if (scope === "view") {
      this.#accept(next, key);
    } else if (scope === "sample") {
      if (!(await this.#setSampling(next, key))) return false;
      await this.sample();
    } else if (restarts) {
      return this.#restart(next, key);
    } else {
      if (!(await this.#try(this.#client.call({ type: "learning_rate", value: Number(value) }), key))) return false;
      this.#accept({ ...(this.settings ?? next), [key]: value }, key);
    }
    return true;
  }

  async #setSampling(next: Settings, key: SettingKey | null): Promise<boolean> {
    const ok = await this.#try(this.#client.call({ type: "sampling", sampling: this.#samplingFor(next) }), key);
    if (ok && key) this.#accept({ ...(this.settings ?? next), [key]: next[key] }, key);
    return ok;
  }

  async #restart(next: Settings, key: SettingKey | null): Promise<boolean> {
    const config = toConfig(this.#defaults!.config, next);
    if (!(await this.#try(this.#client.call({ type: "reset", config }), key))) return false;
    this.#accept(next, key);
    if (!this.wanted || this.hidden) await this.sample();
    else await this.#run();
    return true;
  }

  #accept(next: Settings, key: SettingKey | null): void {
    this.settings = next;
    this.playback.speed = Number(next["view.speed"]);
    if (key) this.#clearFault(key);
    this.#writeHash();
    this.emit("settings");
  }

  #writeHash(): void {
    if (!this.settings || !this.#initial || this.view.embed) return;
    const hash = writeHash(this.settings, this.#initial);
    history.replaceState(history.state, "", hash ? `#${hash}` : location.pathname + location.search);
  }

  // Samples and time

  async sample(): Promise<void> {
    this.#sampleByHand = true;
    await this.#try(this.#client.call({ type: "sample" }));
    this.#sampleByHand = false;
  }

  /** Fresh noise, then new samples from it. */
  async drawAgain(): Promise<void> {
    if (this.settings) await this.set("sample.seed", (Number(this.settings["sample.seed"]) + 1) % 4294967296);
  }

  seek(position: number): void {
    const wasLive = this.playback.live;
    this.playback.seek(position);
    if (wasLive) this.#sendLive();
    this.emit("time");
  }

  setLive(live: boolean): void {
    if (live) this.playback.goLive();
    else this.playback.seek(this.playback.position);
    this.#sendLive();
    this.emit("time");
  }

  replay(): void {
    if (this.playback.animating) this.playback.stop();
    else this.playback.play();
    this.emit("time");
  }

  #sendLive(): void {
    if (this.settings && this.phase === "ready") void this.#setSampling(this.settings, null);
  }

  #samplingFor(settings: Settings): Sampling {
    return { options: toSampleOptions(this.#defaults!.sample, settings), live: this.playback.live };
  }

  // Checkpoints

  save(): Promise<Uint8Array> {
    return this.#client.call({ type: "save" });
  }

  /** As `save`, but an error is shown beside the buttons. */
  async saveForDownload(): Promise<Uint8Array | null> {
    return this.save().catch((error: Error) => (this.#fault(CHECKPOINT, error.message), null));
  }

  async load(file: File): Promise<boolean> {
    const { ui, number } = this.text;
    this.fileMessage = "";
    if (file.size > CHECKPOINT_LIMIT) {
      const mb = (bytes: number): string => number.whole(bytes / 1048576);
      return this.#fault(CHECKPOINT, ui.files.tooLarge(mb(file.size), mb(CHECKPOINT_LIMIT)));
    }
    try {
      const bytes = new Uint8Array(await file.arrayBuffer());
      const config = await this.#client.call({ type: "load", bytes }, [bytes.buffer]);
      if (this.settings) this.#accept(withConfig(this.settings, config), null);
      this.faults.delete(CHECKPOINT);
      this.fileMessage = ui.files.loaded(file.name, number.whole(this.metrics?.step ?? 0));
      this.emit("settings");
      return true;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return this.#fault(CHECKPOINT, `${message} ${ui.files.failed(file.name)}`);
    }
  }

  /** Time per kernel over some training steps; empty where the device cannot measure it. */
  async profile(steps: number): Promise<KernelTime[] | null> {
    let times: KernelTime[] | null = null;
    await this.#try(this.#client.call({ type: "profile", steps }).then((result) => (times = result)));
    return times;
  }

  setFileMessage(message: string): void {
    this.fileMessage = message;
    this.#clearFault(CHECKPOINT);
    this.emit("settings");
  }

  /** Takes the device away, as a driver reset would; for tests of the recovery. */
  loseDevice(): Promise<null> {
    return this.#client.call({ type: "lose_device" });
  }

  // Notices and faults

  addNotice(notice: Notice): void {
    this.notices = [...this.notices.filter(({ id }) => id !== notice.id), notice];
    this.emit("notices");
  }

  dismiss(id: string): void {
    this.notices = this.notices.filter((notice) => notice.id !== id);
    this.emit("notices");
  }

  #fault(key: string, message: string): false {
    this.faults.set(key, message);
    this.emit("settings");
    return false;
  }

  #clearFault(key: string): void {
    if (this.faults.delete(key)) this.emit("settings");
  }

  /** Awaits a command; an error goes beside its control, or into a notice where there is none. */
  async #try(call: Promise<unknown>, key: SettingKey | null = null): Promise<boolean> {
    try {
      await call;
      return true;
    } catch (error) {
      const fault: Fault = error instanceof EngineError ? error.fault : { kind: "internal", field: null, message: String(error) };
      const place = fault.field ?? key;
      if (place && isKey(place)) return this.#fault(place, fault.message.replaceAll(place, this.text.ui.fields[place]));
      if (key) return this.#fault(key, fault.message);
      this.addNotice(troubleNotice(fault, false, this.text));
      return false;
    }
  }

  // Updates from the worker

  #receive(update: Update): void {
    switch (update.type) {
      case "defaults":
        void this.#start({ config: update.config, sample: update.sample });
        break;
      case "created":
        this.adapter = update.adapter;
        this.data = update.data;
        this.phase = "ready";
        this.emit("state", "data", "notices");
        break;
      case "replaced":
        this.data = update.data;
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
      case "clip":
        this.clips += 1;
        this.playback.offer(update.clip, this.#sampleByHand);
        this.emit("clip", "time");
        break;
      case "trouble":
        this.#trouble(update.fault, update.fatal);
        break;
    }
  }

  async #start(defaults: Defaults): Promise<void> {
    this.#defaults = defaults;
    this.#initial = settingsFrom(defaults);
    if (this.view.seed !== null) this.#initial["seed"] = this.view.seed;
    const reading = readHash(location.hash);
    this.settings = { ...this.#initial, ...reading.values };
    this.playback.speed = Number(this.settings["view.speed"]);
    for (const notice of noticesForHash(reading, this.text)) this.addNotice(notice);
    this.phase = "compiling";
    this.emit("state", "settings");
    // The address may ask for something the engine or this machine refuses: fall back step by step, and say so.
    const { backend } = this.view;
    if (await this.#create(backend)) return;
    this.settings = { ...this.#initial };
    this.emit("settings");
    this.addNotice({ id: "refused", tone: "warn", text: this.text.ui.notices.configRefused, dismissible: true });
    if ((await this.#create(backend)) || (backend !== "cpu" && (await this.#create("cpu")))) return;
    this.#trouble({ kind: "internal", field: null, message: this.notices.at(-1)?.text ?? "" }, true);
  }

  async #create(backend: Backend): Promise<boolean> {
    const settings = this.settings!;
    const config = toConfig(this.#defaults!.config, settings);
    const playing = this.wanted && !this.hidden;
    const ok = await this.#try(this.#client.call({ type: "create", config, backend, playing, sampling: this.#samplingFor(settings) }));
    if (ok && !this.wanted) await this.sample();
    return ok;
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
      const rate = Math.min(metrics.learning_rate / 10, this.#defaults?.config.training.learning_rate ?? Infinity);
      const startOver = (): void => {
        this.wanted = true;
        void this.#restart({ ...this.settings!, "training.learning_rate": rate }, "training.learning_rate");
      };
      this.addNotice(frozenNotice(metrics, rate, this.text, startOver));
      this.emit("state");
    }
  }

  #trouble(fault: Fault, fatal: boolean): void {
    this.wanted = false;
    if (fatal) this.phase = "failed";
    this.addNotice(troubleNotice(fault, fatal, this.text));
    this.emit("state");
  }
}
