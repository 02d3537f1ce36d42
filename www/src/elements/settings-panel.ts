/** The settings in groups that say what a change does: nothing to the run, or a new model. */
import { css, html, nothing, type TemplateResult } from "lit";
import type { Part } from "../state/query";
import { PANEL } from "../state/process-settings";
import { CHECKPOINT } from "../state/run-store";
import { base } from "../styles/base";
import "./field";
import "./files";
import "./group";
import { shownKeys } from "./more";
import "./timing";
import { StoreElement } from "./store-element";

interface GroupSpec {
  part: Part;
  heading: string;
  hint: string;
  keys: readonly string[];
  /** Folded away inside the group. */
  more?: readonly string[];
  open: boolean;
}

export class SettingsPanel extends StoreElement {
  static override properties = { ...StoreElement.properties, compact: { type: Boolean } };
  static override topics = ["settings", "state"] as const;
  static override styles = [
    base,
    css`
      :host {
        border-bottom: 1px solid var(--line);
      }
    `,
  ];

  /** On narrow screens groups begin folded. */
  declare compact: boolean;

  #groups(): GroupSpec[] {
    const { groups } = this.store.text.ui;
    const { settings } = this.store;
    const cosine = settings?.["training.lr_schedule"] === "cosine";
    const wide = !this.compact;
    return [
      { part: "training", heading: groups.live, hint: groups.liveHint, keys: ["training.learning_rate"], open: true },
      { part: "training", heading: groups.restart, hint: groups.restartHint, keys: ["training.batch_size", ...PANEL.schedule, "seed"], more: ["model.class_conditioning", "model.label_dropout", ...PANEL.moreSchedule, "data.scale"], open: wide },
      {
        part: "sampling",
        heading: groups.sampling,
        hint: groups.samplingHint,
        keys: ["sample.guidance_scale", ...PANEL.sampler, "sample.num_samples", "sample.weights"],
        more: [...(settings?.["model.class_conditioning"] === true ? PANEL.moreGuidance : []), ...PANEL.moreSampler],
        open: wide,
      },
      {
        part: "model",
        heading: groups.advanced,
        hint: groups.advancedHint,
        keys: [
          "model.width",
          "model.hidden_layers",
          "model.activation",
          "model.time_embedding",
          "training.lr_schedule",
          ...(cosine ? ["training.total_steps"] : []),
          "training.weight_decay",
          "training.ema_decay",
        ],
        open: false,
      },
      { part: "view", heading: groups.view, hint: "", keys: ["view.speed", "view.paths"], open: false },
    ];
  }

  protected override render(): TemplateResult {
    const { store } = this;
    const { hide } = store.view;
    return html`
      ${this.#groups().map(({ part, heading, hint, keys, more, open }) =>
        hide.has(part)
          ? nothing
          : html`<unnoise-group heading=${heading} hint=${hint} ?open=${open || [...keys, ...(more ?? [])].some((key) => store.faults.has(key))}>
              ${shownKeys(store, keys).map((key) => html`<unnoise-field .store=${store} key=${key} data-key=${key}></unnoise-field>`)}
              ${more ? html`<unnoise-more .store=${store} .keys=${more}></unnoise-more>` : nothing}
            </unnoise-group>`,
      )}
      ${hide.has("timing")
        ? nothing
        : html`<unnoise-group heading=${store.text.ui.groups.timing}><unnoise-timing .store=${store}></unnoise-timing></unnoise-group>`}
      ${hide.has("files")
        ? nothing
        : html`<unnoise-group heading=${store.text.ui.groups.files} ?open=${!this.compact || store.faults.has(CHECKPOINT)}>
            <unnoise-files .store=${store}></unnoise-files>
          </unnoise-group>`}
    `;
  }
}

customElements.define("unnoise-settings", SettingsPanel);
