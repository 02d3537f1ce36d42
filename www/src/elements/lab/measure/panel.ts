/** What the measuring tabs of the lab share: when they measure, what they say about it, and when they draw anew. */
import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import type { Topic } from "../../../state/board";
import type { RunStore } from "../../../state/run-store";
import { measureTexts, type MeasureStrings } from "../../../strings/lab-measure.en";
import { labStyles } from "../../../styles/lab";
import { StoreElement } from "../../store-element";
import type { Inquiry } from "./inquiry";

/** While it trains, something is measured at most this often, and for at most a third of the time. */
const REFRESH_MS = 3000;
const SHARE = 1 / 3;

export abstract class Panel<S extends RunStore = RunStore> extends StoreElement<S> {
  static override topics = ["state", "settings", "metrics", "data"] as readonly Topic[];
  /** On the screen, where somebody can see it. */
  #visible = false;
  #sight: IntersectionObserver | null = null;
  #size: ResizeObserver | null = null;
  #media = matchMedia("(prefers-color-scheme: dark)");
  #leave: (() => void)[] = [];
  #asked = 0;
  #frame = 0;

  protected get common(): MeasureStrings {
    return measureTexts(this.store.text.lang);
  }

  /** What this tab measures again by itself; the first is the slowest to change. */
  protected abstract get inquiries(): Inquiry<unknown>[];

  /** Measures what is missing, or everything anew. */
  protected abstract measure(): void;

  /** Whether it measures by itself when it is first seen. */
  protected get eager(): boolean {
    return true;
  }

  /** Whether it measures again and again while training runs. */
  protected get live(): boolean {
    return false;
  }

  /** Draws what is not in the template. */
  protected paint(): void {}

  #repaint = (): void => {
    cancelAnimationFrame(this.#frame);
    // The theme is in place a moment after it was chosen.
    this.#frame = requestAnimationFrame(() => this.isConnected && this.hasUpdated && this.paint());
  };

  override connectedCallback(): void {
    super.connectedCallback();
    this.#media.addEventListener("change", this.#repaint);
    document.addEventListener("themechange", this.#repaint);
    this.#sight = new IntersectionObserver(([entry]) => {
      this.#visible = entry?.isIntersecting ?? false;
      this.#begin();
    });
    this.#sight.observe(this);
    this.#size = new ResizeObserver(this.#repaint);
    this.#size.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#media.removeEventListener("change", this.#repaint);
    document.removeEventListener("themechange", this.#repaint);
    this.#sight?.disconnect();
    this.#size?.disconnect();
    cancelAnimationFrame(this.#frame);
    for (const leave of this.#leave) leave();
    this.#leave = [];
  }

  override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    if (this.#leave.length === 0 && this.store) this.#leave = this.inquiries.map((inquiry) => inquiry.subscribe(() => this.heard(inquiry)));
  }

  /** Called when a question was asked, answered, given up or forgotten. */
  protected heard(_inquiry: Inquiry<unknown>): void {
    this.requestUpdate();
    // A replaced run is measured like a new one.
    queueMicrotask(() => this.#begin());
  }

  override updated(_changed: PropertyValues): void {
    this.paint();
    this.#begin();
  }

  #begin(): void {
    if (!this.#visible || !this.hasUpdated || !this.eager || this.store.phase !== "ready" || this.store.metrics === null) return;
    if (this.inquiries.some(({ busy, answer, fault }) => !busy && answer === null && fault === null)) this.measure();
  }

  protected override changed(topic: Topic): void {
    if (topic !== "metrics") this.requestUpdate();
    const { store } = this;
    if (!this.live || !this.#visible || store.phase !== "ready" || this.inquiries.some(({ busy, answer }) => busy || answer === null)) return;
    if (this.inquiries.every(({ step }) => step === store.metrics?.step)) return;
    const now = performance.now();
    const last = Math.max(...this.inquiries.map(({ at }) => at));
    // Once training pauses, there is nothing to hold up.
    if (store.running && now - last < Math.max(REFRESH_MS, (last - this.#asked) * (1 / SHARE - 1))) return;
    this.#asked = now;
    this.measure();
  }

  /** Which training step the numbers are of, or what went wrong. */
  protected status(inquiry: Inquiry<unknown>): TemplateResult | typeof nothing {
    const { store, common } = this;
    if (inquiry.fault) return html`<p class="fault" role="alert">${common.fault(inquiry.fault.message)}</p>`;
    if (inquiry.answer === null) return inquiry.busy ? html`<p class="quiet">${common.measuring}</p>` : nothing;
    const step = store.text.number.whole(inquiry.step ?? 0);
    const behind = (store.metrics?.step ?? 0) > (inquiry.step ?? 0) && !store.running;
    return html`<p class="quiet number status">${behind ? common.behind(step) : common.ofStep(step)}</p>`;
  }

  protected liveSwitch(on: boolean, toggle: (on: boolean) => void): TemplateResult {
    return html`<label class="live"><input type="checkbox" role="switch" .checked=${on} @change=${(event: Event) => toggle((event.target as HTMLInputElement).checked)} />${this.common.live}</label>`;
  }

  /** A colour of the page, for a canvas. Needs an element `.probe`. */
  protected colour(name: string): string {
    const probe = this.renderRoot.querySelector<HTMLElement>(".probe")!;
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  }
}

/** Sizes a canvas for the screen's pixels; its context then measures in CSS pixels. */
export function prepare(canvas: HTMLCanvasElement): { context: CanvasRenderingContext2D; width: number; height: number } | null {
  const { clientWidth: width, clientHeight: height } = canvas;
  if (!width || !height) return null;
  const ratio = Math.min(3, devicePixelRatio || 1);
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d")!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { context, width, height };
}

export const panelStyles = [
  labStyles,
  css`
    .lead {
      text-wrap: pretty;
    }
    .bar {
      gap: 0.5rem 1.5rem;
      margin-bottom: 1rem;
    }
    label.live {
      display: flex;
      align-items: center;
      gap: 0.5rem;
      min-height: 1.5rem;
      font-size: 0.8125rem;
      cursor: pointer;
    }
    label.live input {
      width: 1rem;
      height: 1rem;
      margin: 0;
      accent-color: var(--ink);
    }
    .probe {
      position: absolute;
      visibility: hidden;
    }
    @media (pointer: coarse) {
      label.live {
        min-height: 2.75rem;
      }
    }
  `,
];
