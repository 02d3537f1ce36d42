/** How far the learned score is from the exact one at each noise level, as a curve that also chooses the level. */
import { html, type TemplateResult } from "lit";
import type { RunStore } from "../../state/run-store";
import { measureTexts } from "../../strings/lab-measure.en";
import type { ScoreStrings } from "../../strings/lab-score.en";
import type { ScoreErrors } from "../../worker/ask";
import "./measure/chart";
import type { Chart } from "./measure/chart";

/** `here` is the timestep that is shown; `pick` takes another. */
export function errorCurve({ levels }: ScoreErrors, here: number, store: RunStore, words: ScoreStrings, pick: (timestep: number) => void): TemplateResult {
  const { number, lang } = store.text;
  const common = measureTexts(lang);
  const shares = levels.map(({ error, exact }) => (100 * error) / Math.max(1e-9, exact));
  const percent = (value: number): string => words.percent(number.significant(value, 2));
  const t = (value: number): string => number.whole(value);
  const [low, high] = [Math.min(...shares), Math.max(...shares)];
  const at = (value: number): string => t(levels[shares.indexOf(value)]?.timestep ?? 0);
  const chart: Chart = {
    x: levels.map(({ timestep }) => timestep),
    lines: [{ name: words.curveLine, values: shares, colour: "samples", dots: true }],
    logY: true,
    mark: here,
    height: 224,
    words: {
      label: words.describeCurve({ low: percent(low), lowT: at(low), high: percent(high), highT: at(high) }),
      x: common.timestep, y: words.curveLine, hint: words.curveHint, table: common.table, formatX: t, formatY: percent,
    },
  };
  return html`
    <section>
      <h3>${words.curve}</h3>
      <p class="quiet">${words.curveAbout}</p>
      <unnoise-lab-chart .chart=${chart} @pick=${(event: CustomEvent<number>) => pick(event.detail)}></unnoise-lab-chart>
      <p class="number summary">${words.summary(t(here), number.significant(between(levels.map(({ timestep }) => timestep), shares, here), 2))}</p>
    </section>
  `;
}

/** A value between those of two levels, by factors. */
function between(timesteps: number[], values: number[], t: number): number {
  const after = Math.min(timesteps.length - 1, Math.max(1, timesteps.findIndex((timestep) => timestep >= t)));
  const [a, b] = [timesteps[after - 1]!, timesteps[after]!];
  const share = Math.min(1, Math.max(0, (t - a) / (b - a)));
  return values[after - 1]! ** (1 - share) * values[after]! ** share;
}
