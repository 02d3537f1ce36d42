/** The tab "Score": the learned score beside the exact one, at a timestep and over all of them. */
import { html, nothing, type TemplateResult } from "lit";
import { distances, lengths, paintCross, paintDots, paintField, paintMap, quantile, valueAt, viridisGradient, type Field } from "../../draw/fields";
import { normal, random } from "../../draw/shapes";
import type { DatasetName } from "../../engine-types";
import type { RunStore } from "../../state/run-store";
import type { Store } from "../../state/store";
import { scoreTexts, type ScoreStrings } from "../../strings/lab-score.en";
import { base, controls } from "../../styles/base";
import { scoreStyle } from "../../styles/score";
import type { ScheduleTable, ScoreErrors, ScoreMap } from "../../worker/ask";
import { Inquiry, keep } from "./measure/inquiry";
import { noiseShare, noiseWord, scheduleOf, timestepsOf } from "./measure/levels";
import { Panel, panelStyles, prepare } from "./measure/panel";
import { errorCurve } from "./score-curve";
import type { LabTab } from "./tabs";

/** Sets whose density, noised, is known in closed form. */
const MIXTURES: readonly DatasetName[] = ["eight_gaussians", "gaussian_grid", "blobs"];
const GRID = 33;
const EXTENT = 2.5;
const LEVELS = 12;
/** Noised data points on the map of the difference. */
const DOTS = 260;
/** One press of an arrow key, as a share of the square. */
const NUDGE = 1 / 16;
const PLOTS = ["learned", "exact", "difference"] as const;

interface MapAnswer {
  /** Null: the engine knows no exact score of these data. */
  map: ScoreMap | null;
  timestep: number;
}

/** What is known of a run's score. */
class State {
  timestep: number;
  live = true;
  map: Inquiry<MapAnswer>;
  errors: Inquiry<{ errors: ScoreErrors | null }>;
  table: ScheduleTable | null = null;

  constructor(store: RunStore) {
    this.timestep = Math.round(0.2 * timestepsOf(store));
    this.map = new Inquiry(store);
    this.errors = new Inquiry(store);
  }
}

export class LabScore extends Panel<Store> {
  static override styles = [
    base,
    controls,
    panelStyles,
    scoreStyle,
  ];

  /** The point that is read. */
  #point: [number, number] | null = null;
  #byKey = false;

