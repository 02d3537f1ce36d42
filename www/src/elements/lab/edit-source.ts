/** The picture to start from: training images or samples, as thumbnails to choose from. */
import { css, html, nothing, type TemplateResult } from "lit";
import { choice } from "./edit-controls";
import type { Which } from "./edit-desk";
import { DeskElement } from "./edit-element";

/** No more samples than this are shown to choose from. */
const SHOWN = 24;

export class EditSource extends DeskElement {
  static override styles = [
    ...DeskElement.styles,
    css`
      .album {
        display: grid;
        grid-template-columns: repeat(6, 1fr);
        gap: 3px;
        margin-bottom: 0.75rem;
      }
      .album label {
        position: relative;
        cursor: pointer;
      }
      .album input {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
        margin: 0;
        opacity: 0;
        cursor: pointer;
      }
      .album label:hover {
        outline: 1px solid var(--ink);
      }
      .album label[data-end] {
        outline: 2px solid var(--samples);
        z-index: 1;
      }
      .album label:has(:focus-visible) {
        outline: 2px solid var(--focus);
        outline-offset: 2px;
        z-index: 2;
      }
      .end {
        position: absolute;
        left: 0;
        top: 0;
        padding: 0 0.25rem;
        background: var(--paper);
        color: var(--ink);
        font-size: 0.6875rem;
        line-height: 1rem;
        font-weight: 650;
        pointer-events: none;
      }
      .buttons button {
        flex: auto;
      }
      .silent {
        margin-bottom: 0.5rem;
      }
      @media (max-width: 59.99rem) {
        .album {
          grid-template-columns: repeat(12, minmax(2.75rem, 1fr));
        }
        .buttons button {
          flex: none;
        }
      }
      @media (max-width: 40rem) {
        .album {
          grid-template-columns: repeat(6, 1fr);
        }
      }
    `,
  ];

  #shift(by: number): void {
    const { desk } = this;
    desk.pick(desk.picked[this.#which] + by);
  }

  #random = (): void => {
    const { desk } = this;
    const count = Math.min(SHOWN, desk.album?.images.length ?? 0);
    if (count > 1) desk.pick(desk.picked[this.#which] + 1 + Math.floor(Math.random() * (count - 1)));
  };

  get #which(): Which {
    return this.desk.mode === "interpolate" ? this.desk.choosing : "a";
  }

  #label(index: number): string {
    const { desk } = this;
    const label = desk.album?.labels[index];
    return desk.words.source.picture(desk.store.text.number.whole(index + 1), label === undefined ? "" : desk.className(label));
  }

  #album(): TemplateResult {
    const { desk } = this;
    const { source } = desk.words;
    const images = desk.album?.images.slice(0, SHOWN) ?? [];
    if (images.length === 0) return html`<p class="quiet">${source.empty}</p>`;
    const two = desk.mode === "interpolate";
    const ends = (index: number): Which[] => (two ? (["a", "b"] as const) : (["a"] as const)).filter((which) => desk.picked[which] === index);
    return html`
      <div class="album plate" role="radiogroup" aria-label=${two ? `${source.choosing}: ${source.ends[this.#which]}` : source.pictures}>
        ${images.map((image, index) => {
          const here = ends(index);
          return html`<label data-end=${here.length ? here.join("") : nothing}>
            <input type="radio" name="picture" aria-label=${this.#label(index)} .checked=${desk.picked[this.#which] === index} @change=${() => desk.pick(index)} />
            ${this.picture(image, "")}
            ${two && here.length ? html`<span class="end">${here.map((which) => source.ends[which]).join(" ")}</span>` : nothing}
          </label>`;
        })}
      </div>
      <div class="buttons">
        <button type="button" @click=${() => this.#shift(-1)}>${source.previous}</button>
        <button type="button" @click=${() => this.#shift(1)}>${source.next}</button>
        <button type="button" @click=${this.#random}>${source.random}</button>
      </div>
    `;
  }

  protected override render(): TemplateResult {
    const { desk } = this;
    const { source } = desk.words;
    if (desk.seeded) return html`<p class="quiet">${source.seeds}</p>`;
    return html`
      ${choice({
        name: "from",
        label: source.from,
        silent: true,
        value: desk.from,
        options: [
          { value: "training", text: source.training },
          { value: "grid", text: source.grid, disabled: desk.store.playback.clip === null },
        ],
        input: (from) => desk.open(from),
      })}
      ${desk.mode === "interpolate"
        ? choice({
            name: "end",
            label: source.choosing,
            value: desk.choosing,
            options: (["a", "b"] as const).map((which) => ({ value: which, text: source.ends[which], long: `${source.choosing}: ${source.ends[which]}` })),
            input: (which) => {
              desk.choosing = which;
              desk.changed();
            },
          })
        : nothing}
      ${this.#album()}
      ${desk.from === "grid" ? html`<div class="buttons"><button type="button" class="plain" @click=${() => desk.open("grid")}>${source.refresh}</button></div>` : nothing}
    `;
  }
}

customElements.define("unnoise-edit-source", EditSource);
