/** The tab "edit": four ways to change a picture with a model of images. Picture, control and result stand side by side. */
import { css, html, nothing, type TemplateResult } from "lit";
import type { DigitsStore } from "../../state/digits-store";
import { labEditWords } from "../../strings/lab-edit";
import { base, controls } from "../../styles/base";
import { StoreElement } from "../store-element";
import { choice, labControls, labParts } from "./edit-controls";
import { deskOf, MODES, type Desk } from "./edit-desk";
import "./edit-inpaint";
import "./edit-interpolate";
import "./edit-invert";
import "./edit-source";
import { ThemeTones } from "./edit-tones";
import "./edit-vary";
import type { LabTab } from "./tabs";
import { Listening } from "./listening";

export class Edit extends StoreElement<DigitsStore> {
  static override topics = ["state", "settings", "data", "clip"] as const;
  static override styles = [
    base,
    controls,
    labControls,
    labParts,
    css`
      .modes {
        margin-bottom: 0.25rem;
      }
      /* The mode's two parts stand in this grid, beside the picture. */
      .parts > :not(.part) {
        display: contents;
      }
      @media (max-width: 22rem) {
        .modes .segments label {
          padding: 0 0.375rem;
        }
      }
    `,
  ];
  #tones = new ThemeTones(this, () => this.store.dataset !== "own");

  constructor() {
    super();
    new Listening(this, () => this.desk);
  }

  protected override firstUpdated(): void {
    // Now there is an element to read the tones from.
    this.requestUpdate();
  }

  get desk(): Desk {
    return deskOf(this.store);
  }

  #mode(tones: ThemeTones["tones"]): TemplateResult {
    const { desk } = this;
    switch (desk.mode) {
      case "inpaint":
        return html`<unnoise-edit-inpaint .desk=${desk} .tones=${tones}></unnoise-edit-inpaint>`;
      case "vary":
        return html`<unnoise-edit-vary .desk=${desk} .tones=${tones}></unnoise-edit-vary>`;
      case "invert":
        return html`<unnoise-edit-invert .desk=${desk} .tones=${tones}></unnoise-edit-invert>`;
      case "interpolate":
        return html`<unnoise-edit-interpolate .desk=${desk} .tones=${tones}></unnoise-edit-interpolate>`;
    }
  }

  protected override render(): TemplateResult | typeof nothing {
    const { desk } = this;
    const { modes, source } = desk.words;
    const { tones } = this.#tones;
    return html`
      <span class="probe"></span>
      <div class="modes">
        ${choice({
          name: "mode",
          label: modes.label,
          silent: true,
          value: desk.mode,
          options: MODES.map((value) => ({ value, text: modes.names[value] })),
          input: (mode) => desk.setMode(mode),
        })}
      </div>
      <p class="lead">${modes.leads[desk.mode]}</p>
      <div class="parts">
        <section class="part">
          <h3>${source.heading}</h3>
          <unnoise-edit-source .desk=${desk} .tones=${tones}></unnoise-edit-source>
        </section>
        ${this.#mode(tones)}
      </div>
    `;
  }
}

customElements.define("unnoise-edit", Edit);

export const editTab: LabTab = {
  name: "edit",
  tasks: ["digits"],
  title: (lang) => labEditWords(lang).title,
  render: (store) => html`<unnoise-edit .store=${store}></unnoise-edit>`,
};
