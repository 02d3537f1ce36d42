/** The curve of a schedule over t, with handles that can be dragged or moved by keys. It asks nobody: `draft` events tell of moves. */
import { css, html, LitElement, nothing, svg, type TemplateResult } from "lit";
import { crossing, FLOOR, levelsOf, monotoneCubic } from "../../draw/log-snr";
import type { Numbers } from "../../strings";
import type { ScheduleStrings } from "../../strings/lab-schedule.en";
import { base } from "../../styles/base";
import type { ScheduleTable } from "../../worker/ask";

export type CurveView = "log_snr" | "alpha" | "levels";

/** Amplitudes of noise and signal are within ten to one of each other between these. */
export const MIDDLE = 2 * Math.log(10);
/** Handles stay this far apart in height. */
export const GAP = 0.05;

const MARGIN = { left: 44, right: 18, top: 26, bottom: 46 };
const POINTS = 240;
const STEP = 0.25;
const PAGE = 1;

export class SchedulePlot extends LitElement {
  static override properties = {
    table: { attribute: false },
    knots: { attribute: false },
    drafted: { type: Boolean },
    view: {},
    visits: { attribute: false },
    movable: { type: Boolean },
    words: { attribute: false },
    number: { attribute: false },
    label: {},
    width: { state: true },
  };
  static override styles = [
    base,
    css`
      :host {
        background: var(--plate);
        border: 1px solid var(--line);
        border-radius: 3px;
      }
      svg {
        display: block;
        width: 100%;
        overflow: visible;
      }
      text {
        font: 11px var(--mono);
        fill: var(--ink-3);
      }
      .zone {
        font: 12px var(--sans);
        fill: var(--ink-2);
      }
      .grid {
        stroke: var(--line);
      }
      .middle {
        fill: var(--tile);
      }
      .curve {
        fill: none;
        stroke: var(--ink);
        stroke-width: 2;
      }
      .curve.noise {
        stroke: var(--samples);
        stroke-dasharray: 7 3;
      }
      .curve.draft {
        stroke: var(--samples);
        stroke-width: 2.5;
      }
      .curve.old {
        stroke: var(--data);
        stroke-width: 1.5;
        stroke-dasharray: 3 3;
      }
      .visit {
        stroke: var(--ink-2);
      }
      .handle {
        cursor: ns-resize;
        touch-action: none;
        outline: none;
      }
      .handle .hit {
        fill: transparent;
      }
      .handle .knob {
        fill: var(--plate);
        stroke: var(--ink);
        stroke-width: 2;
      }
      .handle[data-moved] .knob {
        stroke: var(--samples);
      }
      .handle:hover .knob {
        fill: var(--press);
      }
      .handle:focus-visible .ring {
        stroke: var(--focus);
        stroke-width: 2;
      }
      .ring {
        fill: none;
        stroke: none;
      }
    `,
  ];

  declare table: ScheduleTable | null;
  /** Log-SNR at the handles. */
  declare knots: readonly number[];
  declare drafted: boolean;
  declare view: CurveView;
  /** Where the sampler calls the network, as shares of the axis. */
  declare visits: readonly number[];
  declare movable: boolean;
  declare words: ScheduleStrings;
  declare number: Numbers;
  declare label: string;
  declare width: number;
  #observer: ResizeObserver | null = null;
  #dragged: { index: number; offset: number } | null = null;
  /** Heights of the axis, kept while something is drawn so that it does not move under the hand. */
  #range: [low: number, high: number] = [-12, 12];

