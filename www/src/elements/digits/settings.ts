/** The settings of the digits task, in groups that say what a change does. */
import { css, html, nothing, type TemplateResult } from "lit";
import type { DigitsStore } from "../../state/digits-store";
import { PANEL } from "../../state/process-settings";
import type { Part } from "../../state/query";
import { CHECKPOINT } from "../../state/run-store";
import { base } from "../../styles/base";
import "../field";
import "../group";
import { shownKeys } from "../more";
import { StoreElement } from "../store-element";
import "../timing";
import "./classes";
import "./files";

export class DigitsSettings extends StoreElement<DigitsStore> {
  static override properties = { ...StoreElement.properties, compact: { type: Boolean } };
  static override topics = ["settings", "state", "data"] as const;
  static override styles = [
    base,
    css`
      :host {
        border-bottom: 1px solid var(--line);
      }
      .memory {
        margin-top: 0.25rem;
      }
    `,
  ];

  /** On narrow screens groups begin folded. */
  declare compact: boolean;

  #field = (key: string): TemplateResult => html`<unnoise-field .store=${this.store} key=${key} data-key=${key}></unnoise-field>`;

  /** What the run takes, beside what the device counted. */
  #memory(): TemplateResult | typeof nothing {
    const { plan, metrics, words, text } = this.store;
    if (!plan) return nothing;
    const { memory } = words;
    const mb = (bytes: number): string => memory.megabytes(text.number.whole(bytes / 1e6));
    const parts = [
      memory.parameters(text.number.whole(plan.parameters)),
      memory.plan(mb(plan.training_bytes + plan.sampling_bytes), mb(plan.training_bytes), mb(plan.sampling_bytes)),
      metrics?.buffer_bytes ? memory.measured(mb(metrics.buffer_bytes)) : "",
      memory.largest(text.number.whole(plan.largest_batch)),
    ];
    return html`<p class="memory quiet number" id="memory">${parts.filter(Boolean).join(" ")}</p>`;
  }

  #more(keys: readonly string[]): TemplateResult {
    return html`<unnoise-more .store=${this.store} .keys=${keys}></unnoise-more>`;
  }

  #group(part: Part, heading: string, hint: string, keys: readonly string[], open: boolean, more: unknown = nothing): TemplateResult | typeof nothing {
    const { store } = this;
    if (store.view.hide.has(part)) return nothing;
    return html`<unnoise-group heading=${heading} hint=${hint} ?open=${open || keys.some((key) => store.faults.has(key))}>${shownKeys(store, keys).map(this.#field)}${more}</unnoise-group>`;
  }

  protected override render(): TemplateResult {
    const { store } = this;
    const { settings, words, text, dataset, conditioned } = store;
    const { groups, sampling } = words;
    const common = text.ui.groups;
    const guided = settings?.["images.conditioning"] === "embedding";
    const wide = !this.compact;
    const guides = guided && conditioned;
    const samplingKeys = [...(guides ? ["sample.guidance_scale"] : []), ...PANEL.sampler, "sample.num_samples", "sample.weights"];
    const moreSampling = [...(guides ? PANEL.moreGuidance : []), ...PANEL.moreSampler];
    const moreNoise = [...PANEL.moreSchedule, "images.label_dropout", "images.scale"];
    return html`
      ${this.#group("training", common.live, common.liveHint, ["training.learning_rate"], true)}
      ${store.view.hide.has("sampling")
        ? nothing
        : html`<unnoise-group heading=${groups.sampling} hint=${groups.samplingHint} ?open=${wide || [...samplingKeys, ...moreSampling].some((key) => store.faults.has(key))}>
            <unnoise-digits-classes .store=${store}></unnoise-digits-classes>
            ${shownKeys(store, samplingKeys).map(this.#field)}
            ${guided ? html`<p class="quiet">${sampling.guidance}</p>` : nothing}
            ${this.#more(moreSampling)}
          </unnoise-group>`}
      ${this.#group(
        "model",
        groups.model,
        groups.modelHint,
        ["preset", "training.batch_size", "images.conditioning", ...(dataset === "own" ? ["images.channels"] : [])],
        wide,
        this.#memory(),
      )}
      ${this.#group("model", groups.noise, "", PANEL.schedule, moreNoise.some((key) => store.faults.has(key)), this.#more(moreNoise))}
      ${this.#group("model", groups.advanced, "", ["training.weight_decay", "training.ema_decay", "seed"], false)}
      ${this.#group("view", common.view, "", ["view.speed"], false)}
      ${this.#group("timing", common.timing, "", [], false, html`<unnoise-timing .store=${store}></unnoise-timing>`)}
      ${this.#group("files", common.files, "", [], wide || store.faults.has(CHECKPOINT), html`<unnoise-digits-files .store=${store}></unnoise-digits-files>`)}
    `;
  }
}

customElements.define("unnoise-digits-settings", DigitsSettings);
