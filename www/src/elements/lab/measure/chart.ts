/**
 * `<unnoise-lab-chart>`: a few curves over one axis, as SVG in the page's own colours. Pointing at it, or the arrow keys, read the
 * values; a click or Enter hands the place on as the event `pick`. Its numbers stand below as a table.
 */
import { css, html, LitElement, nothing, svg, type PropertyValues, type TemplateResult } from "lit";
import { base } from "../../../styles/base";
import { axis, type Axis } from "./axis";
import { panelStyles } from "./panel";

export interface Line {
  name: string;
  values: readonly (number | null)[];
  /** Name of a colour of the palette. */
  colour: string;
  dashed?: boolean;
  /** Draws a dot at each value. */
  dots?: boolean;
}

export interface ChartWords {
  /** What the picture shows, for those who do not see it. */
  label: string;
  x: string;
  y: string;
  hint: string;
  table: string;
  /** Numbers on the axes and in the table. */
  formatX(value: number): string;
  formatY(value: number): string;
}

export interface Chart {
  x: readonly number[];
  lines: readonly Line[];
  words: ChartWords;
  logX?: boolean;
  logY?: boolean;
  /** A place on the x axis to mark. */
  mark?: number | null;
  height?: number;
}

/** Width of a letter on the axes. */
const LETTER = 6.7;
const RIGHT = 12;
const TOP = 10;
const BOTTOM = 26;

export class LabChart extends LitElement {
  static override properties = { chart: { attribute: false } };
  static override styles = [
    base,
    panelStyles,
    css`
      svg {
        display: block;
        width: 100%;
        font: 11px/1 var(--mono);
      }
      .plot {
        border-radius: 3px;
        cursor: crosshair;
      }
      .grid {
        stroke: var(--line);
      }
      text {
        fill: var(--ink-3);
      }
      .axis {
        font: 12px/1 var(--sans);
        fill: var(--ink-2);
      }
      .line {
        fill: none;
        stroke-width: 2;
        stroke-linejoin: round;
      }
      .mark {
        stroke: var(--ink);
        stroke-dasharray: 3 3;
      }
      .read {
        min-height: 1.25rem;
        margin-top: 0.25rem;
      }
      .key {
        display: inline-block;
        width: 1rem;
        margin: 0 0.375rem 0.25rem 0;
        border-top: 2px solid var(--c);
      }
      .key.dashed {
        border-top-style: dashed;
      }
      .name {
        margin-right: 0.75rem;
        white-space: nowrap;
      }
      .scroll {
        max-height: 20rem;
        overflow: auto;
        margin-bottom: 0.5rem;
      }
    `,
  ];

