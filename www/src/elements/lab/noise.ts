/** The tab "Noise bands": the loss where there is little noise, much, and in between. */
import { css, html, nothing, type TemplateResult } from "lit";
import type { RunStore } from "../../state/run-store";
import { noiseTexts, type NoiseStrings } from "../../strings/lab-noise.en";
import { base, controls } from "../../styles/base";
import type { LossBands } from "../../worker/ask";
import { Inquiry, keep } from "./measure/inquiry";
import { noiseShare, noiseWord, predictionOf, scheduleOf, type NoiseWord } from "./measure/levels";
import { Panel, panelStyles } from "./measure/panel";
import type { LabTab } from "./tabs";

const BANDS = 10;
/** Samples per band. */
const COUNT = { points: 512, digits: 64 };
/** Earlier measurements that are still shown. */
const EARLIER = 5;

type Band = LossBands["bands"][number] & { word: NoiseWord };

interface Answer {
  bands: Band[];
  /** What a perfect model would be left with per band; null where nobody knows. */
  least: number[] | null;
  /** The moving average's losses of earlier measurements of this run, oldest first. */
  earlier: number[][];
}

class State {
  live: boolean;
  inquiry: Inquiry<Answer>;

  constructor(store: RunStore) {
    // Images take a moment of every device; points are measured in passing.
    this.live = store.task === "points";
    this.inquiry = new Inquiry(store);
  }
}

const PLACES: Record<NoiseWord, "low" | "middle" | "high"> = { clean: "low", little: "low", half: "middle", mostly: "middle", noise: "high" };

/**
 * The least loss of each band. Where the exact noise is known, the mean squared distance of the prediction from it is the part of the loss
 * that could be learned away (here by Simpson's rule over each band); the rest is what no model can know.
 */
async function leastLosses(store: RunStore, bands: LossBands["bands"]): Promise<number[] | null> {
  if (store.task !== "points" || predictionOf(store) !== "epsilon") return null;
  const exact = await store.ask("score_error", { levels: 2 * bands.length + 1 });
  if (exact?.levels.length !== 2 * bands.length + 1) return null;
  const above = exact.levels.map(({ error }) => error * error);
  return bands.map(({ loss }, i) => Math.max(0, loss - (above[2 * i]! + 4 * above[2 * i + 1]! + above[2 * i + 2]!) / 6));
}

export class LabNoise extends Panel {
  static override styles = [
    base,
    controls,
    panelStyles,
    css`
      table {
        width: 100%;
        max-width: 60rem;
        table-layout: auto;
      }
      th, td {
        padding: 0.1875rem 0.75rem 0.1875rem 0;
        white-space: nowrap;
      }
      th:last-child, td:last-child {
        padding-right: 0;
      }
      tbody th {
        font-weight: 400;
        color: var(--ink);
      }
      thead > tr > * {
        vertical-align: bottom;
      }
      .bars {
        width: 100%;
        min-width: 5rem;
      }
      .key {
        display: inline-block;
        width: 0.75rem;
        height: 0.5rem;
        margin-right: 0.375rem;
        background: var(--samples);
      }
      .key.raw {
        height: 0.25rem;
        margin-bottom: 0.125rem;
        background: var(--data);
      }
      .key.earlier {
        opacity: 0.3;
      }
      .keys {
        display: flex;
        flex-wrap: wrap;
        gap: 0 1.25rem;
      }
      .pair {
        position: relative;
        height: 1.125rem;
      }
      .pair > * {
        position: absolute;
        left: 0;
        border-radius: 0 2px 2px 0;
        width: calc(100% * var(--share));
      }
      .ema, .old {
        top: 0;
        height: 0.6875rem;
        background: var(--samples);
      }
      .old {
        opacity: 0.16;
      }
      .raw {
        top: 0.8125rem;
        height: 0.25rem;
        background: var(--data);
      }
      .pair > .least {
        top: -0.125rem;
        width: 2px;
        height: 0.9375rem;
        border-radius: 0;
        background: var(--ink);
      }
      .key.least {
        width: 2px;
        height: 0.75rem;
        margin-bottom: -0.125rem;
        background: var(--ink);
      }
      .worst > * {
        font-weight: 650;
      }
      .worst-word {
        max-width: 44rem;
        margin-bottom: 1rem;
      }
      @media (max-width: 40rem) {
        th, td {
          padding-right: 0.375rem;
        }
        .bars {
          min-width: 2.75rem;
        }
        .word {
          white-space: normal;
          line-height: 1rem;
        }
        thead th {
          white-space: normal;
        }
        /* The line in the bars stays. */
        table {
          position: relative;
        }
        th.aside, td.aside {
          position: absolute;
          left: 0;
          width: 1px;
          padding: 0;
          overflow: hidden;
          clip-path: inset(50%);
          white-space: nowrap;
        }
      }
    `,
  ];

