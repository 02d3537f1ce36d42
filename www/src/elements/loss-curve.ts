/** The loss over the steps: each step (or the mean of a few) faint, the running average strong. */
import { css, html, nothing, unsafeCSS, type PropertyValues, type TemplateResult } from "lit";
import uPlot from "uplot";
import uplotCss from "uplot/dist/uPlot.min.css";
import type { Topic } from "../state/board";
import type { LossBand } from "../state/run-store";
import { base, controls } from "../styles/base";
import { StoreElement } from "./store-element";

const HEIGHT = 168;
/** The curve is redrawn at most this often. */
const DRAW_EVERY_MS = 200;

/** The edge of the band at a step, between its points interpolated; null outside. */
function within(band: LossBand, step: number, side: 1 | 2): number | null {
  const after = band.findIndex(([at]) => at >= step);
  const b = band[after];
  if (!b) return null;
  const a = band[after - 1];
  if (!a) return b[0] === step ? b[side] : null;
  return a[side] + ((b[side] - a[side]) * (step - a[0])) / (b[0] - a[0]);
}

export class LossCurve extends StoreElement {
  static override topics = ["metrics", "settings", "state"] as const;
  static override styles = [
    unsafeCSS(uplotCss),
    base,
    controls,
    css`
      .top {
        display: flex;
        justify-content: space-between;
        align-items: center;
        gap: 0.5rem 1rem;
        flex-wrap: wrap;
      }
      label {
        display: flex;
        align-items: center;
        gap: 0.5rem;
        min-height: 1.5rem;
        font-size: 0.8125rem;
        cursor: pointer;
      }
      input[type="checkbox"] {
        width: 1rem;
        height: 1rem;
        margin: 0;
        accent-color: var(--ink);
      }
      .plot {
        position: relative;
        height: ${HEIGHT}px;
      }
      .hover {
        min-height: 1.25rem;
      }
      .key {
        display: inline-block;
        width: 1rem;
        margin: 0 0.375rem 0.25rem 0;
        border-top: 2px solid var(--samples);
      }
      .key.raw {
        border-top: 1px solid var(--data);
        margin-left: 0.75rem;
      }
      .key.band {
        height: 0.625rem;
        margin-left: 0.75rem;
        margin-bottom: 0;
        border: 0;
        background: var(--band);
      }
      .u-over {
        cursor: crosshair;
      }
      .u-cursor-x, .u-cursor-y {
        border-color: var(--edge) !important;
      }
      @media (pointer: coarse) {
        label {
          min-height: 2.75rem;
        }
      }
    `,
  ];

  #plot: uPlot | null = null;
  #scale = "";
  #drawn = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #observer: ResizeObserver | null = null;
  #hover = "";
  #media = matchMedia("(prefers-color-scheme: dark)");
  #recolour = (): void => this.themeChanged();

  override connectedCallback(): void {
    super.connectedCallback();
    this.#media.addEventListener("change", this.#recolour);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#media.removeEventListener("change", this.#recolour);
    this.#observer?.disconnect();
    this.#destroy();
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  themeChanged(): void {
    this.#destroy();
    this.requestUpdate();
  }

  protected override changed(topic: Topic): void {
    if (topic !== "metrics") {
      this.requestUpdate();
      return;
    }
    if (this.#timer) return;
    const wait = Math.max(0, this.#drawn + DRAW_EVERY_MS - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#drawn = performance.now();
      this.requestUpdate();
    }, wait);
  }

  #destroy(): void {
    this.#plot?.destroy();
    this.#plot = null;
  }

