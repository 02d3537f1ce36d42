/** Says the milestones of a run to screen readers: at once for what the visitor did, rarely for progress. */
import { html, LitElement, type TemplateResult } from "lit";
import type { RunStore } from "../state/run-store";
import { base } from "../styles/base";

const PROGRESS_EVERY_MS = 30_000;
const QUIET_MS = 5000;

export class Announcer extends LitElement {
  static override styles = base;
  #text = "";
  #said = -Infinity;
  #progress = 0;
  #running: boolean | null = null;
  #subject = "";

  /** Looks at the store after any change and decides whether there is something to say. */
  observe(store: RunStore): void {
    const { ui, number } = store.text;
    const now = performance.now();
    const step = number.whole(store.metrics?.step ?? 0);
    if (store.settings) {
      const { subject } = store;
      if (this.#subject && subject !== this.#subject) this.#say(ui.announce.dataset(subject), now);
      this.#subject = subject;
    }
    if (store.phase !== "ready") return;
    if (this.#running !== null && store.running !== this.#running && now - this.#said > QUIET_MS) {
      this.#say(store.running ? ui.announce.playing : ui.announce.paused(step), now);
    }
    this.#running = store.running;
    if (!store.running || now - Math.max(this.#progress, this.#said) <= PROGRESS_EVERY_MS) return;
    const { progress } = store;
    if (progress === null) return;
    this.#progress = now;
    this.#say(progress, now);
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
