/** Says the milestones of a run to screen readers: at once for what the visitor did, rarely for progress. */
import { html, LitElement, type TemplateResult } from "lit";
import type { Job, RunStore } from "../state/run-store";
import { base } from "../styles/base";

const PROGRESS_EVERY_MS = 30_000;
const QUIET_MS = 5000;
/** A sentence stays at least this long, so that the next one does not cut it off. */
const HOLD_MS = 1500;

export class Announcer extends LitElement {
  static override styles = base;
  #text = "";
  #said = -Infinity;
  #progress = 0;
  #running: boolean | null = null;
  #subject = "";
  /** The last stage of each job that was spoken of: 0 start, 1 half, 2 end. */
  #stages = new Map<string, number>();
  #waiting: { about: string; text: string }[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

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
    for (const job of store.jobs) this.#follow(job, now);
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

  /** Start, half and end of a job; nothing of one that was over before it was seen. */
  #follow({ id, share, said }: Job, now: number): void {
    const stage = share >= 1 ? 2 : share >= 0.5 ? 1 : 0;
    const before = this.#stages.get(id);
    if (stage === before) return;
    this.#stages.set(id, stage);
    if (before === undefined && stage === 2) return;
    this.#say(said[stage]!, now, id);
  }

  /** Newer words about the same thing take the place of those that were not heard yet. */
  #say(text: string, now: number, about = ""): void {
    const found = this.#waiting.find((next) => next.about === about);
    if (found) found.text = text;
    else this.#waiting.push({ about, text });
    if (this.#timer) return;
    const wait = this.#said + HOLD_MS - now;
    if (wait > 0) this.#timer = setTimeout(this.#next, wait);
    else this.#next();
  }

  #next = (): void => {
    this.#timer = null;
    const next = this.#waiting.shift();
    if (!next) return;
    this.#text = next.text;
    this.#said = performance.now();
    this.requestUpdate();
    if (this.#waiting.length) this.#timer = setTimeout(this.#next, HOLD_MS);
  };

  protected override render(): TemplateResult {
    return html`<p class="visually-hidden" role="status" aria-live="polite">${this.#text}</p>`;
  }
}

customElements.define("unnoise-announcer", Announcer);
