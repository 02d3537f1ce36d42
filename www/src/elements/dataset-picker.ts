/** The data sets as a group of native radio buttons with small pictures. */
import { css, html, type TemplateResult } from "lit";
import { dots, outline } from "../draw/shapes";
import type { DatasetName } from "../engine-types";
import { DATASETS } from "../state/settings";
import type { Store } from "../state/store";
import { base } from "../styles/base";
import { StoreElement } from "./store-element";

const pictures = new Map(DATASETS.map((name) => [name, dots(outline(name, 150))]));

export class DatasetPicker extends StoreElement<Store> {
  static override topics = ["state", "settings"] as const;
  static override styles = [
    base,
    css`
      .top {
        display: flex;
        flex-wrap: wrap;
        gap: 0 1rem;
        align-items: baseline;
        margin-bottom: 0.25rem;
      }
      .sets {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(3.5rem, 1fr));
        gap: 0.5rem 0.125rem;
      }
      label {
        position: relative;
        display: flex;
        flex-direction: column;
        align-items: center;
        gap: 0.25rem;
        padding: 0.25rem 0 0.375rem;
        border-radius: 3px;
        font-size: 0.75rem;
        line-height: 1rem;
        text-align: center;
        white-space: nowrap;
        letter-spacing: -0.01em;
        color: var(--ink-2);
        cursor: pointer;
      }
      label:hover {
        color: var(--ink);
        background: var(--press);
      }
      input {
        position: absolute;
        inset: 0;
        margin: 0;
        width: 100%;
        height: 100%;
        opacity: 0;
        cursor: pointer;
      }
      label:has(:focus-visible) {
        outline: 2px solid var(--focus);
        outline-offset: 1px;
      }
      svg {
        width: 2.75rem;
        height: 2.75rem;
      }
      path {
        fill: none;
        stroke: currentColor;
        stroke-width: 0.11;
        stroke-linecap: round;
      }
      label::after {
        content: "";
        position: absolute;
        left: 0.625rem;
        right: 0.625rem;
        bottom: 0;
        height: 2px;
      }
      label:has(:checked) {
        color: var(--ink);
      }
      label:has(:checked)::after {
        background: var(--ink);
      }
      .fault {
        color: var(--alarm);
      }
    `,
  ];

  #pick = (event: Event): void => {
    void this.store.set("data.dataset", (event.target as HTMLInputElement).value);
  };

  protected override render(): TemplateResult {
    const { settings, text, faults } = this.store;
    const { datasets } = text.ui;
    const fault = faults.get("data.dataset");
    return html`
      <fieldset ?disabled=${!settings}>
        <legend class="visually-hidden">${datasets.label}</legend>
        <div class="top">
          <span class="heading" aria-hidden="true">${datasets.label}</span>
          <span class="quiet">${datasets.restarts}</span>
        </div>
        <div class="sets">
          ${DATASETS.map(
            (name: DatasetName) => html`
              <label>
                <input type="radio" name="dataset" value=${name} .checked=${settings?.["data.dataset"] === name} @change=${this.#pick} />
                <svg viewBox="-1.6 -1.6 3.2 3.2" aria-hidden="true"><path d=${pictures.get(name)!} /></svg>
                ${datasets.names[name]}
              </label>
            `,
          )}
        </div>
        ${fault ? html`<p class="quiet fault" role="alert">${fault}</p>` : ""}
      </fieldset>
    `;
  }
}

customElements.define("unnoise-dataset-picker", DatasetPicker);