  get #state(): State {
    return keep(this.store, "noise", () => new State(this.store));
  }

  get #words(): NoiseStrings {
    return noiseTexts(this.store.text.lang);
  }

  protected override get inquiries(): Inquiry<unknown>[] {
    return [this.#state.inquiry];
  }

  protected override get live(): boolean {
    return this.#state.live;
  }

  protected override measure(): void {
    const { store } = this;
    const { inquiry } = this.#state;
    inquiry.ask(async () => {
      const table = await scheduleOf(store);
      const { bands } = await store.ask("loss_bands", { bands: BANDS, count: COUNT[store.task] });
      const last = inquiry.answer;
      const earlier = last && inquiry.step !== store.metrics?.step ? [...last.earlier, last.bands.map(({ loss }) => loss)].slice(-EARLIER) : (last?.earlier ?? []);
      const least = await leastLosses(store, bands);
      return { least, bands: bands.map((band) => ({ ...band, word: noiseWord(noiseShare(table, Math.round((band.from + band.to) / 2))) })), earlier };
    });
  }

  protected override render(): TemplateResult | typeof nothing {
    if (!this.store?.settings) return nothing;
    const words = this.#words;
    const { live, inquiry } = this.#state;
    return html`
      <p class="lead">${words.lead}</p>
      <div class="bar">
        <button type="button" ?disabled=${inquiry.busy || this.store.phase !== "ready"} @click=${() => this.measure()}>${words.now}</button>
        ${this.liveSwitch(live, (on) => ((this.#state.live = on), this.changed("settings")))}
        ${this.status(inquiry)}
      </div>
      ${inquiry.answer ? this.#table(inquiry.answer, words) : nothing}
    `;
  }

  #table({ bands, earlier, least }: Answer, words: NoiseStrings): TemplateResult {
    const { number } = this.store.text;
    const whole = (value: number): string => number.whole(value);
    const worst = bands.reduce((a, b) => (b.loss > a.loss ? b : a));
    const place = PLACES[worst.word];
    const why = words.why[predictionOf(this.store)];
    const top = Math.max(1e-9, ...bands.flatMap(({ loss, loss_raw }) => [loss, loss_raw]), ...earlier.flat());
    const bar = (name: string, value: number): TemplateResult => html`<div class=${name} style="--share:${Math.max(0, Math.min(1, value / top)) || 0}"></div>`;
    const above = (i: number): number => bands[i]!.loss - (least?.[i] ?? 0);
    const farthest = bands.reduce((far, _, i) => (above(i) > above(far) ? i : far), 0);
    const { from, to } = bands[farthest]!;
    return html`
      <p class="worst-word number">
        ${words.where[place](whole(worst.from), whole(worst.to))}${why[place]}
        ${least ? words.farthest({ from: whole(from), to: whole(to), above: number.reading(above(farthest)), least: number.reading(least[farthest]!) }) : nothing}
      </p>
      <p class="keys quiet" aria-hidden="true">
        <span><span class="key"></span>${words.ema}</span><span><span class="key raw"></span>${words.raw}</span>
        ${least ? html`<span><span class="key least"></span>${words.least}</span>` : nothing}
        ${earlier.length ? html`<span><span class="key earlier"></span>${words.earlier}</span>` : nothing}
      </p>
      <table>
        <caption class="visually-hidden">${words.caption}</caption>
        <thead>
          <tr>
            <th scope="col">${words.noise}</th>
            <th scope="col">${words.timesteps}</th>
            <td class="bars"></td>
            <th scope="col">${words.ema}</th>
            <th scope="col">${words.raw}</th>
            ${least ? html`<th scope="col" class="aside">${words.least}</th>` : nothing}
          </tr>
        </thead>
        <tbody>
          ${bands.map(
            (band, i) => html`<tr class=${band === worst ? "worst" : ""}>
              <th scope="row" class="word">${this.common.noise[band.word]}</th>
              <td>${words.range(whole(band.from), whole(band.to))}</td>
              <td class="bars" aria-hidden="true"><div class="pair">${earlier.map((losses) => bar("old", losses[i]!))}${bar("ema", band.loss)}${bar("raw", band.loss_raw)}${least ? html`<div class="least" style="left:${(100 * least[i]!) / top}%"></div>` : nothing}</div></td>
              <td>${number.reading(band.loss)}</td>
              <td>${number.reading(band.loss_raw)}</td>
              ${least ? html`<td class="aside">${number.reading(least[i]!)}</td>` : nothing}
            </tr>`,
          )}
        </tbody>
      </table>
    `;
  }
}

customElements.define("unnoise-lab-noise", LabNoise);

export const noiseTab: LabTab = {
  name: "noise",
  tasks: ["points", "digits"],
  title: (lang) => noiseTexts(lang).title,
  render: (store) => html`<unnoise-lab-noise .store=${store}></unnoise-lab-noise>`,
};
