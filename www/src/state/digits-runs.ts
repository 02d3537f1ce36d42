/** Where runs of the digits task come from and go to: shipped weights, files, and the browser's storage. */
import { describe } from "../data/fault";
import { tellApart } from "../data/given-files";
import type { OwnFile } from "../data/own-files";
import { zip } from "../data/zip";
import type { Config, ImageDataset } from "../engine-types";
import type { Origin, StoredRun } from "../worker/protocol";
import { PRESETS } from "../worker/presets";
import type { Client } from "./client";
import type { DigitsStore } from "./digits-store";
import { fetchPretrained, listPretrained, type ModelFolder, type Pretrained } from "./pretrained";
import { CHECKPOINT } from "./run-store";
import type { Settings } from "./table";

/** Weights of these models are a few megabytes; anything near this is something else. */
const FILE_LIMIT = 512 * 1024 * 1024;
/** A run shorter than this is not worth an offer to bring it back. */
const ASIDE_STEPS = 20;

/** A run that was replaced by another, as it was. */
interface Aside {
  bytes: Uint8Array;
  origin: Origin;
  originStep: number;
  settings: Settings;
  subject: string;
  step: number;
}

export class Runs {
  /** Step up to which the browser's storage holds this run; null: not at all. */
  storedStep: number | null = null;
  /** Class names of a resumed run on own images. */
  classNames: readonly string[] = [];
  fetching: Pretrained | null = null;
  offered: StoredRun | null = null;
  #store: DigitsStore;
  #client: Client;
  #known: Pretrained[] = [];

  constructor(store: DigitsStore, client: Client) {
    this.#store = store;
    this.#client = client;
  }

