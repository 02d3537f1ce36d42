/** The 2D task: an MLP that learns points. */
import type { Config, DatasetName } from "../engine-types";
import type { Texts } from "../strings";
import type { DataSet, Sampling, Update } from "../worker/protocol";
import { readHash } from "./hash";
import { noticesForHash } from "./notices";
import { PointsPlayback } from "./playback";
import { sampledSchedule } from "./process-settings";
import type { ViewOptions } from "./query";
import { CHECKPOINT, RunStore } from "./run-store";
import { POINTS } from "./settings";
import type { Defaults, Settings } from "./table";

/** Checkpoints of these models are a few hundred kilobytes; anything near this is not one. */
const CHECKPOINT_LIMIT = 512 * 1024 * 1024;
/** Length of one denoising at speed 1. */
const PLAY_MS = 1400;
/** Frames of a trajectory that travel to the page. */
const MAX_FRAMES = 64;

export class Store extends RunStore {
  readonly task = "points";
  readonly table = POINTS;
  readonly playback = new PointsPlayback(PLAY_MS);
  data: DataSet | null = null;

  constructor(view: ViewOptions, text: Texts) {
    super(view, text, "./worker.js");
  }

  get tagline(): string {
    const { tagline } = this.text.ui;
    return this.adapter?.software || this.adapter?.backend === "cpu" ? tagline.cpu : tagline.gpu;
  }

  get caption(): string {
    const { ui, number } = this.text;
    const { clip } = this.playback;
    if (!clip) return this.phase === "ready" ? ui.stage.waiting : ui.phase[this.phase];
    const facts = ui.stage.caption(
      number.whole(clip.count),
      ui.choices[clip.options.sampler] ?? clip.options.sampler,
      number.whole(clip.evaluations),
      this.duration(clip.milliseconds),
    );
    return `${facts}, ${ui.stage.atStep(number.whole(clip.step))}.`;
  }

  get subject(): string {
    return this.text.ui.datasets.names[(this.settings?.["data.dataset"] ?? "two_moons") as DatasetName];
  }

  get progress(): string | null {
    const { ui, number } = this.text;
    const { metrics, playback } = this;
    if (metrics?.loss == null || !playback.clip) return null;
    return ui.announce.progress(number.whole(metrics.step), number.reading(metrics.loss), number.reading(playback.clip.quality));
  }

  label(key: string): string {
    return this.text.ui.fields[key] ?? key;
  }

  unit(key: string): string | undefined {
    return this.text.ui.units[key]?.replace("1000", String(this.settings?.["schedule.num_train_timesteps"] || 1000));
  }

  protected get usualRate(): number {
    return this.defaults?.config.training.learning_rate ?? Infinity;
  }

  protected async restart(next: Settings, key: string | null): Promise<boolean> {
    const config = this.configFor(next);
    if (!(await this.attempt(this.client.call({ type: "reset", config }), key))) return false;
    this.accept(next, key);
    // How to sample may have changed with it.
    this.sendSampling();
    if (!this.wanted || this.hidden) await this.sample();
    else await this.run();
    return true;
  }

  protected configFor(settings: Settings): Config {
    return this.table.toConfig(this.defaults!.config, settings);
  }

  protected samplingFor(settings: Settings): Sampling {
    const options = this.table.toSampleOptions(this.defaults!.sample, settings, MAX_FRAMES);
    const more = sampledSchedule(this.configFor(settings), settings);
    return { options: { ...options, ...more, labels: this.#labels(settings) }, live: this.playback.live };
  }

  /** Where the model knows classes, samples take turns with them. */
  #labels(settings: Settings): number[] {
    if (settings["model.class_conditioning"] !== true || !this.data) return [];
    const classes = this.data.labels.reduce((most, label) => Math.max(most, label + 1), 1);
    return Array.from({ length: Number(settings["sample.num_samples"]) }, (_, i) => i % classes);
  }

  async load(file: File): Promise<boolean> {
    const { ui, number } = this.text;
    this.fileMessage = "";
    if (!this.fits(file, CHECKPOINT_LIMIT)) return false;
    try {
      const bytes = new Uint8Array(await file.arrayBuffer());
      const config = await this.client.call({ type: "load", bytes }, [bytes.buffer]);
      if (this.settings) this.accept(this.table.withConfig(this.settings, config), null);
      this.faults.delete(CHECKPOINT);
      this.fileMessage = ui.files.loaded(file.name, number.whole(this.metrics?.step ?? 0));
      this.emit("settings");
      return true;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return this.fault(CHECKPOINT, `${message} ${ui.files.failed(file.name)}`);
    }
  }

  protected override receive(update: Update): void {
    if (update.type === "defaults") void this.#start({ config: update.config, sample: update.sample });
    if (update.type === "created" || update.type === "replaced") this.data = update.data;
    super.receive(update);
  }

  async #start(defaults: Defaults): Promise<void> {
    this.defaults = defaults;
    this.initial = this.table.settings(defaults);
    if (this.view.seed !== null) this.initial["seed"] = this.view.seed;
    const reading = readHash(location.hash, this.table);
    this.settings = { ...this.initial, ...reading.values };
    this.playback.speed = Number(this.settings["view.speed"]);
    for (const notice of noticesForHash(reading, this.text, (key) => this.label(key))) this.addNotice(notice);
    this.phase = "compiling";
    this.emit("state", "settings");
    // The address may ask for something the engine or this machine refuses: fall back step by step, and say so.
    const { backend } = this.view;
    if (await this.#begin(backend)) return;
    this.settings = { ...this.initial };
    this.emit("settings");
    this.addNotice({ id: "refused", tone: "warn", text: this.text.ui.notices.configRefused, dismissible: true });
    if ((await this.#begin(backend)) || (backend !== "cpu" && (await this.#begin("cpu")))) return;
    this.trouble({ kind: "internal", field: null, message: this.notices.at(-1)?.text ?? "" }, true);
  }

  async #begin(backend: ViewOptions["backend"]): Promise<boolean> {
    const ok = await this.create(this.configFor(this.settings!), backend);
    if (ok && !this.wanted) await this.sample();
    return ok;
  }
}
