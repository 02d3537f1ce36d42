/**
 * What both tools are made of: a store, keys, dropped and pasted files, theme, and a mirror of the state in `data-*`
 * attributes and events (`statechange`, `progress`, `sample`, `settingschange`, `datachange`) for host pages and tests.
 */
import { LitElement } from "lit";
import type { Metrics } from "../engine-types";
import { readQuery, withQuery, type Theme, type ViewOptions } from "../state/query";
import type { Topic } from "../state/board";
import type { RunStore } from "../state/run-store";
import { texts, type Texts } from "../strings";
import type { Announcer } from "./announcer";
import type { HelpDialog } from "./help-dialog";
import { handleKey } from "./keyboard";
import type { LossCurve } from "./loss-curve";

const EVENTS: Partial<Record<Topic, string>> = {
  state: "statechange",
  metrics: "progress",
  clip: "sample",
  settings: "settingschange",
  data: "datachange",
};

export abstract class Tool<S extends RunStore> extends LitElement {
  static override properties = { theme: { reflect: true } };

  declare theme: Theme;
  store: S | null = null;
  protected dropping = false;
  #active = true;
  #motion = matchMedia("(prefers-reduced-motion: reduce)");
  #onVisibility = (): void => this.store?.setHidden(!this.#active || document.visibilityState === "hidden");
  #onMotion = (): void => {
    if (this.store) this.store.playback.reducedMotion = this.#motion.matches;
  };

  protected abstract makeStore(view: ViewOptions, text: Texts): S;

  // What a host page may call and read

  play(): Promise<void> {
    return this.store?.play() ?? Promise.resolve();
  }
  pause(): Promise<void> {
    return this.store?.pause() ?? Promise.resolve();
  }
  step(steps = 1): Promise<void> {
    return this.store?.step(steps) ?? Promise.resolve();
  }
  reset(): Promise<void> {
    return this.store?.reset() ?? Promise.resolve();
  }
  sample(): Promise<void> {
    return this.store?.sample() ?? Promise.resolve();
  }
  save(): Promise<Uint8Array> {
    return this.store?.save() ?? Promise.reject(new Error("not connected"));
  }
  load(file: File): Promise<boolean> {
    return this.store?.load(file) ?? Promise.resolve(false);
  }
  get metrics(): Metrics | null {
    return this.store?.metrics ?? null;
  }

  /** Shows the tool, or puts it to the background, where it pauses and keeps its run. */
  get active(): boolean {
    return this.#active;
  }
  set active(active: boolean) {
    if (active === this.#active) return;
    this.#active = active;
    this.hidden = !active;
    this.store?.setActive(active);
    this.#onVisibility();
  }

  override connectedCallback(): void {
    const view = readQuery(location.search);
    const store = this.makeStore(view, texts(view.lang));
    this.theme = view.theme;
    this.store = store;
    store.hidden = !this.#active || document.visibilityState === "hidden";
    this.#onMotion();
    store.subscribe((topic) => this.#mirror(store, topic));
    document.addEventListener("visibilitychange", this.#onVisibility);
    this.#motion.addEventListener("change", this.#onMotion);
    super.connectedCallback();
    this.lang = store.text.lang;
    for (const [name, listener] of this.#own) this.addEventListener(name, listener as EventListener);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("visibilitychange", this.#onVisibility);
    this.#motion.removeEventListener("change", this.#onMotion);
    for (const [name, listener] of this.#own) this.removeEventListener(name, listener as EventListener);
    this.store?.end();
    this.store = null;
  }

  async focusTool(): Promise<void> {
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(".tool")?.focus({ preventScroll: true });
  }

  /** Files dropped on the tool or pasted into it. */
  protected take(transfer: DataTransfer): void {
    const file = transfer.files[0];
    if (file) void this.store?.load(file);
  }

  /** Keys of one task alone; true when the key was used. */
  protected key(_event: KeyboardEvent): boolean {
    return false;
  }

  /** Mirrors more of the state, by `set`. */
  protected reflect(_store: S, _set: (name: string, value: string | number | null | undefined) => void): void {}

  protected themeChanged(): void {
    this.renderRoot.querySelector<LossCurve>("unnoise-loss-curve")?.themeChanged();
  }

  protected help(): void {
    this.renderRoot.querySelector<HelpDialog>("unnoise-help")?.show();
  }

  protected pickTheme = (event: CustomEvent<Theme>): void => {
    history.replaceState(history.state, "", withQuery("theme", event.detail === "system" ? null : event.detail));
    this.dispatchEvent(new CustomEvent("themechange", { bubbles: true, composed: true, detail: event.detail }));
    this.setTheme(event.detail);
  };

  setTheme(theme: Theme): void {
    this.theme = theme;
    void this.updateComplete.then(() => this.themeChanged());
  }

  #own: [string, (event: never) => void][] = [
    ["keydown", (event: KeyboardEvent) => this.#onKey(event)],
    ["dragover", (event: DragEvent) => this.#drag(event, true)],
    ["dragleave", (event: DragEvent) => this.#drag(event, false)],
    ["drop", (event: DragEvent) => this.#drop(event)],
    ["paste", (event: ClipboardEvent) => this.#paste(event)],
  ];

  #onKey(event: KeyboardEvent): void {
    if (!this.store) return;
    if (handleKey(event, { store: this.store, help: () => this.help(), more: (e) => this.key(e) })) event.preventDefault();
  }

  #drag(event: DragEvent, over: boolean): void {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    const inside = over || (event.relatedTarget instanceof Node && this.contains(event.relatedTarget));
    if (inside === this.dropping) return;
    this.dropping = inside;
    this.requestUpdate();
  }

  #drop(event: DragEvent): void {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    this.dropping = false;
    this.requestUpdate();
    this.take(event.dataTransfer);
  }

  #paste(event: ClipboardEvent): void {
    if (!event.clipboardData?.files.length) return;
    event.preventDefault();
    this.take(event.clipboardData);
  }

  #mirror(store: S, topic: Topic): void {
    const set = (name: string, value: string | number | null | undefined): void => {
      if (value === null || value === undefined) delete this.dataset[name];
      else this.dataset[name] = String(value);
    };
    const hiddenPause = store.hidden && store.wanted && store.phase === "ready";
    set("state", store.phase !== "ready" ? store.phase : store.running ? "training" : hiddenPause ? "hidden" : "paused");
    set("backend", store.adapter?.backend);
    set("step", store.metrics?.step ?? 0);
    set("loss", store.metrics?.loss);
    set("buffers", store.metrics?.buffers);
    set("bufferBytes", store.metrics?.buffer_bytes);
    set("samples", store.clips);
    set("live", String(store.playback.live));
    this.reflect(store, set);
    this.renderRoot?.querySelector<Announcer>("unnoise-announcer")?.observe(store);
    const event = EVENTS[topic];
    if (event) this.dispatchEvent(new CustomEvent(event, { bubbles: true, composed: true }));
  }
}
