/** Two handles on one line: from where to where. Fires `interval` with both ends. */
import { css, html, LitElement, type TemplateResult } from "lit";
import { base } from "../../styles/base";

const STEP = 0.05;
const PAGE = 0.2;
type End = "from" | "to";

export class Interval extends LitElement {
  static override properties = { from: { type: Number }, to: { type: Number }, labels: { attribute: false }, shown: { attribute: false } };
  static override styles = [
    base,
    css`
      .track {
        position: relative;
        height: 1.5rem;
        margin: 0 0.5rem;
        cursor: pointer;
        touch-action: pan-y;
      }
      .track::before, .span {
        content: "";
        position: absolute;
        top: calc(50% - 1px);
        height: 2px;
        left: -0.5rem;
        right: -0.5rem;
        background: var(--edge);
      }
      .span {
        background: var(--ink);
      }
      [role="slider"] {
        position: absolute;
        top: 50%;
        width: 1rem;
        height: 1rem;
        margin: -0.5rem;
        border: 3px solid var(--plate);
        border-radius: 50%;
        background: var(--ink);
        box-shadow: 0 0 0 1px var(--ink);
      }
      /* What a finger can hit is larger than what is seen. */
      [role="slider"]::after {
        content: "";
        position: absolute;
        inset: -0.875rem;
      }
      @media (pointer: coarse) {
        .track {
          height: 2.75rem;
        }
      }
    `,
  ];
  declare from: number;
  declare to: number;
  declare labels: Record<End, string>;
  /** A value in words. */
  declare shown: (value: number) => string;
  #dragged: End | null = null;

  #move(end: End, value: number): void {
    const rounded = Math.round(value / STEP) * STEP;
    const bound = Number((end === "from" ? Math.min(this.to, Math.max(0, rounded)) : Math.max(this.from, Math.min(1, rounded))).toFixed(2));
    if (bound === this[end]) return;
    this[end] = bound;
    this.dispatchEvent(new CustomEvent("interval", { detail: { from: this.from, to: this.to } }));
  }

  #key(end: End, event: KeyboardEvent): void {
    const steps: Record<string, number> = { ArrowLeft: -STEP, ArrowDown: -STEP, ArrowRight: STEP, ArrowUp: STEP, PageDown: -PAGE, PageUp: PAGE, Home: -1, End: 1 };
    const step = steps[event.key];
    if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.#move(end, this[end] + step);
  }

  #value(event: PointerEvent): number {
    const { left, width } = this.renderRoot.querySelector(".track")!.getBoundingClientRect();
    return (event.clientX - left) / width;
  }

  #down = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    event.preventDefault();
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    const value = this.#value(event);
    const [below, above] = [Math.abs(value - this.from), Math.abs(value - this.to)];
    this.#dragged = below < above || (below === above && value < this.from) ? "from" : "to";
    this.renderRoot.querySelector<HTMLElement>(`#${this.#dragged}`)!.focus();
    this.#move(this.#dragged, value);
  };

  #drag = (event: PointerEvent): void => {
    if (this.#dragged) this.#move(this.#dragged, this.#value(event));
  };

  #up = (): void => void (this.#dragged = null);

  #handle(end: End): TemplateResult {
    const [least, most] = end === "from" ? [0, this.to] : [this.from, 1];
    return html`<span role="slider" tabindex="0" id=${end} style="left:${100 * this[end]}%" aria-label=${this.labels[end]} aria-valuemin=${least} aria-valuemax=${most}
      aria-valuenow=${this[end]} aria-valuetext=${this.shown(this[end])} @keydown=${(event: KeyboardEvent) => this.#key(end, event)}></span>`;
  }

  protected override render(): TemplateResult {
    return html`<div class="track" @pointerdown=${this.#down} @pointermove=${this.#drag} @pointerup=${this.#up} @pointercancel=${this.#up}>
      <div class="span" style="left:${100 * this.from}%;right:${100 * (1 - this.to)}%"></div>
      ${this.#handle("from")}${this.#handle("to")}
    </div>`;
  }
}

customElements.define("unnoise-interval", Interval);