  constructor() {
    super();
    this.table = null;
    this.knots = [];
    this.drafted = false;
    this.view = "log_snr";
    this.visits = [];
    this.movable = false;
    this.label = "";
    this.width = 640;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#observer = new ResizeObserver(() => {
      if (this.clientWidth) this.width = this.clientWidth;
    });
    this.#observer.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#observer?.disconnect();
  }

  get #height(): number {
    return this.width < 480 ? 280 : this.width < 700 ? 340 : 420;
  }

  #x = (u: number): number => MARGIN.left + u * (this.width - MARGIN.left - MARGIN.right);

  #y = (value: number): number => {
    const [low, high] = this.view === "log_snr" ? this.#range : [0, 1];
    const bound = Math.min(high, Math.max(low, Number.isFinite(value) ? value : low));
    return MARGIN.top + ((high - bound) / (high - low)) * (this.#height - MARGIN.top - MARGIN.bottom);
  };

  override willUpdate(): void {
    if (!this.table || this.drafted) return;
    const values = this.table.log_snr.filter(Number.isFinite);
    const low = Math.min(...values, this.table.log_snr.length > values.length ? FLOOR : 0);
    this.#range = [Math.min(-12, Math.max(FLOOR, 4 * Math.floor(low / 4))), Math.max(12, 4 * Math.ceil(Math.max(...values) / 4))];
  }

  // Moving handles

  #move(index: number, value: number): void {
    const [low, high] = this.#range;
    const above = index > 0 ? this.knots[index - 1]! - GAP : high;
    const below = index + 1 < this.knots.length ? this.knots[index + 1]! + GAP : low;
    const bound = Number(Math.min(above, Math.max(below, value)).toFixed(3));
    const detail = this.knots.map((old, i) => (i === index ? bound : old));
    this.dispatchEvent(new CustomEvent("draft", { detail }));
  }

  #value(event: PointerEvent): number {
    const box = this.renderRoot.querySelector("svg")!.getBoundingClientRect();
    const [low, high] = this.#range;
    const inner = this.#height - MARGIN.top - MARGIN.bottom;
    return high - ((event.clientY - box.top - MARGIN.top) / inner) * (high - low);
  }

  #press = (event: PointerEvent, index: number): void => {
    if (event.button !== 0) return;
    event.preventDefault();
    const handle = event.currentTarget as SVGGElement;
    handle.setPointerCapture(event.pointerId);
    handle.focus();
    this.#dragged = { index, offset: this.knots[index]! - this.#value(event) };
  };

  #drag = (event: PointerEvent): void => {
    if (this.#dragged) this.#move(this.#dragged.index, this.#value(event) + this.#dragged.offset);
  };

  #release = (): void => {
    this.#dragged = null;
  };

  #key = (event: KeyboardEvent, index: number): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const steps: Record<string, number> = { ArrowUp: STEP, ArrowRight: STEP, ArrowDown: -STEP, ArrowLeft: -STEP, PageUp: PAGE, PageDown: -PAGE, Home: -Infinity, End: Infinity };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.#move(index, this.knots[index]! + step);
  };

  // The picture

  #path(value: (u: number) => number): string {
    let path = "";
    for (let i = 0; i <= POINTS; i++) path += `${i ? "L" : "M"}${this.#x(i / POINTS).toFixed(1)} ${this.#y(value(i / POINTS)).toFixed(1)}`;
    return path;
  }

  #curves(): TemplateResult[] {
    const { table } = this;
    if (!table) return [];
    const last = table.log_snr.length - 1;
    const of = (list: readonly number[]) => (u: number): number => list[Math.round(u * last)]!;
    const line = (kind: string, value: (u: number) => number): TemplateResult => svg`<path class="curve ${kind}" d=${this.#path(value)} />`;
    const old = this.drafted ? "old" : "";
    const draft = monotoneCubic(this.knots.length > 1 ? this.knots : [0, 0]);
    const drawn = (kind: string, value: (logSnr: number) => number): TemplateResult[] => (this.drafted ? [line(kind, (u) => value(draft(u)))] : []);
    if (this.view === "alpha") return [line(old, of(table.alphas_cumprod)), ...drawn("draft", (v) => levelsOf(v).signal ** 2)];
    if (this.view === "log_snr") return [line(old, of(table.log_snr)), ...drawn("draft", (v) => v)];
    if (!this.drafted) return [line("", of(table.signal)), line("noise", of(table.noise))];
    return [line("old", of(table.signal)), line("old", of(table.noise)), ...drawn("", (v) => levelsOf(v).signal), ...drawn("noise", (v) => levelsOf(v).noise)];
  }

  #grid(): TemplateResult[] {
    const [low, high] = this.#range;
    const marks = this.view === "log_snr" ? Array.from({ length: Math.floor((high - low) / 4) + 1 }, (_, i) => low + 4 * i) : [0, 0.25, 0.5, 0.75, 1];
    const { number } = this;
    return marks.map(
      (mark) => svg`<line class="grid" x1=${MARGIN.left} x2=${this.width - MARGIN.right} y1=${this.#y(mark)} y2=${this.#y(mark)} />
        <text x=${MARGIN.left - 8} y=${this.#y(mark)} text-anchor="end" dominant-baseline="middle">${number.significant(mark, 3).replace("-", "−")}</text>`,
    );
  }

  #zones(): TemplateResult {
    const values = this.drafted ? Array.from({ length: POINTS + 1 }, (_, i) => monotoneCubic(this.knots)(i / POINTS)) : this.table!.log_snr;
    const [from, to] = [crossing(values, MIDDLE), crossing(values, -MIDDLE)];
    const bottom = this.#height - MARGIN.bottom;
    const { zones } = this.words;
    const name = (a: number, b: number, text: string): TemplateResult | typeof nothing =>
      this.#x(b) - this.#x(a) > 6.2 * text.length ? svg`<text class="zone" x=${(this.#x(a) + this.#x(b)) / 2} y=${MARGIN.top - 9} text-anchor="middle">${text}</text>` : nothing;
    return svg`<rect class="middle" x=${this.#x(from)} y=${MARGIN.top} width=${Math.max(0, this.#x(to) - this.#x(from))} height=${bottom - MARGIN.top} />
      ${name(0, from, zones.clean)}${name(from, to, zones.mixed)}${name(to, 1, zones.noise)}`;
  }

  #axis(): TemplateResult {
    const y = this.#height - MARGIN.bottom;
    const last = this.table!.log_snr.length - 1;
    // Round numbers, but for the last timestep, which is one below.
    const marks = (this.width < 480 ? [0, 0.5, 1] : [0, 0.25, 0.5, 0.75, 1]).map((u) => Math.min(1, Math.round(u * (last + 1)) / last));
    return svg`<line class="grid" x1=${MARGIN.left} x2=${this.width - MARGIN.right} y1=${y} y2=${y} />
      ${this.visits.map((u) => svg`<line class="visit" x1=${this.#x(u)} x2=${this.#x(u)} y1=${y + 3} y2=${y + 12} />`)}
      ${marks.map((u) => svg`<text x=${this.#x(u)} y=${y + 30} text-anchor="middle">${u === 0 ? `${this.words.axis.t} = ` : ""}${this.number.whole(u * last)}</text>`)}`;
  }

  #handles(): TemplateResult[] {
    if (this.view !== "log_snr" || !this.movable || !this.table) return [];
    const { number, words } = this;
    const last = this.table.log_snr.length - 1;
    const [low, high] = this.#range;
    return this.knots.map((value, i) => {
      const u = i / (this.knots.length - 1);
      const { signal, noise } = levelsOf(value);
      const text = words.handleValue(number.fixed(value, 2), number.fixed(signal, 3), number.fixed(noise, 3));
      return svg`<g class="handle" role="slider" tabindex="0" aria-orientation="vertical" aria-label=${words.handle(number.whole(u * last))} aria-valuemin=${low}
        aria-valuemax=${high} aria-valuenow=${value} aria-valuetext=${text} ?data-moved=${this.drafted} transform="translate(${this.#x(u)} ${this.#y(value)})"
        @pointerdown=${(event: PointerEvent) => this.#press(event, i)} @pointermove=${this.#drag} @pointerup=${this.#release} @pointercancel=${this.#release}
        @keydown=${(event: KeyboardEvent) => this.#key(event, i)}>
        <title>${text}</title><circle class="hit" r="22" /><circle class="ring" r="11" /><circle class="knob" r="6.5" /></g>`;
    });
  }

  protected override render(): TemplateResult {
    const height = this.#height;
    const empty = !this.table;
    return html`<svg height=${height} viewBox="0 0 ${this.width} ${height}" role="group" aria-label=${this.label}>
      ${empty ? nothing : svg`${this.#zones()}${this.#grid()}${this.#axis()}
        <text x="8" y=${MARGIN.top - 9}>${this.words.axis[this.view]}</text>
        ${this.#curves()}${this.#handles()}`}
    </svg>`;
  }
}

customElements.define("unnoise-schedule-plot", SchedulePlot);