  /** Looks what there is; true when shipped weights are to be shown. `plain`: nothing in the address asks for a run of its own. */
  async open(plain: boolean): Promise<boolean> {
    const [known, offered] = await Promise.all([listPretrained(), this.#client.call({ type: "peek" }).catch(() => null)]);
    this.#known = known;
    this.offered = offered;
    if (offered) this.#offer(offered);
    return plain && this.pretrained !== null;
  }

  // Shipped weights

  /** What is shipped for the chosen data set and preset. */
  get pretrained(): Pretrained | null {
    const { settings } = this.#store;
    return this.#known.find(({ dataset, preset }) => dataset === settings?.["images.dataset"] && preset === settings?.["preset"]) ?? null;
  }

  /** The line about the weights in use, if they were shipped. */
  get shipped(): Pretrained | null {
    const { origin } = this.#store;
    if (origin.kind !== "pretrained") return null;
    return this.#known.find(({ dataset, preset }) => dataset === origin.dataset && preset === origin.preset) ?? null;
  }

  async usePretrained(): Promise<void> {
    const store = this.#store;
    const wanted = this.pretrained;
    if (!wanted) return;
    this.fetching = wanted;
    store.dismiss("pretrained");
    store.emit("state");
    try {
      const folder = await fetchPretrained(wanted);
      const kept = await this.putAside();
      await store.pause();
      const { dataset, preset, steps, images } = wanted;
      const config = await this.#sendFolder(folder, dataset);
      if (kept) this.offerAside(kept);
      await store.took(store.settingsFor(config), config, { kind: "pretrained", dataset, preset, steps, images });
    } catch (error) {
      store.addNotice({ id: "pretrained", tone: "error", text: store.words.weights.failed(this.#words(error)), dismissible: true });
    } finally {
      this.fetching = null;
      store.emit("state");
    }
  }

  // Files

  /** Loads what was dropped, pasted or picked: weights or images. */
  async load(files: OwnFile[]): Promise<boolean> {
    const store = this.#store;
    const { ui } = store.text;
    const name = files[0]?.file.name ?? "";
    store.fileMessage = "";
    try {
      const size = files.reduce((sum, { file }) => sum + file.size, 0);
      const mb = (bytes: number): string => store.text.number.whole(bytes / 1048576);
      if (size > FILE_LIMIT) throw new Error(ui.files.tooLarge(mb(size), mb(FILE_LIMIT)));
      const given = await tellApart(files);
      if (given.kind === "images") return await store.takeImages(given.files);
      const kept = await this.putAside();
      const config = await this.#send(given);
      if (kept) this.offerAside(kept);
      await store.took(store.settingsFor(config), config, { kind: "file", name: given.name });
      store.setFileMessage(ui.files.loaded(given.name, store.text.number.whole(store.metrics?.step ?? 0)));
      return true;
    } catch (error) {
      return store.say(CHECKPOINT, `${this.#words(error)} ${ui.files.failed(name)}`);
    }
  }

  #send(given: { kind: "checkpoint"; bytes: Uint8Array } | ({ kind: "folder" } & ModelFolder)): Promise<Config> {
    if (given.kind === "checkpoint") return this.#client.call({ type: "load", bytes: given.bytes }, [given.bytes.buffer]);
    return this.#sendFolder(given, this.#store.dataset);
  }

  /** The run begins at step 0 with these weights and a fresh optimiser. */
  #sendFolder({ config, weights, scheduler }: ModelFolder, dataset: ImageDataset): Promise<Config> {
    return this.#client.call({ type: "load_folder", config, weights, scheduler, dataset }, [weights.buffer]);
  }

  /** The weights as a diffusers folder in a ZIP file; null after an error, which stands beside the buttons. */
  async export(): Promise<Blob | null> {
    try {
      return zip(await this.#client.call({ type: "export" }));
    } catch (error) {
      this.#store.say(CHECKPOINT, this.#words(error));
      return null;
    }
  }

  // A run that is replaced is not lost at once

  /** The run as it is, if it was trained here for a while. */
  async putAside(): Promise<Aside | null> {
    const { metrics, origin, originStep, settings, subject } = this.#store;
    const step = metrics?.step ?? 0;
    if (!settings || step - originStep < ASIDE_STEPS || metrics?.frozen_at != null) return null;
    const bytes = await this.#store.save().catch(() => null);
    return bytes && { bytes, origin, originStep, settings, subject, step };
  }

  offerAside(aside: Aside): void {
    const { words, text } = this.#store;
    this.#store.addNotice({
      id: "aside",
      tone: "info",
      text: words.run.aside(aside.subject, text.number.whole(aside.step)),
      dismissible: true,
      actions: [{ label: words.run.asideBack, run: () => void this.#bringBack(aside) }],
    });
  }

  async #bringBack(aside: Aside): Promise<void> {
    const store = this.#store;
    store.dismiss("aside");
    const kept = await this.putAside();
    try {
      const bytes = aside.bytes.slice();
      const config = await this.#client.call({ type: "load", bytes }, [bytes.buffer]);
      if (kept) this.offerAside(kept);
      await store.took(store.settingsFor(config), config, aside.origin);
      store.originStep = aside.originStep;
    } catch (error) {
      this.offerAside(aside);
      store.say(CHECKPOINT, this.#words(error));
    }
  }

  // The browser's storage

  /** From now on this run is kept, unless another one still waits for its answer. */
  async keep(): Promise<void> {
    this.storedStep = null;
    await this.#client.call({ type: "keep", origin: this.offered ? null : this.#store.origin }).catch(() => undefined);
  }

  #offer(run: StoredRun): void {
    const { words, text } = this.#store;
    const preset = PRESETS.find((name) => this.#store.isPreset(name, run)) ?? "custom";
    const subject = words.run.subject(words.data.names[run.dataset], words.presets[preset] ?? "");
    const when = text.number.ago(Date.now() - run.saved);
    this.#store.addNotice({
      id: "resume",
      tone: "info",
      text: `${words.run.resume(subject, text.number.whole(run.step))} ${words.run.resumeAbout(when)}`,
      actions: [
        { label: words.run.resumeYes, run: () => void this.resume() },
        { label: words.run.resumeNo, run: () => void this.discard() },
      ],
    });
  }

  async resume(): Promise<void> {
    const store = this.#store;
    const { offered } = this;
    if (!offered) return;
    store.dismiss("resume");
    await store.pause();
    try {
      const kept = await this.putAside();
      const { config, run } = await this.#client.call({ type: "restore" });
      this.offered = null;
      if (kept) this.offerAside(kept);
      this.classNames = run.classNames;
      await store.took(store.settingsFor(config), config, run.origin);
      // Shipped weights begin at step 0.
      if (run.origin.kind === "pretrained") store.originStep = 0;
      this.storedStep = run.step;
      const { words, text } = store;
      store.addNotice({ id: "resumed", tone: "info", text: words.run.resumed(store.subject, text.number.whole(run.step)), dismissible: true });
    } catch (error) {
      this.#offer(offered);
      store.say(CHECKPOINT, this.#words(error));
    }
  }

  async discard(): Promise<void> {
    this.#store.dismiss("resume");
    await this.#client.call({ type: "discard" }).catch(() => undefined);
    this.offered = null;
    await this.keep();
    this.#store.emit("state");
  }

  #words(error: unknown): string {
    return describe(error, this.#store.text) ?? (error instanceof Error ? error.message : String(error));
  }
}
