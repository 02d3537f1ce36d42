/** `<unnoise-bench-step>`: what one training step consists of, folded away until it is asked for. */
import { html, nothing, type TemplateResult } from "lit";
import { caseName, reading } from "../../bench/names";
import type { BenchTraining, KernelShare } from "../../engine-types";
import { base } from "../../styles/base";
import { benchStyles } from "../../styles/bench";
import { BenchElement } from "./element";

/** Rows of the table; what follows takes little of the time. */
const KERNELS = 20;

export class BenchStep extends BenchElement {
  static override properties = { training: { attribute: false } };
  static override styles = [base, benchStyles];
  declare training: BenchTraining;

  protected override render(): TemplateResult {
    const { name, batch, kernels } = this.training;
    return html`<details>
      <summary>${caseName(name, this.words, this.text.number, batch)}</summary>
      ${this.#facts()} ${kernels.length > 0 ? this.#kernels() : html`<p class="quiet">${this.words.step.noClock}</p>`}
    </details>`;
  }

  #facts(): TemplateResult {
    const { parameters, load, cost, tuning } = this.training;
    const [words, { number }] = [this.words, this.text];
    const { step, ms } = words;
    const facts: [string, string][] = [
      [step.parameters, number.whole(parameters)],
      [step.launches, number.whole(cost.launches)],
      [step.pipelines, number.whole(cost.pipelines)],
      [step.load, `${reading(number, load)} ${ms}`],
      [step.work, `${reading(number, cost.operations * 1e-9)} ${step.gflop}`],
      [step.moved, `${reading(number, cost.bytes * 1e-6)} ${step.megabytes}, ${step.ratio(number.fixed(cost.ratio, 2))}`],
      [step.intensity, reading(number, cost.operations / Math.max(1, cost.bytes))],
      ...(tuning ? [[step.tuned, step.tuning(number.whole(tuning.kernels), number.whole(tuning.milliseconds), reading(number, tuning.before))] as [string, string]] : []),
      ...cost.predictions.map((p): [string, string] => [step.predicted(p.device), `${reading(number, p.milliseconds)} ${ms}`]),
    ];
    return html`<dl class="facts">${facts.map(([what, value]) => html`<div><dt>${what}</dt><dd>${value}</dd></div>`)}</dl>`;
  }

  #kernels(): TemplateResult {
    const { step, ms, gflops, gigabytes } = this.words;
    const { number } = this.text;
    const { kernels } = this.training;
    const rest = kernels.slice(KERNELS);
    const share = rest.reduce((sum, kernel) => sum + kernel.share, 0);
    const heads = [step.kernel, step.shape, step.times, `${step.time}, ${ms}`, step.share, gflops, step.ofArithmetic, gigabytes, step.ofBandwidth];
    return html`<div class="scroll" role="region" tabindex="0" aria-label=${step.kernels}>
        <table>
          <caption>${step.kernels}</caption>
          <thead><tr>${heads.map((head) => html`<th scope="col" class=${head === step.shape ? "left" : ""}>${head}</th>`)}</tr></thead>
          <tbody>${kernels.slice(0, KERNELS).map((kernel) => this.#kernel(kernel))}</tbody>
        </table>
      </div>
      ${rest.length > 0 ? html`<p class="quiet">${step.rest(number.whole(rest.length), number.percent(share))}</p>` : nothing}`;
  }

  #kernel(k: KernelShare): TemplateResult {
    const { number } = this.text;
    const share = Math.round(1000 * k.share) / 10;
    return html`<tr>
      <th scope="row"><code>${k.kernel}</code></th>
      <td class="left"><code>${k.shape}</code></td>
      <td>${number.whole(k.launches)}</td>
      <td>${reading(number, k.milliseconds)}</td>
      <td class="share">${number.fixed(share, 1)} %<i style="width:${share}%"></i></td>
      <td>${k.gflops > 0 ? reading(number, k.gflops) : ""}</td>
      <td>${k.gflops > 0 ? number.percent(k.of_arithmetic) : ""}</td>
      <td>${k.gigabytes_per_second > 0 ? reading(number, k.gigabytes_per_second) : ""}</td>
      <td>${k.gigabytes_per_second > 0 ? number.percent(k.of_bandwidth) : ""}</td>
    </tr>`;
  }
}

customElements.define("unnoise-bench-step", BenchStep);
