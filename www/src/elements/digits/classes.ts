/** The classes to draw, as toggles. */
import { css, html, type TemplateResult } from "lit";
import { COLUMNS } from "../../state/digits-settings";
import type { DigitsStore } from "../../state/digits-store";
import { base, controls } from "../../styles/base";
import { StoreElement } from "../store-element";

const ALL = "0123456789";

export class DigitsClasses extends StoreElement<DigitsStore> {
  static override topics = ["settings", "data"] as const;
  static override styles = [
    base,
    controls,
    css`
      .top {
        display: flex;
        justify-content: space-between;
        align-items: center;
        margin-bottom: 0.25rem;
      }
      .classes {
        display: grid;
        grid-template-columns: repeat(5, 1fr);
        gap: 0.25rem;
        margin-bottom: 0.5rem;
      }
      .short {
        grid-template-columns: repeat(10, 1fr);
      }
      .classes button {
        min-width: 0;
        padding: 0 0.125rem;
        overflow: hidden;
        font-weight: 550;
        color: var(--ink-2);
      }
      .classes button span {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
        font-size: 0.8125rem;
      }
      .classes [aria-pressed="true"] {
        border-color: var(--ink);
        background: var(--ink);
        color: var(--paper);
      }
      @media (max-width: 40rem) {
        .short {
          grid-template-columns: repeat(5, 1fr);
        }
      }
    `,
  ];

  protected override render(): TemplateResult {
    const { store } = this;
    const { words, settings, classNames, conditioned, phase } = store;
    if (!conditioned) return html`<p class="quiet">${words.sampling.none}</p>`;
    const chosen = String(settings?.["sample.classes"] ?? "");
    const names = classNames.slice(0, COLUMNS);
    const all = names.every((_, label) => chosen.includes(String(label)));
    const short = names.every((name) => name.length <= 2);
    return html`
      <div class="top">
        <span id="label">${words.fields["sample.classes"]}</span>
        <button type="button" class="plain" ?disabled=${phase !== "ready" || all} @click=${() => void store.set("sample.classes", ALL)}>${words.sampling.all}</button>
      </div>
      <div class="classes ${short ? "short" : ""}" role="group" aria-labelledby="label">
        ${names.map(
          (name, label) => html`<button type="button" aria-pressed=${chosen.includes(String(label)) ? "true" : "false"} title=${name} ?disabled=${phase !== "ready"}
            @click=${() => store.toggleClass(label)}><span>${name}</span></button>`,
        )}
      </div>
    `;
  }
}

customElements.define("unnoise-digits-classes", DigitsClasses);
