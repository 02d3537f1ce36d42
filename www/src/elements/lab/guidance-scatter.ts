/** Samples of points in the colours of the classes they were asked for; a cross marks those that landed elsewhere. */
import { css, html, LitElement, type TemplateResult } from "lit";
import { base } from "../../styles/base";

/** Of the data, as a backdrop. */
const DATA_SHOWN = 1500;
/** Space around the data, as a share of their extent. */
const ROOM = 1.15;
/** The golden angle keeps many hues apart. */
const GOLDEN = 137.508;

export class Scatter extends LitElement {
  static override properties = {
    points: { attribute: false },
    labels: { attribute: false },
    found: { attribute: false },
    data: { attribute: false },
    classes: { type: Number },
    label: {},
    themed: { attribute: false },
  };
  static override styles = [
    base,
    css`
      canvas {
        display: block;
        width: 100%;
        aspect-ratio: 1;
      }
      .probe {
        position: absolute;
        visibility: hidden;
      }
    `,
  ];
  declare points: Float32Array;
  declare labels: ArrayLike<number>;
  declare found: ArrayLike<number> | null;
  declare data: Float32Array;
  declare classes: number;
  declare label: string;
  /** Another one whenever the theme has changed. */
  declare themed: unknown;
  #observer: ResizeObserver | null = null;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#observer?.disconnect();
    this.#observer = null;
  }

  override updated(): void {
    if (!this.#observer) {
      this.#observer = new ResizeObserver(() => this.#paint());
      this.#observer.observe(this.renderRoot.querySelector("canvas")!);
    }
    this.#paint();
  }

  #colour(value: string): string {
    const probe = this.renderRoot.querySelector<HTMLElement>(".probe")!;
    probe.style.color = value;
    return getComputedStyle(probe).color;
  }

  #hue(label: number): string {
    const hue = this.classes <= 8 ? 40 + (360 * label) / this.classes : GOLDEN * label;
    return this.#colour(`light-dark(oklch(0.56 0.15 ${hue}), oklch(0.76 0.13 ${hue}))`);
  }

  #paint(): void {
    const canvas = this.renderRoot.querySelector("canvas");
    if (!canvas?.clientWidth) return;
    const size = Math.round(canvas.clientWidth * Math.min(3, devicePixelRatio || 1));
    canvas.width = canvas.height = size;
    const c = canvas.getContext("2d")!;
    const { data, points, labels, found } = this;
    const reach = ROOM * data.reduce((most, value) => Math.max(most, Math.abs(value)), 0.1);
    const place = (from: Float32Array, i: number): [number, number] => [(from[2 * i]! / reach + 1) * (size / 2), (1 - from[2 * i + 1]! / reach) * (size / 2)];
    c.fillStyle = this.#colour("var(--data)");
    c.globalAlpha = 0.35;
    const dot = Math.max(1.5, size / 160);
    for (let i = 0; i < Math.min(DATA_SHOWN, data.length / 2); i++) {
      const [x, y] = place(data, i);
      c.fillRect(x - dot / 2, y - dot / 2, dot, dot);
    }
    c.globalAlpha = 1;
    const hues = Array.from({ length: this.classes }, (_, label) => this.#hue(label));
    const radius = Math.max(1.5, size / 130);
    for (let i = 0; i < points.length / 2; i++) {
      if (found && found[i] !== labels[i]) continue;
      const [x, y] = place(points, i);
      c.fillStyle = hues[labels[i]!] ?? hues[0]!;
      c.beginPath();
      c.arc(x, y, radius, 0, 7);
      c.fill();
    }
    // The wrong ones on top: there should be few.
    c.lineWidth = Math.max(1.25, size / 220);
    const arm = radius * 1.5;
    for (let i = 0; found && i < points.length / 2; i++) {
      if (found[i] === labels[i]) continue;
      const [x, y] = place(points, i);
      c.strokeStyle = hues[labels[i]!] ?? hues[0]!;
      c.beginPath();
      c.moveTo(x - arm, y - arm);
      c.lineTo(x + arm, y + arm);
      c.moveTo(x - arm, y + arm);
      c.lineTo(x + arm, y - arm);
      c.stroke();
    }
  }

  protected override render(): TemplateResult {
    return html`<canvas role="img" aria-label=${this.label}></canvas><span class="probe"></span>`;
  }
}

customElements.define("unnoise-scatter", Scatter);