  declare chart: Chart;
  #width = 0;
  #at: number | null = null;
  #size = new ResizeObserver(([entry]) => {
    const width = Math.round(entry?.contentRect.width ?? 0);
    if (width === this.#width) return;
    this.#width = width;
    this.requestUpdate();
  });

  override connectedCallback(): void {
    super.connectedCallback();
    this.#size.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#size.disconnect();
  }

  override willUpdate(_changed: PropertyValues): void {
    if (this.#at !== null && this.#at >= this.chart.x.length) this.#at = null;
  }

  get #height(): number {
    return this.chart.height ?? 200;
  }

  #axes(): { x: Axis; y: Axis; left: number } {
    const { x, lines, words, logX = false, logY = false } = this.chart;
    const all = lines.flatMap(({ values }) => values).filter((value): value is number => value !== null && Number.isFinite(value) && (!logY || value > 0));
    const [low, high] = [Math.min(...all), Math.max(...all)];
    const [bottom, top] = [this.#height - BOTTOM, TOP];
    // Whole decades would waste half the picture; a little air will do.
    const [from, to] = all.length === 0 ? [logY ? 0.1 : 0, 1] : logY ? [low / 1.25, high * 1.25] : [Math.min(0, low * 1.05), Math.max(0, high * 1.05) || 1];
    const first = x[0] ?? 0;
    const last = x.at(-1) ?? 1;
    const y = axis(from, to, logY, bottom, top, this.#height / 36);
    const left = 10 + LETTER * Math.max(4, ...y.ticks.map((tick) => words.formatY(tick).length));
    return { x: axis(logX ? Math.max(1, first) : first, last, logX, left, Math.max(left + 1, this.#width - RIGHT), this.#width / 64), y, left };
  }

  #nearest(event: PointerEvent): number | null {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const { x } = this.#axes();
    const place = event.clientX - box.left;
    let best: number | null = null;
    this.chart.x.forEach((value, i) => {
      if (best === null || Math.abs(x.at(value) - place) < Math.abs(x.at(this.chart.x[best]!) - place)) best = i;
    });
    return best;
  }

  #show(index: number | null): void {
    if (index === this.#at) return;
    this.#at = index;
    this.requestUpdate();
  }

  #keys = (event: KeyboardEvent): void => {
    const last = this.chart.x.length - 1;
    const at = this.#at ?? -1;
    const to = { ArrowRight: Math.min(last, at + 1), ArrowLeft: Math.max(0, at - 1), Home: 0, End: last, Escape: null }[event.key];
    if (to !== undefined) this.#show(to);
    else if ((event.key === "Enter" || event.key === " ") && this.#at !== null) this.#pick(this.#at);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  #pick(index: number | null): void {
    if (index !== null) this.dispatchEvent(new CustomEvent<number>("pick", { detail: this.chart.x[index]! }));
  }

  protected override render(): TemplateResult | typeof nothing {
    if (!this.chart) return nothing;
    const { words, lines, x } = this.chart;
    return html`
      <div
        class="plot"
        tabindex="0"
        role="group"
        aria-label=${words.hint}
        @keydown=${this.#keys}
        @pointermove=${(event: PointerEvent) => this.#show(this.#nearest(event))}
        @pointerleave=${(event: PointerEvent) => event.pointerType === "mouse" && this.#show(null)}
        @blur=${() => this.#show(null)}
        @click=${(event: PointerEvent) => this.#pick(this.#nearest(event))}
      >
        ${this.#width ? this.#picture() : html`<div style="height:${this.#height}px"></div>`}
      </div>
      <p class="read quiet number" aria-live="polite">${this.#at === null ? this.#legend() : this.#reading(this.#at)}</p>
      <details>
        <summary>${words.table}</summary>
        <div class="scroll" tabindex="0" role="group" aria-label=${words.label}>
          <table>
            <thead><tr><th scope="col">${words.x}</th>${lines.map(({ name }) => html`<th scope="col">${name}</th>`)}</tr></thead>
            <tbody>
              ${x.map((value, i) => html`<tr><th scope="row">${words.formatX(value)}</th>${lines.map(({ values }) => html`<td>${this.#number(values[i])}</td>`)}</tr>`)}
            </tbody>
          </table>
        </div>
      </details>
    `;
  }

  #number(value: number | null | undefined): string {
    return value === null || value === undefined ? "–" : this.chart.words.formatY(value);
  }

  #legend(): TemplateResult | typeof nothing {
    if (this.chart.lines.length < 2) return nothing;
    return html`${this.chart.lines.map(({ name, colour, dashed }) => html`<span class="name"><span class="key ${dashed ? "dashed" : ""}" style="--c:var(--${colour})"></span>${name}</span>`)}`;
  }

  #reading(index: number): string {
    const { words, lines, x } = this.chart;
    return `${words.x} = ${words.formatX(x[index]!)}: ${lines.map(({ name, values }) => `${name} ${this.#number(values[index])}`).join(", ")}`;
  }

  #picture(): TemplateResult {
    const { words, lines, x, mark } = this.chart;
    const axes = this.#axes();
    const [width, height] = [this.#width, this.#height];
    const floor = height - BOTTOM;
    const stops = axes.x.ticks.filter((tick) => axes.x.at(tick) < width - RIGHT - 16);
    return html`<svg viewBox="0 0 ${width} ${height}" height=${height} role="img" aria-label=${words.label}>
      ${axes.y.ticks.map((tick) => {
        const at = Math.round(axes.y.at(tick)) + 0.5;
        return svg`<line class="grid" x1=${axes.left} x2=${width - RIGHT} y1=${at} y2=${at} /><text x=${axes.left - 6} y=${at} text-anchor="end" dominant-baseline="middle">${words.formatY(tick)}</text>`;
      })}
      ${stops.map((tick) => {
        const at = Math.round(axes.x.at(tick)) + 0.5;
        return svg`<line class="grid" x1=${at} x2=${at} y1=${TOP} y2=${floor} /><text x=${at} y=${height - 8} text-anchor="middle">${words.formatX(tick)}</text>`;
      })}
      <text class="axis" x=${width - RIGHT} y=${height - 8} text-anchor="end">${words.x}</text>
      ${mark === null || mark === undefined ? nothing : svg`<line class="mark" x1=${axes.x.at(mark)} x2=${axes.x.at(mark)} y1=${TOP} y2=${floor} />`}
      ${lines.map((line) => this.#line(line, axes, x))}
      ${this.#at === null
        ? nothing
        : svg`<line class="mark" x1=${axes.x.at(x[this.#at]!)} x2=${axes.x.at(x[this.#at]!)} y1=${TOP} y2=${floor} />`}
    </svg>`;
  }

  #line({ values, colour, dashed, dots }: Line, axes: { x: Axis; y: Axis }, x: readonly number[]): TemplateResult {
    let path = "";
    const marks: TemplateResult[] = [];
    let down = false;
    values.forEach((value, i) => {
      const drawn = value !== null && Number.isFinite(value) && (!this.chart.logY || value > 0);
      if (drawn) {
        const [cx, cy] = [axes.x.at(x[i]!).toFixed(1), axes.y.at(value).toFixed(1)];
        path += `${down ? "L" : "M"}${cx} ${cy}`;
        if (dots || i === this.#at) marks.push(svg`<circle cx=${cx} cy=${cy} r=${i === this.#at ? 4 : 2.5} fill="var(--${colour})" />`);
      }
      down = drawn;
    });
    return svg`<path class="line" d=${path} stroke="var(--${colour})" stroke-dasharray=${dashed ? "5 4" : nothing} />${marks}`;
  }
}

customElements.define("unnoise-lab-chart", LabChart);
