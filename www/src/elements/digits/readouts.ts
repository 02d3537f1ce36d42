/** The live numbers of a run on images. */
import { html, type TemplateResult } from "lit";
import type { DigitsStore } from "../../state/digits-store";
import { base } from "../../styles/base";
import { readoutStyles } from "../../styles/readouts";
import { backendItem } from "../backend-item";
import { StoreElement } from "../store-element";

export class DigitsReadouts extends StoreElement<DigitsStore> {
  static override topics = ["metrics", "clip", "state", "settings"] as const;
  static override styles = [base, readoutStyles];

  #next(): string {
    const { nextSample, playback, running, words, text } = this.store;
    if (!playback.live) return words.readouts.nextHeld;
    if (nextSample === null) return words.readouts.nextNow;
    if (!running) return text.ui.readouts.none;
    return words.readouts.seconds(text.number.whole(Math.max(0, Math.ceil((nextSample - performance.now()) / 1000))));
  }

  protected override render(): TemplateResult {
    const { metrics, settings, text, words, epoch } = this.store;
    const { ui, number } = text;
    const { readouts, memory } = words;
    const { none } = ui.readouts;
    const rate = (metrics?.steps_per_second ?? 0) * Number(settings?.["training.batch_size"] ?? 0);
    const item = (label: string, value: string, kind = "", hint = ""): TemplateResult =>
      html`<div class=${kind} title=${hint}><dt>${label}</dt><dd>${value}</dd></div>`;
    return html`
      <dl aria-label=${ui.readouts.label}>
        ${item(readouts.epoch(number.fixed(epoch, 2)), number.whole(metrics?.step ?? 0), "wide")}
        ${item(ui.readouts.loss, metrics?.loss == null ? none : number.reading(metrics.loss), "", ui.readouts.lossHint)}
        ${item(readouts.rate, rate ? number.whole(rate) : none)}
        ${item(readouts.next, this.#next())}
        ${item(ui.readouts.parameters, metrics ? number.whole(metrics.parameters) : none, "minor")}
        ${item(readouts.memory, metrics?.buffer_bytes ? memory.megabytes(number.whole(metrics.buffer_bytes / 1e6)) : none, "minor")}
        ${backendItem(this.store)}
      </dl>
    `;
  }
}

customElements.define("unnoise-digits-readouts", DigitsReadouts);
