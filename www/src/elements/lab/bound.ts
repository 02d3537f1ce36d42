/** The tab "Bits per dimension": the variational bound term by term, and for points the likelihood itself. */
import { css, html, nothing, type TemplateResult } from "lit";
import { boundTexts, type BoundStrings } from "../../strings/lab-bound.en";
import { base, controls } from "../../styles/base";
import type { Likelihood } from "../../worker/ask";
import { BOUND, FLOW, TERM } from "./bound-formulas";
import { BoundState, type Bound, type Counted, type Measured } from "./bound-state";
import "./measure/chart";
import { keep, type Inquiry } from "./measure/inquiry";
import { Panel, panelStyles } from "./measure/panel";
import type { LabTab } from "./tabs";

type Part = "bound" | "likelihood";

export class LabBound extends Panel {
  static override styles = [
    base,
    controls,
    panelStyles,
    css`
      .both {
        display: grid;
        gap: 2rem 3rem;
        margin-top: 1rem;
      }
      section {
        min-width: 0;
      }
      math {
        margin: 0.75rem 0;
        font-size: 1rem;
        text-align: left;
      }
      form {
        display: flex;
        flex-wrap: wrap;
        align-items: end;
        gap: 0.5rem 1rem;
        margin: 0.75rem 0;
      }
      form label {
        display: block;
        font-size: 0.8125rem;
        color: var(--ink-2);
      }
      input[type="number"] {
        width: 6.5rem;
      }
      progress {
        appearance: none;
        -webkit-appearance: none;
        display: block;
        width: 100%;
        max-width: 24rem;
        height: 3px;
        border: 0;
        background: var(--line);
      }
      progress::-webkit-progress-bar {
        background: var(--line);
      }
      progress::-webkit-progress-value {
        background: var(--ink);
      }
      progress::-moz-progress-bar {
        background: var(--ink);
      }
      .under {
        min-height: 2rem;
      }
      dl {
        display: grid;
        grid-template-columns: auto auto minmax(0, 1fr);
        align-items: baseline;
        gap: 0.25rem 1rem;
        margin: 0.75rem 0;
        font-variant-numeric: tabular-nums;
      }
      dl > div {
        display: contents;
      }
      dd {
        text-align: right;
        white-space: nowrap;
      }
      dd.about {
        text-align: left;
        white-space: normal;
        line-height: 1.25rem;
      }
      .total > dt, .total > dd {
        font-weight: 650;
      }
      .total > dd.about {
        font-weight: 400;
      }
      .big {
        font-size: 1.25rem;
      }
      .big .quiet {
        font-weight: 400;
      }
      .chart-top {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        gap: 0 1rem;
      }
      .chart-top label {
        display: flex;
        align-items: center;
        gap: 0.5rem;
        font-size: 0.8125rem;
        cursor: pointer;
      }
      .chart-top input {
        width: 1rem;
        height: 1rem;
        margin: 0;
        accent-color: var(--ink);
      }
      @media (max-width: 40rem) {
        math {
          font-size: 0.8125rem;
        }
        dl {
          grid-template-columns: auto 1fr;
        }
        dd.about {
          grid-column: 1 / -1;
          margin-bottom: 0.5rem;
        }
      }
      @media (pointer: coarse) {
        .chart-top label {
          min-height: 2.75rem;
        }
      }
      @media (min-width: 62rem) {
        .both.two {
          grid-template-columns: minmax(0, 1.15fr) minmax(0, 1fr);
        }
        .both:not(.two) section {
          max-width: 46rem;
        }
      }
    `,
  ];

