/** The image sets, how far they are here, whose they are, and what the network gets to see of them. */
import { css, html, nothing, type TemplateResult } from "lit";
import { filesOfList } from "../../data/own-files";
import { IMAGES, type DigitsStore } from "../../state/digits-store";
import { base, controls } from "../../styles/base";
import type { ImageDataset } from "../../engine-types";
import { IMAGE_DATASETS } from "../../worker/presets";
import { StoreElement } from "../store-element";

export class DigitsData extends StoreElement<DigitsStore> {
  static override topics = ["state", "settings", "data"] as const;
  static override styles = [
    base,
    controls,
    css`
      .top {
        display: flex;
        flex-wrap: wrap;
        gap: 0 1rem;
        align-items: baseline;
        margin-bottom: 0.5rem;
      }
      .sets {
        display: flex;
        flex-wrap: wrap;
        gap: 0.5rem;
      }
      .sets label {
        position: relative;
        flex: 1 1 auto;
        padding: 0.25rem 0.625rem;
        border: 1px solid var(--line);
        border-radius: 3px;
        background: var(--plate);
        text-align: center;
        font-weight: 550;
        color: var(--ink-2);
        cursor: pointer;
      }
      .sets label:hover {
        border-color: var(--ink);
        color: var(--ink);
      }
      .sets label:has(:checked) {
        border-color: var(--ink);
        color: var(--ink);
        box-shadow: inset 0 -2px var(--ink);
      }
      .sets label:has(:focus-visible) {
        outline: 2px solid var(--focus);
        outline-offset: 2px;
      }
      .sets label input {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
        margin: 0;
        opacity: 0;
        cursor: pointer;
      }
      .own {
        margin-top: 0.5rem;
      }
      .own button {
        margin: 0.5rem 0;
      }
      .cut {
        display: flex;
        flex-wrap: wrap;
        align-items: end;
        gap: 0.5rem;
        margin-top: 0.5rem;
      }
      .cut > [aria-hidden] {
        line-height: 2rem;
      }
      .count {
        display: grid;
        flex: 1 1 4rem;
        max-width: 7rem;
        font-size: 0.8125rem;
      }
      .rows {
        display: flex;
        flex: 1 0 100%;
        align-items: center;
        gap: 0.5rem;
        font-size: 0.8125rem;
        cursor: pointer;
      }
      .rows input {
        width: 1rem;
        height: 1rem;
        margin: 0;
        accent-color: var(--ink);
      }
      progress {
        appearance: none;
        display: block;
        width: 100%;
        height: 4px;
        margin: 0.75rem 0 0.25rem;
        border: 0;
        background: var(--line);
      }
      progress::-webkit-progress-bar {
        background: var(--line);
      }
      progress::-webkit-progress-value {
        background: var(--ink);
      }
      progress::-moz-progress-bar {
        background: var(--ink);
      }
      .fault {
        margin: 0.5rem 0 0;
        padding: 0.25rem 0.75rem;
        border-left: 2px solid var(--alarm);
        background: var(--alarm-wash);
        color: var(--alarm);
        overflow-wrap: anywhere;
      }
      .credits {
        margin-top: 0.5rem;
      }
      @media (pointer: coarse) {
        .sets label {
          padding-block: 0.625rem;
        }
      }
    `,
  ];

  /** Own images are wanted and not chosen yet; the set changes once they have been read. */
  #asking = false;

  #pick = (event: Event): void => {
    const { value } = event.target as HTMLInputElement;
    this.#asking = value === "own" && !this.store.own;
    this.requestUpdate();
    if (!this.#asking) void this.store.set(IMAGES, value);
  };

  #choose = (): void => this.renderRoot.querySelector<HTMLInputElement>("input[type=file]")!.click();

