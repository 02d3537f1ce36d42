/** `<unnoise-bench-results>`: what was measured on one backend so far. */
import { html, nothing, type TemplateResult } from "lit";
import type { Measured } from "../../bench/measure";
import { caseName, reading, rowOf, type RowValues } from "../../bench/names";
import type { BenchOutcome } from "../../engine-types";
import { base } from "../../styles/base";
import { benchStyles } from "../../styles/bench";
import { BenchElement } from "./element";
import "./growth";
import "./step";

const COLUMNS = 7;

export class BenchResults extends BenchElement {
  static override properties = { measured: { attribute: false } };
  static override styles = [base, benchStyles];
  declare measured: Measured;

  protected override render(): TemplateResult {
    const words = this.words;
    const { backend, adapter, fault, outcomes } = this.measured;
    const trainings = outcomes.filter((outcome) => outcome.kind === "training");
    const growths = outcomes.filter((outcome) => outcome.kind === "growth");
    return html`<section aria-labelledby="name">
      <h2 id="name">${words.backend[backend]}${adapter ? html` <span class="unit">${adapter.name.replace(/^CPU /, "")}</span>` : nothing}</h2>
      ${adapter?.kind === "software_gpu" ? html`<p class="quiet">${words.software}</p>` : nothing} ${this.#peaks()}
      ${outcomes.some((outcome) => outcome.kind !== "growth") ? this.#table() : nothing}
      ${fault ? html`<p class="quiet">${fault.kind === "no_adapter" ? words.noWebgpu : words.failed(fault.message)}</p>` : nothing}
      ${trainings.length > 0 ? html`<h3>${words.step.title}</h3>` : nothing}
      ${trainings.map((training) => html`<unnoise-bench-step .training=${training} .lang=${this.lang}></unnoise-bench-step>`)}
      ${growths.length > 0 ? html`<h3>${words.growth.title}</h3>` : nothing}
      ${growths.map((growth) => html`<unnoise-bench-growth .growth=${growth} .lang=${this.lang}></unnoise-bench-growth>`)}
    </section>`;
  }

  #peaks(): TemplateResult | typeof nothing {
    const { peaks } = this.measured;
    const [words, { number }] = [this.words, this.text];
    if (!peaks) return nothing;
    const peak = (what: string, value: number, unit: string): TemplateResult =>
      html`<div><dt>${what}</dt><dd>${reading(number, value)} <small>${unit}</small></dd></div>`;
    return html`<dl class="peaks">
      ${peak(words.arithmetic, peaks.gflops, words.gflops)} ${peak(words.bandwidth, peaks.gigabytes_per_second, words.gigabytes)}
    </dl>`;
  }

  #table(): TemplateResult {
    const words = this.words;
    const { column } = words;
    const heads = [column.what, column.speed, column.each, column.least, column.rate, column.peak, column.host];
    return html`<div class="scroll" role="region" tabindex="0" aria-label="${words.backend[this.measured.backend]}: ${words.caption}">
      <table>
        <caption>${words.caption}</caption>
        <thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
        <tbody>${this.measured.outcomes.map((outcome) => this.#row(outcome))}</tbody>
      </table>
    </div>`;
  }

  #row(outcome: BenchOutcome): TemplateResult | typeof nothing {
    const [words, { number }] = [this.words, this.text];
    if (outcome.kind === "skipped") {
      const said = words.skipped(number.whole(outcome.expected), number.whole(outcome.limit));
      return html`<tr><th scope="row">${caseName(outcome.name, words, number)}</th><td class="left" colspan=${COLUMNS - 1}>${said}</td></tr>`;
    }
    const row = rowOf(outcome, words, number);
    return row ? this.#values(row) : nothing;
  }

  #values({ name, perSecond, unit, timing, gflops, ofPeak, host }: RowValues): TemplateResult {
    const [words, { number }] = [this.words, this.text];
    const ms = (value: number): TemplateResult => html`${reading(number, value)} <span class="unit">${words.ms}</span>`;
    return html`<tr>
      <th scope="row">${name}</th>
      <td>${reading(number, perSecond)} <span class="unit">${words.perSecond[unit]}</span></td>
      <td title=${words.repeats(number.whole(timing.repeats), number.whole(timing.each))}>${ms(timing.median)}</td>
      <td>${ms(timing.least)}</td>
      <td>${reading(number, gflops)}</td>
      <td>${ofPeak === null ? "" : number.percent(ofPeak)}</td>
      <td>${host === null ? "" : ms(host)}</td>
    </tr>`;
  }
}

customElements.define("unnoise-bench-results", BenchResults);