  get #state(): BoundState {
    return keep(this.store, "bound", () => new BoundState(this.store));
  }

  get #words(): BoundStrings {
    return boundTexts(this.store.text.lang);
  }

  protected override get inquiries(): Inquiry<unknown>[] {
    return [this.#state.bound.inquiry, this.#state.likelihood.inquiry];
  }

  /** It takes its time, so it waits for a click. */
  protected override get eager(): boolean {
    return false;
  }

  protected override measure(): void {}

  protected override render(): TemplateResult | typeof nothing {
    if (!this.store?.settings) return nothing;
    const words = this.#words;
    const points = this.store.task === "points";
    return html`
      <p class="lead">${points ? words.lead : words.leadDigits}</p>
      <div class="both ${points ? "two" : ""}">
        <section data-part="bound">
          <h3>${words.bound.title}</h3>
          <p class="quiet">${words.bound.about}</p>
          ${BOUND}${TERM}
          ${this.#form("bound", this.#state.bound, words.fields.terms)}
          ${this.#state.bound.inquiry.answer ? this.#bound(this.#state.bound.inquiry.answer, words) : nothing}
        </section>
        ${points
          ? html`<section data-part="likelihood">
              <h3>${words.likelihood.title}</h3>
              <p class="quiet">${words.likelihood.about}</p>
              ${FLOW}
              ${this.#form("likelihood", this.#state.likelihood, words.fields.steps)}
              ${this.#state.likelihood.inquiry.answer ? this.#likelihood(this.#state.likelihood.inquiry.answer, words) : nothing}
            </section>`
          : nothing}
      </div>
    `;
  }

  #form<Result, Raw>(part: Part, counted: Counted<Result, Raw>, fine: string): TemplateResult {
    const words = this.#words;
    const { inquiry } = counted;
    const { number } = this.store.text;
    const submit = (event: Event): void => {
      event.preventDefault();
      counted.measure();
    };
    // The engine names the field that it refuses, perhaps with its question before it.
    const blamed = inquiry.fault?.field?.split(".").at(-1);
    const field = (name: "count" | "fineness", label: string, engine: string): TemplateResult => html`<div>
      <label for="${part}-${name}">${label}</label>
      <input id="${part}-${name}" type="number" inputmode="numeric" step="1" .value=${String(counted[name])} aria-invalid=${blamed === engine ? "true" : "false"}
        aria-describedby=${blamed === engine ? `${part}-fault` : nothing}
        @input=${(event: Event) => (counted[name] = Math.round(Number((event.target as HTMLInputElement).value)))} />
    </div>`;
    return html`
      <form novalidate @submit=${submit}>
        ${field("count", words.fields.samples, "count")} ${field("fineness", fine, part === "bound" ? "terms" : "steps")}
        ${inquiry.busy
          ? html`<button type="button" @click=${() => inquiry.cancel()}>${this.common.cancel}</button>`
          : html`<button type="submit" ?disabled=${this.store.phase !== "ready"}>${words.measure}</button>`}
      </form>
      ${inquiry.fault ? html`<p class="fault" id="${part}-fault" role="alert">${this.common.fault(inquiry.fault.message)}</p>` : nothing}
      <div class="under">
        ${inquiry.busy
          ? html`<progress max=${counted.wanted} value=${counted.done} aria-label=${words[part].title}></progress>
              <p class="quiet number">${words.progress(number.whole(counted.done), number.whole(counted.wanted))}</p>`
          : inquiry.answer
            ? html`<p class="quiet number">${this.#basis(inquiry.answer, words)}</p>`
            : nothing}
      </div>
    `;
  }

  /** Over how many samples, of which model. */
  #basis({ count, wanted, from, to }: Measured<unknown>, words: BoundStrings): string {
    const whole = (value: number): string => this.store.text.number.whole(value);
    const over = count < wanted ? words.stopped(whole(count), whole(wanted)) : words.over(whole(count));
    return `${over}; ${from === to ? words.ofStep(whole(to)) : words.ofSteps(whole(from), whole(to))}.`;
  }

  #line(name: string, value: number, about: string, { total = false, error = null }: { total?: boolean; error?: number | null } = {}): TemplateResult {
    const { number } = this.store.text;
    return html`<div class=${total ? "total" : ""}>
      <dt>${name}</dt>
      <dd class=${total ? "big" : ""}>${number.reading(value).replace("-", "−")}${error === null ? nothing : html` <span class="quiet">${this.#words.plusMinus(number.significant(error, 2))}</span>`}</dd>
      <dd class="about quiet">${about}</dd>
    </div>`;
  }

  #bound({ result }: Measured<Bound>, words: BoundStrings): TemplateResult {
    const { number } = this.store.text;
    const { bound } = words;
    const terms = result.terms.reduce((sum, { bits }) => sum + bits, 0);
    const highest = result.terms.reduce((a, b) => (b.bits > a.bits ? b : a));
    const t = (value: number): string => number.whole(value);
    const bits = (value: number): string => number.significant(value, 2);
    const logarithmic = this.#state.logarithmic;
    // Where the running sum passes half.
    let sum = 0;
    const half = result.terms.find((term) => (sum += term.bits) >= terms / 2) ?? highest;
    const last = this.store.config?.schedule.num_train_timesteps ?? 1000;
    const chart = {
      x: result.terms.map(({ timestep }) => timestep),
      lines: [{ name: bound.line, values: result.terms.map((term) => term.bits), colour: "samples", dots: result.terms.length <= 60 }],
      logX: logarithmic,
      logY: logarithmic,
      words: {
        label: bound.describe({ highest: bits(highest.bits), at: t(highest.timestep), count: t(result.terms.length) }),
        x: this.common.timestep, y: bound.line, hint: bound.hint, table: this.common.table, formatX: t, formatY: bits,
      },
    };
    return html`
      <dl>
        ${this.#line(bound.total, result.total, words.perDim, { total: true, error: result.standard_error })}
        ${this.#line(bound.prior, result.prior, bound.priorAbout)}
        ${this.#line(bound.terms, terms, bound.termsAbout)}
        ${this.#line(bound.decoder, result.decoder, this.store.task === "points" ? bound.decoderAbout : bound.decoderAboutDigits)}
      </dl>
      <div class="chart-top">
        <h3>${bound.chart}</h3>
        <label><input type="checkbox" .checked=${logarithmic} @change=${this.#axes} />${bound.log}</label>
      </div>
      <p class="quiet">${bound.chartAbout(t(result.terms.length))}</p>
      <unnoise-lab-chart .chart=${chart}></unnoise-lab-chart>
      <p class="number">${bound.share(number.significant((100 * half.timestep) / last, 2), t(half.timestep))}</p>
    `;
  }

  #axes = (event: Event): void => {
    this.#state.logarithmic = (event.target as HTMLInputElement).checked;
    this.requestUpdate();
  };

  #likelihood({ result }: Measured<Likelihood>, words: BoundStrings): TemplateResult {
    const { likelihood } = words;
    const { bits_per_dim, standard_error, exact_bits_per_dim: exact } = result;
    return html`
      <dl>
        ${this.#line(likelihood.model, bits_per_dim, words.perDim, { total: true, error: standard_error })}
        ${exact === null ? nothing : html`${this.#line(likelihood.exact, exact, likelihood.exactAbout)}${this.#line(likelihood.gap, bits_per_dim - exact, likelihood.gapAbout)}`}
      </dl>
      <p class="quiet">${exact === null ? likelihood.noExact : likelihood.level}</p>
    `;
  }
}

customElements.define("unnoise-lab-bound", LabBound);

export const boundTab: LabTab = {
  name: "bound",
  tasks: ["points", "digits"],
  title: (lang) => boundTexts(lang).title,
  render: (store) => html`<unnoise-lab-bound .store=${store}></unnoise-lab-bound>`,
};