  override updated(_changed: PropertyValues): void {
    const holder = this.renderRoot.querySelector<HTMLElement>(".plot");
    if (!holder || !this.store.settings) return;
    const scale = String(this.store.settings["view.loss_scale"]);
    if (scale !== this.#scale) this.#destroy();
    this.#scale = scale;
    const { steps, raw, smooth } = this.store.losses;
    const band = this.store.lossBand;
    const edge = (side: 1 | 2): (number | null)[] => steps.map((step) => (band ? within(band, step, side) : null));
    // The band comes first, so that the curves are drawn over it.
    const data: uPlot.AlignedData = [steps, edge(1), edge(2), raw, smooth];
    if (this.#plot) this.#plot.setData(data);
    else this.#create(holder, data);
  }

  #create(holder: HTMLElement, data: uPlot.AlignedData): void {
    const style = getComputedStyle(holder);
    const probe = holder.querySelector("span")!;
    const colour = (name: string): string => {
      probe.style.color = `var(--${name})`;
      return getComputedStyle(probe).color;
    };
    const { number } = this.store.text;
    const axis: uPlot.Axis = {
      stroke: colour("ink-3"),
      font: `11px ${style.getPropertyValue("--mono")}`,
      grid: { stroke: colour("line"), width: 1 },
      ticks: { show: false },
    };
    const log = this.#scale === "log";
    this.#plot = new uPlot(
      {
        width: Math.max(160, holder.clientWidth),
        height: HEIGHT,
        legend: { show: false },
        padding: [8, 16, 0, 0],
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 7, fill: colour("samples") } },
        scales: { x: { time: false, range: (_, from, to) => (from === null || to === null ? [0, 100] : [from, Math.max(to, from + 1)]) }, y: log ? { distr: 3 } : { range: () => [0, this.#top()] } },
        axes: [
          { ...axis, size: 24, gap: 4, space: 64, values: (_, ticks) => ticks.map((v) => (Number.isInteger(v) ? number.whole(v) : "")) },
          { ...axis, size: 36, gap: 4, space: 32, values: (_, ticks) => ticks.map((v) => (v === null ? "" : v < 1000 ? number.significant(v, 2) : number.reading(v))) },
        ],
        series: [
          {},
          { points: { show: false }, pxAlign: 0 },
          { points: { show: false }, pxAlign: 0 },
          { stroke: colour("data"), width: 1, alpha: 0.55, points: { show: false } },
          { stroke: colour("samples"), width: 2, points: { show: false } },
        ],
        bands: [{ series: [2, 1], fill: colour("band") }],
        hooks: { setCursor: [(plot) => this.#point(plot.cursor.idx ?? null)] },
      },
      data,
      holder,
    );
    this.#observer ??= new ResizeObserver(() => {
      const width = this.renderRoot.querySelector<HTMLElement>(".plot")?.clientWidth ?? 0;
      if (this.#plot && width && width !== this.#plot.width) this.#plot.setSize({ width, height: HEIGHT });
    });
    this.#observer.observe(holder);
  }

  /** The smoothed curve sets the height: a wild stretch may leave the picture once it is over, the trend may not. */
  #top(): number {
    const { smooth } = this.store.losses;
    const highest = smooth.reduce((top, value) => Math.max(top, value), 0.2);
    return 1.2 * Math.min(highest, Math.max(2, 3 * (smooth.at(-1) ?? 0)));
  }

  #point(index: number | null): void {
    const { losses, text } = this.store;
    const step = index === null ? undefined : losses.steps[index];
    const hover =
      index === null || step === undefined
        ? ""
        : text.ui.loss.at(text.number.whole(step), text.number.reading(losses.raw[index]!), text.number.reading(losses.smooth[index]!));
    if (hover === this.#hover) return;
    this.#hover = hover;
    this.requestUpdate();
  }

  #toggle = (event: Event): void => {
    void this.store.set("view.loss_scale", (event.target as HTMLInputElement).checked ? "log" : "linear_axis");
  };

  protected override render(): TemplateResult {
    const { settings, losses, text } = this.store;
    const { ui, number } = text;
    const last = losses.steps.length - 1;
    const label = last < 0 ? ui.loss.empty : ui.loss.describe(number.whole(losses.steps[last]!), number.reading(losses.smooth[last]!));
    return html`
      <div class="top">
        <h2>${ui.loss.title}</h2>
        <label><input type="checkbox" .checked=${settings?.["view.loss_scale"] === "log"} ?disabled=${!settings} @change=${this.#toggle} />${ui.loss.log}</label>
      </div>
      <div class="plot" role="img" aria-label=${label}><span hidden></span></div>
      <p class="hover quiet number">
        ${this.#hover || (last < 0 ? ui.loss.empty : html`<span class="key"></span>${ui.loss.smooth}<span class="key raw"></span>${ui.loss.raw}${this.store.lossBand ? html`<span class="key band"></span>${ui.loss.band}` : nothing}`)}
      </p>
    `;
  }
}

customElements.define("unnoise-loss-curve", LossCurve);
