/**
 * `<unnoise-playground>`: the whole tool. It reads its options from the page's address, reflects its state in
 * `data-*` attributes, and fires `statechange`, `progress`, `sample`, `settingschange` and `datachange`.
 */
import { html, LitElement, nothing, type TemplateResult } from "lit";
import type { Metrics } from "../engine-types";
import { readQuery, withQuery, type Part, type Theme } from "../state/query";
import { Store, type Topic } from "../state/store";
import { texts } from "../strings";
import { base, palette } from "../styles/base";
import { layout } from "../styles/layout";
import type { Announcer } from "./announcer";
import "./announcer";
import "./dataset-picker";
import "./header";
import type { HelpDialog } from "./help-dialog";
import "./help-dialog";
import { handleKey } from "./keyboard";
import type { LossCurve } from "./loss-curve";
import "./loss-curve";
import "./notices";
import "./readouts";
import "./settings-panel";
import type { Stage } from "./stage";
import "./stage";
import "./timebar";
import "./transport";

const WIDE = "(min-width: 60rem)";

export class Playground extends LitElement {
  static override properties = { theme: { reflect: true } };
  static override styles = [palette, base, layout];

  declare theme: Theme;
  store: Store | null = null;
  #motion = matchMedia("(prefers-reduced-motion: reduce)");
  #dropping = false;
  #onVisibility = (): void => this.store?.setHidden(document.visibilityState === "hidden");
  #onMotion = (): void => {
    if (this.store) this.store.playback.reducedMotion = this.#motion.matches;
  };

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
  /** The sample points as they are drawn now, interleaved x, y. */
  get visiblePoints(): Float32Array {
    return this.store?.playback.points() ?? new Float32Array(0);
  }
  get dataPoints(): Float32Array {
    return this.store?.data?.points ?? new Float32Array(0);
  }

  override connectedCallback(): void {
    const view = readQuery(location.search);
    const store = new Store(view, texts(view.lang));
    this.theme = view.theme;
    this.store = store;
    store.hidden = document.visibilityState === "hidden";
    this.#onMotion();
    store.subscribe((topic) => this.#reflect(store, topic));
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

  #own: [string, (event: never) => void][] = [
    ["keydown", (event: KeyboardEvent) => this.#key(event)],
    ["dragover", (event: DragEvent) => this.#drag(event, true)],
    ["dragleave", (event: DragEvent) => this.#drag(event, false)],
    ["drop", (event: DragEvent) => this.#drop(event)],
    ["paste", (event: ClipboardEvent) => this.#paste(event)],
  ];

  #key(event: KeyboardEvent): void {
    if (this.store && handleKey(event, { store: this.store, help: () => this.#help() })) event.preventDefault();
  }

  #help(): void {
    this.renderRoot.querySelector<HelpDialog>("unnoise-help")?.show();
  }

  #drag(event: DragEvent, over: boolean): void {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    const inside = over || (event.relatedTarget instanceof Node && this.contains(event.relatedTarget));
    if (inside === this.#dropping) return;
    this.#dropping = inside;
    this.requestUpdate();
  }

  #drop(event: DragEvent): void {
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    this.#dropping = false;
    this.requestUpdate();
    void this.store?.load(file);
  }

  #paste(event: ClipboardEvent): void {
    const file = event.clipboardData?.files[0];
    if (!file) return;
    event.preventDefault();
    void this.store?.load(file);
  }

  #theme = (event: CustomEvent<Theme>): void => {
    this.theme = event.detail;
    history.replaceState(history.state, "", withQuery("theme", event.detail === "system" ? null : event.detail));
    this.dispatchEvent(new CustomEvent("themechange", { bubbles: true, composed: true, detail: event.detail }));
    void this.updateComplete.then(() => {
      this.renderRoot.querySelector<Stage>("unnoise-stage")?.themeChanged();
      this.renderRoot.querySelector<LossCurve>("unnoise-loss-curve")?.themeChanged();
    });
  };

  /** Mirrors the state in attributes and events, for host pages and tests. */
  #reflect(store: Store, topic: Topic): void {
    const set = (name: string, value: string | number | null | undefined): void => {
      if (value === null || value === undefined) delete this.dataset[name];
      else this.dataset[name] = String(value);
    };
    const hiddenPause = store.hidden && store.wanted && store.phase === "ready";
    set("state", store.phase !== "ready" ? store.phase : store.running ? "training" : hiddenPause ? "hidden" : "paused");
    set("backend", store.adapter?.backend);
    set("dataset", store.settings?.["data.dataset"]);
    set("step", store.metrics?.step ?? 0);
    set("loss", store.metrics?.loss);
    set("buffers", store.metrics?.buffers);
    set("bufferBytes", store.metrics?.buffer_bytes);
    set("samples", store.clips);
    set("live", String(store.playback.live));
    this.renderRoot?.querySelector<Announcer>("unnoise-announcer")?.observe(store);
    const event = { state: "statechange", metrics: "progress", clip: "sample", settings: "settingschange", data: "datachange" }[topic as string];
    if (event) this.dispatchEvent(new CustomEvent(event, { bubbles: true, composed: true }));
  }

  protected override render(): TemplateResult {
    const { store } = this;
    if (!store) return html``;
    const { view, text } = store;
    const show = (part: Part, what: TemplateResult): TemplateResult | typeof nothing => (view.hide.has(part) ? nothing : what);
    return html`
      ${view.embed || view.hide.has("header")
        ? nothing
        : html`<unnoise-header .store=${store} theme=${this.theme} @theme=${this.#theme} @help=${() => this.#help()}></unnoise-header>`}
      <section class="tool" tabindex="-1" aria-label=${text.ui.playground}>
        ${show("notices", html`<unnoise-notices .store=${store}></unnoise-notices>`)}
        <div class="left">
          <div class="view">
            <unnoise-stage .store=${store}></unnoise-stage>
            <unnoise-timebar .store=${store}></unnoise-timebar>
          </div>
          ${show("data", html`<unnoise-dataset-picker .store=${store}></unnoise-dataset-picker>`)}
        </div>
        <div class="right">
          <unnoise-transport .store=${store}></unnoise-transport>
          ${show("readouts", html`<unnoise-readouts .store=${store}></unnoise-readouts>`)}
          ${show("loss", html`<unnoise-loss-curve .store=${store}></unnoise-loss-curve>`)}
          <unnoise-settings .store=${store} ?compact=${!matchMedia(WIDE).matches}></unnoise-settings>
        </div>
      </section>
      <unnoise-help .words=${text.ui.help}></unnoise-help>
      <unnoise-announcer></unnoise-announcer>
      <p class="drop" ?hidden=${!this.#dropping}>${text.ui.files.drop}</p>
    `;
  }
}

customElements.define("unnoise-playground", Playground);
