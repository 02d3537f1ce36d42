/** The tab "compare": two to four samplers side by side from the same noise, with what each costs. */
import { css, html, nothing, type TemplateResult } from "lit";
import type { Topic } from "../../state/board";
import { FLOW_SAMPLERS, SAMPLERS } from "../../state/honoured";
import type { Store } from "../../state/store";
import { compareWords, type CompareStrings } from "../../strings/lab-compare.en";
import { base, controls } from "../../styles/base";
import { labStyles } from "../../styles/lab";
import type { Drawn } from "../../worker/ask";
import { icons } from "../icons";
import { StoreElement } from "../store-element";
import { evaluationsOf, LEAST_COLUMNS, matched, MOST_COLUMNS, MOST_STEPS, readColumns, writeColumns, type Column } from "./compare-column";
import "./compare-picture";
import { faultOf, Latest } from "./latest";
import type { LabTab } from "./tabs";

const KEY = "view.compare";
const POINTS = 600;
const DIGITS = 20;
const FRAMES = 40;
const PLAY_MS = 2600;
/** With reduced motion, as many stills. */
const STILLS = 8;

/** What came of one column; by sampler and steps, so that it outlives a change of another. */
interface Outcome {
  drawn: Drawn | null;
  quality: number | null;
  fault: string;
  step: number;
}

export class LabCompare extends StoreElement {
  static override topics = ["settings", "state", "metrics", "data"] as const;
  static override styles = [
    base,
    controls,
    labStyles,
    css`
      .table {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 15rem), 1fr));
        gap: 1.5rem;
      }
      .column {
        display: grid;
        gap: 0.5rem;
        align-content: start;
        min-width: 0;
        max-width: 30rem;
      }
      .head {
        display: grid;
        grid-template-columns: minmax(0, 1fr) 4.75rem auto;
        gap: 0.5rem;
        align-items: end;
      }
      .head label {
        display: grid;
        font-size: 0.8125rem;
        line-height: 1.25rem;
        color: var(--ink-2);
      }
      .head label > * {
        color: var(--ink);
        font-size: 0.875rem;
      }
      .head button {
        width: 2rem;
        padding: 0;
      }
      dl {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 0.125rem 1rem;
        font-variant-numeric: tabular-nums;
      }
      dt {
        color: var(--ink-2);
        font-size: 0.8125rem;
      }
      dd {
        text-align: right;
      }
      .first {
        font-size: 1.25rem;
        line-height: 1.75rem;
      }
      dt.first {
        font-size: 0.8125rem;
      }
      [data-busy] unnoise-compare-picture {
        opacity: 0.5;
      }
      .scrub {
        display: grid;
        grid-template-columns: auto auto minmax(0, 1fr) auto;
        align-items: center;
        gap: 0 0.75rem;
        margin: 1rem 0 0;
      }
      .scrub button {
        width: 2.5rem;
        padding: 0;
      }
      .age {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.25rem 1rem;
        margin-top: 0.75rem;
      }
      /* Still side by side on a phone. */
      @media (max-width: 40rem) {
        .table {
          grid-template-columns: repeat(auto-fit, minmax(min(100%, 8.25rem), 1fr));
          gap: 1.5rem 1rem;
        }
        .head {
          grid-template-columns: minmax(0, 1fr) auto;
        }
        .head label:first-child {
          grid-column: 1 / -1;
        }
      }
      @media (pointer: coarse) {
        .head button, .scrub button {
          width: 2.75rem;
        }
      }
    `,
  ];

  #outcomes = new Map<string, Outcome>();
  #asked = "";
  #busy = "";
  #said = "";
  #position = 1;
  #playing = 0;
  #drawing = new Latest();

