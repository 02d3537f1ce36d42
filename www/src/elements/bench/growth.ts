/** `<unnoise-bench-growth>`: time of a step along an axis, on logarithmic axes. */
import { html, type TemplateResult } from "lit";
import { reading } from "../../bench/names";
import type { BenchGrowth } from "../../engine-types";
import { base } from "../../styles/base";
import { benchStyles } from "../../styles/bench";
import "../lab/measure/chart";
import type { Chart } from "../lab/measure/chart";
import { BenchElement } from "./element";

export class BenchGrowthPlot extends BenchElement {
  static override properties = { growth: { attribute: false } };
  static override styles = [base, benchStyles];
  declare growth: BenchGrowth;

  protected override render(): TemplateResult {
    const { growth: words } = this.words;
    const { number } = this.text;
    const { axis, points, slope, slope_of_operations, slope_at_end, left_out } = this.growth;
    const fixed = (value: number): string => number.fixed(value, 2);
    const title = `${words.axes[axis]}: ${words.model[axis]}`;
    const chart: Chart = {
      x: points.map((point) => point.at),
      lines: [{ name: words.time, values: points.map((point) => point.step.median), colour: "samples", dots: true }],
      logX: true,
      logY: true,
      height: 240,
      words: {
        label: `${words.title}: ${title}`,
        x: words.axes[axis],
        y: words.time,
        hint: words.hint,
        table: words.table,
        formatX: (value) => number.whole(value),
        formatY: (value) => reading(number, value),
      },
    };
    return html`<div class="growth">
      <p>${title}</p>
      <unnoise-lab-chart .chart=${chart}></unnoise-lab-chart>
      <p class="quiet">
        ${words.slope(fixed(slope), fixed(slope_of_operations), fixed(slope_at_end))} ${left_out === null ? "" : words.stopped(number.whole(left_out))}
      </p>
    </div>`;
  }
}

customElements.define("unnoise-bench-growth", BenchGrowthPlot);
