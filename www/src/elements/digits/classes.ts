/** The classes to draw, as toggles. */
import { css, html, nothing, type TemplateResult } from "lit";
import { shownClasses, typedClasses, writeClasses } from "../../state/class-list";
import type { DigitsStore } from "../../state/digits-store";
import { base, controls } from "../../styles/base";
import { StoreElement } from "../store-element";

/** More classes than this are chosen by a list of numbers instead of toggles. */
const TOGGLES = 10;

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
      #list {
        width: 100%;
        min-height: 2rem;
        padding: 0.25rem 0.5rem;
        border: 1px solid var(--edge);
        border-radius: 3px;
        background: var(--plate);
        font-variant-numeric: tabular-nums;
      }
      #list:hover {
        border-color: var(--ink);
      }
      .fault {
        margin: 0.25rem 0;
        padding: 0.25rem 0.75rem;
        border-left: 2px solid var(--alarm);
        background: var(--alarm-wash);
        color: var(--alarm);
      }
      #hint {
        margin: 0.25rem 0;
      }
      details {
        margin-bottom: 0.5rem;
        overflow-wrap: anywhere;
      }
      summary {
        cursor: pointer;
      }
      @media (pointer: coarse) {
        #list {
          min-height: 2.75rem;
          font-size: 1rem;
        }
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

  /** The list as it was typed, where it could not be read. */
  #refused: string | null = null;

  #commit = (event: Event): void => {
    const { value } = event.target as HTMLInputElement;
    const classes = typedClasses(value, this.store.classNames);
    this.#refused = classes ? null : value;
    if (classes) void this.store.set("sample.classes", writeClasses(classes));
    this.requestUpdate();
  };

  #all = (): void => {
    this.#refused = null;
    void this.store.set("sample.classes", writeClasses(this.store.classNames.keys()));
  };

  #list(chosen: readonly number[]): TemplateResult {
    const { words, classNames, phase, settings, text } = this.store;
    const { sampling } = words;
    const last = text.number.whole(classNames.length - 1);
    const numbered = classNames.some((name, label) => name !== String(label));
    return html`
      <input type="text" id="list" inputmode="text" autocomplete="off" spellcheck="false" aria-labelledby="label" aria-describedby="hint fault"
        aria-invalid=${this.#refused === null ? "false" : "true"} .value=${this.#refused ?? shownClasses(chosen)} ?disabled=${phase !== "ready"} @change=${this.#commit} />
      <p class="fault quiet" id="fault" role="alert" ?hidden=${this.#refused === null}>${this.#refused === null ? "" : sampling.listFault(last)}</p>
      <p class="quiet" id="hint">${sampling.listHint(last, text.number.whole(Number(settings?.["sample.num_samples"])))}</p>
      ${numbered ? html`<details class="quiet"><summary>${sampling.listNames}</summary>${classNames.map((name, label) => `${label} ${name}`).join(", ")}</details>` : nothing}
    `;
  }

  #toggles(chosen: readonly number[]): TemplateResult {
    const { classNames, phase } = this.store;
    const short = classNames.every((name) => name.length <= 2);
    return html`<div class="classes ${short ? "short" : ""}" role="group" aria-labelledby="label">
      ${classNames.map(
        (name, label) => html`<button type="button" aria-pressed=${chosen.includes(label) ? "true" : "false"} title=${name} ?disabled=${phase !== "ready"}
          @click=${() => this.store.toggleClass(label)}><span>${name}</span></button>`,
      )}
    </div>`;
  }

  protected override render(): TemplateResult {
    const { words, classNames, conditioned, phase, chosenClasses } = this.store;
    if (!conditioned) return html`<p class="quiet">${words.sampling.none}</p>`;
    const chosen = chosenClasses.filter((label) => label < classNames.length);
    return html`
      <div class="top">
        <span id="label">${words.fields["sample.classes"]}</span>
        <button type="button" class="plain" ?disabled=${phase !== "ready" || chosen.length === classNames.length} @click=${this.#all}>${words.sampling.all}</button>
      </div>
      ${classNames.length > TOGGLES ? this.#list(chosen) : this.#toggles(chosen)}
    `;
  }
}

customElements.define("unnoise-digits-classes", DigitsClasses);