  #take = (event: Event): void => {
    const input = event.target as HTMLInputElement;
    const files = filesOfList(input.files ?? []);
    input.value = "";
    if (files.length) void this.store.takeImages(files);
  };

  #recut = (event: Event): void => {
    event.preventDefault();
    const number = (id: string): number => this.renderRoot.querySelector<HTMLInputElement>(`#${id}`)!.valueAsNumber;
    const rowsAreClasses = this.renderRoot.querySelector<HTMLInputElement>("#row-classes")!.checked;
    void this.store.ownSet.recut({ columns: number("columns"), rows: number("rows"), rowsAreClasses });
  };

  /** How a sheet is cut, to be corrected where the guess was wrong. */
  #cut(): TemplateResult | typeof nothing {
    const { ownSet, words, phase } = this.store;
    const { cut } = ownSet;
    if (!cut || ownSet.reading) return nothing;
    const { data } = words;
    const input = (id: "columns" | "rows"): TemplateResult => html`<label class="count">${data[id]}
      <input type="number" id=${id} min="1" step="1" required .value=${String(cut[id])} /></label>`;
    return html`<form class="cut" aria-label=${data.cutLabel} @submit=${this.#recut}>
      ${input("columns")}<span aria-hidden="true">×</span>${input("rows")}
      <button type="submit" id="recut" ?disabled=${phase !== "ready"}>${data.recut}</button>
      <label class="rows"><input type="checkbox" id="row-classes" .checked=${cut.rowsAreClasses} />${data.rowsAreClasses}</label>
    </form>`;
  }

  #progress(): TemplateResult | typeof nothing {
    const { images, words, text, own, dataset } = this.store;
    const { number } = text;
    const { data } = words;
    if (this.store.ownSet.reading) return html`<progress aria-label=${data.reading}></progress><p class="quiet">${data.reading}</p>`;
    if (!images) return nothing;
    if (images.missing) return html`<p class="fault quiet" role="status">${data.missing}</p>`;
    if (dataset === "own") {
      const count = own?.classNames.length ?? 1;
      return html`<p class="quiet own-count">${data.counted(number.whole(images.held), data.classes(count, number.whole(count)))}</p>`;
    }
    if (images.held >= images.total) return nothing;
    const line = images.held ? data.loading(number.whole(images.held), number.whole(images.total)) : data.waiting;
    return html`<progress max="1" value=${images.share} aria-label=${data.label}></progress><p class="quiet number" id="loading">${line}</p>`;
  }

  protected override render(): TemplateResult {
    const { settings, words, faults, dataset, phase, own, credits } = this.store;
    const { data } = words;
    const fault = faults.get(IMAGES);
    if (dataset === "own") this.#asking = false;
    const chosen = this.#asking ? "own" : dataset;
    return html`
      <fieldset ?disabled=${!settings || phase !== "ready"}>
        <legend class="visually-hidden">${data.label}</legend>
        <div class="top"><span class="heading" aria-hidden="true">${data.label}</span><span class="quiet">${data.restarts}</span></div>
        <div class="sets">
          ${IMAGE_DATASETS.map(
            (name: ImageDataset) => html`<label><input type="radio" name="set" value=${name} .checked=${name === chosen} @change=${this.#pick} />${data.names[name]}</label>`,
          )}
        </div>
        <div class="own" ?hidden=${chosen !== "own"}>
          <p class="quiet">${own ? "" : data.hint} ${data.private}</p>
          <button type="button" id="choose" @click=${this.#choose}>${own ? data.change : data.choose}</button>
          <input type="file" multiple hidden @change=${this.#take} />
        </div>
      </fieldset>
      ${fault ? html`<p class="quiet fault" role="alert">${fault}</p>` : nothing}
      ${fault || chosen === "own" ? this.#cut() : nothing}
      ${this.#progress()}
      ${credits
        ? html`<p class="quiet credits">${data.credits(credits.title, credits.credit, credits.licence)} <a href=${credits.url} rel="noopener" target="_blank">${data.source}</a></p>`
        : nothing}
    `;
  }
}

customElements.define("unnoise-digits-data", DigitsData);