  get #words(): CompareStrings {
    return compareWords(this.store.text.lang);
  }

  get #columns(): Column[] {
    return readColumns(String(this.store.settings?.[KEY] ?? "ddim:10,heun:5"));
  }

  get #seen(): Outcome[] {
    return this.#columns.flatMap((column) => this.#outcomes.get(nameOf(column)) ?? []);
  }

  override firstUpdated(): void {
    this.#draw();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop();
  }

  protected override changed(topic: Topic): void {
    if (topic === "data") this.#asked = "";
    if (topic !== "metrics") this.#draw();
    this.requestUpdate();
  }

  /** Draws what is not there yet, one column after the other; what was drawn under other settings goes. */
  #draw(again = false): void {
    const { config, store } = { config: this.store.config, store: this.store };
    const options = store.sampleOptions;
    if (!config || !options) return;
    const key = JSON.stringify([config, options]);
    if (again || key !== this.#asked) this.#outcomes.clear();
    this.#asked = key;
    const missing = (): Column | undefined => this.#columns.find((column) => !this.#outcomes.has(nameOf(column)));
    if (!missing()) return;
    this.#drawing.run(async () => {
      for (let column = missing(); column; column = missing()) {
        this.#busy = nameOf(column);
        this.requestUpdate();
        const asked = this.#asked;
        const outcome = await this.#outcome(column);
        if (asked === this.#asked) this.#outcomes.set(nameOf(column), outcome);
      }
      this.#busy = "";
      this.requestUpdate();
    });
  }

  async #outcome({ sampler, steps }: Column): Promise<Outcome> {
    const { store } = this;
    const step = store.metrics?.step ?? 0;
    try {
      const options = store.optionsWith({ "sample.sampler": sampler, "sample.num_inference_steps": steps, "sample.timesteps": "" })!;
      const count = store.task === "points" ? POINTS : Math.min(DIGITS, options.num_samples);
      const drawn = await store.draw({ ...options, num_samples: count, max_frames: FRAMES, labels: options.labels.slice(0, count) });
      const last = drawn.frames.slice((drawn.frameCount - 1) * drawn.count * drawn.dim);
      const quality = store.task === "points" ? await store.ask("quality", last).catch(() => null) : null;
      return { drawn, quality, fault: "", step };
    } catch (error) {
      const { field, message } = faultOf(error);
      return { drawn: null, quality: null, fault: field && store.table.has(field) ? message.replaceAll(field, store.label(field)) : message, step };
    }
  }

  // Columns

  #set(columns: readonly Column[]): void {
    this.#said = "";
    void this.store.set(KEY, writeColumns(columns));
  }

  #change(index: number, change: Partial<Column>): void {
    this.#set(this.#columns.map((column, i) => (i === index ? { ...column, ...change } : column)));
  }

  #steps = (event: Event, index: number): void => {
    const input = event.target as HTMLInputElement;
    const steps = Math.min(MOST_STEPS, Math.max(1, Math.round(input.valueAsNumber) || this.#columns[index]!.steps));
    input.value = String(steps);
    this.#change(index, { steps });
  };

  #known(): readonly string[] {
    return this.store.settings?.["schedule.prediction_type"] === "flow_prediction" ? FLOW_SAMPLERS : SAMPLERS;
  }

  #add = (): void => {
    const columns = this.#columns;
    const other = this.#known().find((name) => columns.every(({ sampler }) => sampler !== name)) ?? "ddim";
    this.#set([...columns, { sampler: other, steps: columns.at(-1)!.steps }]);
  };

  #match = (): void => {
    const columns = matched(this.#columns);
    this.#set(columns);
    this.#said = this.#words.matched(this.store.text.number.whole(Math.max(...columns.map(evaluationsOf))));
    this.requestUpdate();
  };

  // Time

  #scrub = (event: Event): void => {
    this.#stop();
    this.#position = (event.target as HTMLInputElement).valueAsNumber / 1000;
    this.requestUpdate();
  };

  #stop(): void {
    cancelAnimationFrame(this.#playing);
    this.#playing = 0;
  }

  #play = (): void => {
    if (this.#playing) {
      this.#stop();
    } else {
      const begun = performance.now();
      const still = this.store.playback.reducedMotion;
      const turn = (now: number): void => {
        const share = Math.min(1, Math.max(0, (now - begun) / PLAY_MS));
        this.#position = still ? Math.floor(share * STILLS) / STILLS : share;
        this.#playing = share < 1 ? requestAnimationFrame(turn) : 0;
        this.requestUpdate();
      };
      this.#playing = requestAnimationFrame(turn);
    }
    this.requestUpdate();
  };

  // What is shown

  #facts(column: Column, outcome: Outcome | undefined): TemplateResult {
    const words = this.#words;
    const { number } = this.store.text;
    const drawn = outcome?.drawn;
    const calls = drawn?.evaluations ?? evaluationsOf(column);
    const time = drawn ? words.ms(drawn.milliseconds < 10 ? number.fixed(drawn.milliseconds, 1) : number.whole(drawn.milliseconds)) : "–";
    return html`<dl>
      <dt class="first">${words.evaluations}</dt><dd class="first evaluations">${number.whole(calls)}</dd>
      <dt>${words.milliseconds}</dt><dd>${time}</dd>
      ${this.store.task === "points" ? html`<dt>${words.distance}</dt><dd>${outcome?.quality == null ? "–" : number.fixed(outcome.quality, 3)}</dd>` : nothing}
    </dl>`;
  }

  #column = (column: Column, index: number, all: readonly Column[]): TemplateResult => {
    const words = this.#words;
    const { store } = this;
    const { number } = store.text;
    const outcome = this.#outcomes.get(nameOf(column));
    const name = store.choice("sample.sampler", column.sampler);
    const points = store.task === "points" ? ((store as unknown as Store).data?.points ?? null) : null;
    const facts = { count: number.whole(outcome?.drawn?.count ?? 0), sampler: name, steps: number.whole(column.steps), percent: number.whole(100 * this.#position) };
    const known = this.#known();
    const choices = known.includes(column.sampler) ? known : [column.sampler, ...known];
    const busy = this.#busy === nameOf(column);
    return html`<div class="column" role="group" aria-label=${words.column(number.whole(index + 1))} ?data-busy=${!outcome}>
      <div class="head">
        <label>${words.sampler}<select @change=${(event: Event) => this.#change(index, { sampler: (event.target as HTMLSelectElement).value })}>
          ${choices.map((choice) => html`<option value=${choice} ?selected=${choice === column.sampler} .selected=${choice === column.sampler}>${store.choice("sample.sampler", choice)}</option>`)}
        </select></label>
        <label>${words.steps}<input type="number" min="1" max=${MOST_STEPS} .value=${String(column.steps)} @change=${(event: Event) => this.#steps(event, index)} /></label>
        <button type="button" class="plain" title=${words.remove} aria-label=${words.removeOf(name)} ?disabled=${all.length <= LEAST_COLUMNS} @click=${() => this.#set(all.filter((_, i) => i !== index))}>${icons.close}</button>
      </div>
      ${outcome?.fault
        ? html`<p class="fault" role="alert">${outcome.fault}</p>`
        : html`<unnoise-compare-picture .store=${store} .drawn=${outcome?.drawn ?? null} .position=${this.#position} .images=${store.config?.images ?? null} .points=${points}
              label=${store.task === "points" ? words.describePoints(facts) : words.describeDigits(facts)}></unnoise-compare-picture>
            ${outcome ? this.#facts(column, outcome) : html`<p class="quiet" role="status">${busy ? words.drawing : words.waiting}</p>`}`}
    </div>`;
  };

  #age(): TemplateResult | typeof nothing {
    const words = this.#words;
    const { metrics, text } = this.store;
    const seen = this.#seen;
    if (!seen.length || this.#busy) return nothing;
    const step = Math.min(...seen.map((outcome) => outcome.step));
    const now = metrics?.step ?? step;
    return html`<span>${words.drawn(text.number.whole(step))} ${now > step ? words.stale(text.number.whole(now)) : ""}</span>
      ${now > step ? html`<button type="button" @click=${() => this.#draw(true)}>${words.again}</button>` : nothing}`;
  }

  protected override render(): TemplateResult {
    const words = this.#words;
    const columns = this.#columns;
    const { number } = this.store.text;
    const percent = number.whole(100 * this.#position);
    return html`
      <p class="lead">${words.lead}</p>
      <div class="bar">
        <button type="button" ?disabled=${columns.length >= MOST_COLUMNS} @click=${this.#add}>${words.add}</button>
        <button type="button" title=${words.matchHint} @click=${this.#match}>${words.match}</button>
        <p class="quiet" role="status">${this.#said || words.settings}</p>
      </div>
      <div class="table">${columns.map(this.#column)}</div>
      <div class="scrub">
        <button type="button" title=${this.#playing ? words.stop : words.play} aria-label=${this.#playing ? words.stop : words.play} @click=${this.#play}>${this.#playing ? icons.stop : icons.play}</button>
        <span class="quiet" aria-hidden="true">${words.noise}</span>
        <input type="range" min="0" max="1000" step="1" .value=${String(Math.round(1000 * this.#position))} style="--filled:${100 * this.#position}%; --thumb: var(--samples)"
          aria-label=${words.position} aria-valuetext=${words.positionValue(percent)} @input=${this.#scrub} />
        <span class="quiet" aria-hidden="true">${words.data}</span>
      </div>
      <p class="age quiet">${this.#age()}</p>
    `;
  }
}

const nameOf = ({ sampler, steps }: Column): string => `${sampler}:${steps}`;

customElements.define("unnoise-lab-compare", LabCompare);

export const compareTab: LabTab = {
  name: "compare",
  tasks: ["points", "digits"],
  title: (lang) => compareWords(lang).title,
  render: (store) => html`<unnoise-lab-compare .store=${store}></unnoise-lab-compare>`,
};
