/** The live numbers of the run. */
import { html, type TemplateResult } from "lit";
import type { Store } from "../state/store";
import { base } from "../styles/base";
import { readoutStyles } from "../styles/readouts";
import { backendItem } from "./backend-item";
import { StoreElement } from "./store-element";

export class Readouts extends StoreElement<Store> {
  static override topics = ["metrics", "clip", "state"] as const;
  static override styles = [base, readoutStyles];

  protected override render(): TemplateResult {
    const { metrics, playback, text } = this.store;
    const { ui, number } = text;
    const words = ui.readouts;
    const show = (value: number | null | undefined, write: (value: number) => string): string =>
      value === null || value === undefined || !Number.isFinite(value) ? words.none : write(value);
    const item = (label: string, value: string, kind = "", hint = ""): TemplateResult =>
      html`<div class=${kind} title=${hint}><dt>${label}</dt><dd>${value}</dd></div>`;
    return html`
      <dl aria-label=${words.label}>
        ${item(words.step, number.whole(metrics?.step ?? 0), "wide")}
        ${item(words.loss, show(metrics?.loss, (v) => number.reading(v)), "", words.lossHint)}
        ${item(words.quality, show(playback.clip?.quality, (v) => number.reading(v)), "", words.qualityHint)}
        ${item(`${words.speed}, ${words.speedUnit}`, show(metrics?.steps_per_second || null, (v) => (v < 10 ? number.fixed(v, 1) : number.whole(v))))}
        ${item(words.learningRate, show(metrics?.learning_rate, (v) => number.significant(v, 2)), "minor")}
        ${item(words.parameters, show(metrics?.parameters, (v) => number.whole(v)), "minor")}
        ${backendItem(this.store)}
      </dl>
    `;
  }
}

customElements.define("unnoise-readouts", Readouts);