  get #state(): State {
    return keep(this.store, "score", () => new State(this.store));
  }

  get #words(): ScoreStrings {
    return scoreTexts(this.store.text.lang);
  }

  get #extent(): number {
    return EXTENT * Math.max(1, this.store.config?.data.scale ?? 1);
  }

  /** The chosen timestep; a run with fewer takes its last. */
  get #timestep(): number {
    return Math.min(this.#state.timestep, timestepsOf(this.store) - 1);
  }

  get #mixture(): boolean {
    return MIXTURES.includes((this.store.settings?.["data.dataset"] ?? "") as DatasetName) && this.#state.map.answer?.map !== null;
  }

  protected override get inquiries(): Inquiry<unknown>[] {
    const { map, errors } = this.#state;
    return [errors, map];
  }

  protected override get live(): boolean {
    return this.#state.live && this.#mixture;
  }

  protected override get eager(): boolean {
    return MIXTURES.includes((this.store.settings?.["data.dataset"] ?? "") as DatasetName);
  }

  protected override measure(): void {
    this.#ask();
    this.#state.errors.ask(async () => ({ errors: await this.store.ask("score_error", { levels: LEVELS }) }));
  }

  #ask(): void {
    const state = this.#state;
    state.map.ask(async () => {
      state.table = await scheduleOf(this.store);
      const timestep = this.#timestep;
      return { map: await this.store.ask("score_map", { timestep, grid: GRID, extent: this.#extent }), timestep };
    });
  }

  #move = (timestep: number): void => {
    this.#state.timestep = timestep;
    this.requestUpdate();
    this.#ask();
  };

  // Reading a point

  #read(point: [number, number] | null, byKey = false): void {
    const bound = (v: number): number => Math.min(this.#extent, Math.max(-this.#extent, v));
    this.#point = point && [bound(point[0]), bound(point[1])];
    this.#byKey = byKey;
    this.requestUpdate();
  }

  #hover = (event: PointerEvent): void => {
    const canvas = (event.target as Element).closest("canvas");
    if (!canvas) return;
    const box = canvas.getBoundingClientRect();
    const at = (share: number): number => (2 * share - 1) * this.#extent;
    this.#read([at((event.clientX - box.left) / box.width), -at((event.clientY - box.top) / box.height)]);
  };

  #keys = (event: KeyboardEvent): void => {
    const step = 2 * this.#extent * NUDGE;
    const move = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] }[event.key];
    if (event.key === "Escape") this.#read(null);
    else if (move) this.#read(this.#point ? [this.#point[0] + move[0]!, this.#point[1] + move[1]!] : [0, 0], true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  // Pictures

  protected override paint(): void {
    const { answer } = this.#state.map;
    if (!answer?.map || !this.renderRoot.querySelector("canvas")) return;
    const { grid, extent, learned, exact } = answer.map;
    const top = this.#top(answer.map);
    const apart = distances(learned, exact);
    const colours = { low: this.colour("plate"), high: this.colour("data"), arrow: this.colour("ink"), mark: this.colour("samples") };
    for (const name of PLOTS) {
      const ready = prepare(this.renderRoot.querySelector<HTMLCanvasElement>(`canvas[data-plot="${name}"]`)!);
      if (!ready) continue;
      const { context, width: size } = ready;
      if (name === "difference") {
        paintMap(context, size, grid, apart, this.#topApart(apart));
        paintDots(context, size, extent, this.#noised(answer.timestep), "rgb(255 255 255 / 0.75)");
      } else {
        paintField(context, size, { grid, extent, vectors: name === "learned" ? learned : exact }, top, colours);
      }
      if (this.#point) paintCross(context, size, extent, this.#point, colours.mark, colours.low);
    }
  }

  /** One scale for both fields: nearly the longest exact score. */
  #top({ exact }: ScoreMap): number {
    return quantile(lengths(exact), 0.98);
  }

  /** Far from the data the difference may be of any size; the scale ends before that. */
  #topApart(apart: Float64Array): number {
    return quantile(apart, 0.95);
  }

  /** Some data, noised to the level of the map, always with the same noise. */
  #noised(timestep: number): Float32Array {
    const points = this.store.data?.points ?? new Float32Array(0);
    const { table } = this.#state;
    const [signal, noise] = [table?.signal[timestep] ?? 1, table?.noise[timestep] ?? 0];
    const next = random(3);
    return Float32Array.from({ length: 2 * Math.min(DOTS, points.length / 2) }, (_, i) => signal * points[i]! + noise * normal(next));
  }

  protected override render(): TemplateResult | typeof nothing {
    const { store } = this;
    if (!store?.settings) return nothing;
    const words = this.#words;
    return html`
      <p class="lead">${words.lead}</p>
      ${this.#mixture ? this.#measured(words) : this.#offer(words)}
      <span class="probe"></span>
    `;
  }

  #offer(words: ScoreStrings): TemplateResult {
    const { names } = this.store.text.ui.datasets;
    return html`
      <div class="bar"><div>
        <p>${words.notMixture(this.store.subject)} ${words.switch}</p>
        <div class="sets">
          ${MIXTURES.map((name) => html`<button type="button" @click=${() => void this.store.set("data.dataset", name)}>${names[name]}</button>`)}
        </div>
      </div></div>
    `;
  }

  #measured(words: ScoreStrings): TemplateResult {
    const state = this.#state;
    const { number } = this.store.text;
    const last = timestepsOf(this.store) - 1;
    const t = this.#timestep;
    const word = state.table ? this.common.noise[noiseWord(noiseShare(state.table, t))] : "";
    return html`
      <div class="bar">
        <div class="slider">
          <label for="t">${words.slider}</label>
          <input id="t" type="range" min="0" max=${last} step="1" .value=${String(t)} style="--filled:${(100 * t) / last}%"
            aria-valuetext=${words.sliderValue(number.whole(t), number.whole(last), word)}
            @input=${(event: Event) => this.#move((event.target as HTMLInputElement).valueAsNumber)} />
          <output for="t" class="quiet number">${words.at(number.whole(t), word)}</output>
        </div>
        ${this.liveSwitch(state.live, (on) => ((state.live = on), this.changed("settings")))}
        ${this.status(state.map)}
      </div>
      <div class="both">
        ${state.map.answer?.map ? this.#plots(state.map.answer.map, words) : html`<div></div>`}
        ${state.errors.answer?.errors ? errorCurve(state.errors.answer.errors, t, this.store, words, this.#move) : this.status(state.errors)}
      </div>
    `;
  }

  #plots(map: ScoreMap, words: ScoreStrings): TemplateResult {
    const { number } = this.store.text;
    const digits = (value: number): string => number.significant(value, 2);
    const t = number.whole(this.#state.map.answer!.timestep);
    const apart = distances(map.learned, map.exact);
    const [top, topApart] = [this.#top(map), this.#topApart(apart)];
    const label = (name: (typeof PLOTS)[number]): string => {
      if (name !== "difference") {
        const all = lengths(map[name]);
        return words.describeField(words[name], { t, extent: digits(map.extent), typical: digits(quantile(all, 0.5)), longest: digits(quantile(all, 1)) });
      }
      const worst = apart.indexOf(quantile(apart, 1));
      const place = (i: number): string => number.fixed(-map.extent + (2 * map.extent * i) / (map.grid - 1), 1);
      return words.describeDifference({ t, typical: digits(quantile(apart, 0.5)), largest: digits(apart[worst] ?? 0), x: place(worst % map.grid), y: place(Math.floor(worst / map.grid)) });
    };
    // Half-way along a ramp of square roots stands a quarter.
    const ticks = (end: number, middle: number): TemplateResult => html`<div class="ticks number" aria-hidden="true"><span>${number.whole(0)}</span><span>${digits(end * middle)}</span><span>${words.atLeast(digits(end))}</span></div>`;
    return html`
      <div>
        <div class="plots" tabindex="0" role="group" aria-label=${words.read} @keydown=${this.#keys} @pointermove=${this.#hover} @pointerdown=${this.#hover}
          @pointerleave=${(event: PointerEvent) => event.pointerType === "mouse" && this.#read(null)} @blur=${() => this.#read(null)}>
          ${PLOTS.map(
            (name) => html`<figure>
              <figcaption>${words[name]}</figcaption>
              <canvas role="img" data-plot=${name} aria-label=${label(name)}></canvas>
              <div class="ramp" style="--ramp:${name === "difference" ? viridisGradient : "linear-gradient(to right, var(--plate), var(--data))"}"></div>
              ${name === "difference" ? ticks(topApart, 0.5) : ticks(top, 0.25)}
              <p class="scale">${name === "difference" ? words.differenceScale : words.fieldScale}</p>
            </figure>`,
          )}
        </div>
        <p class="reading quiet number" aria-live=${this.#byKey ? "polite" : "off"}>${this.#point ? this.#values(map, words) : words.hint}</p>
      </div>
    `;
  }

  #values(map: ScoreMap, words: ScoreStrings): string {
    const { number } = this.store.text;
    const [x, y] = this.#point!;
    const field = (vectors: readonly number[]): Field => ({ grid: map.grid, extent: map.extent, vectors });
    const [lx, ly] = valueAt(field(map.learned), x, y);
    const [ex, ey] = valueAt(field(map.exact), x, y);
    const off = Math.hypot(lx - ex, ly - ey);
    const vector = (a: number, b: number): string => `(${number.fixed(a, 2)}, ${number.fixed(b, 2)})`;
    return words.reading({
      x: number.fixed(x, 2), y: number.fixed(y, 2), learned: vector(lx, ly), exact: vector(ex, ey), off: number.significant(off, 2),
      percent: number.significant((100 * off) / Math.max(1e-9, Math.hypot(ex, ey)), 2),
    });
  }
}

customElements.define("unnoise-lab-score", LabScore);

export const scoreTab: LabTab = {
  name: "score",
  tasks: ["points"],
  title: (lang) => scoreTexts(lang).title,
  render: (store) => html`<unnoise-lab-score .store=${store as Store}></unnoise-lab-score>`,
};
