/** Says the milestones of a run to screen readers: at once for what the visitor did, rarely for progress. */
import { html, LitElement, type TemplateResult } from "lit";
import type { DatasetName } from "../engine-types";
import type { Store } from "../state/store";
import { base } from "../styles/base";

const PROGRESS_EVERY_MS = 30_000;
const QUIET_MS = 5000;

export class Announcer extends LitElement {
  static override styles = base;
  #text = "";
  #said = -Infinity;
  #progress = 0;
  #running: boolean | null = null;
  #dataset = "";

  /** Looks at the store after any change and decides whether there is something to say. */
  observe(store: Store): void {
    const { ui, number } = store.text;
    const now = performance.now();
    const step = number.whole(store.metrics?.step ?? 0);
    const dataset = String(store.settings?.["data.dataset"] ?? "");
    if (this.#dataset && dataset !== this.#dataset) this.#say(ui.announce.dataset(ui.datasets.names[dataset as DatasetName]), now);
    this.#dataset = dataset;
    if (store.phase !== "ready") return;
    if (this.#running !== null && store.running !== this.#running && now - this.#said > QUIET_MS) {
      this.#say(store.running ? ui.announce.playing : ui.announce.paused(step), now);
    }
    this.#running = store.running;
    const { metrics, playback } = store;
    if (store.running && metrics?.loss != null && playback.clip && now - Math.max(this.#progress, this.#said) > PROGRESS_EVERY_MS) {
      this.#progress = now;
      this.#say(ui.announce.progress(step, number.reading(metrics.loss), number.reading(playback.clip.quality)), now);
    }
  }

  #say(text: string, now: number): void {
    this.#text = text;
    this.#said = now;
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    return html`<p class="visually-hidden" role="status" aria-live="polite">${this.#text}</p>`;
  }
}

customElements.define("unnoise-announcer", Announcer);
