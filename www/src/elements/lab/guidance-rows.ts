/** The rows of the tab "guidance": the same noise, drawn at one scale after the other. */
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import type { Tones } from "../../draw/tiles";
import type { DigitsStore } from "../../state/digits-store";
import type { Store } from "../../state/store";
import { base } from "../../styles/base";
import { labParts } from "./edit-controls";
import type { Shape } from "./edit-images";
import { scaleOf } from "./edit-options";
import "./edit-picture";
import { accuracy, type GuidanceDesk, type Row, type Way } from "./guidance-desk";
import "./guidance-scatter";

export class GuidanceRows extends LitElement {
  static override properties = { desk: { attribute: false }, tones: { attribute: false }, way: {} };
  static override styles = [
    base,
    labParts,
    css`
      .top {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        justify-content: space-between;
        gap: 0 1.5rem;
        margin-bottom: 0.25rem;
      }
      .top small {
        font-size: 0.8125rem;
        font-weight: 400;
        color: var(--ink-2);
      }
      .share .value {
        font-size: 1.25rem;
        letter-spacing: -0.01em;
      }
      .share {
        white-space: nowrap;
      }
      .row {
        grid-template-columns: repeat(var(--columns), minmax(0, 1fr));
      }
      .panels {
        display: grid;
        grid-template-columns: repeat(var(--columns), minmax(0, 1fr));
        gap: 1rem 0.75rem;
      }
      .panels figcaption {
        margin-top: 0.25rem;
      }
      .panels .top {
        display: block;
        margin: 0;
      }
      .panels .share {
        white-space: normal;
      }
      .note {
        margin-top: 1rem;
      }
      @media (max-width: 40rem) {
        .row {
          gap: 2px;
        }
        .panels {
          grid-template-columns: repeat(2, minmax(0, 1fr));
        }
      }
    `,
  ];
  declare desk: GuidanceDesk;
  declare tones: Tones | null;
  declare way: Way;
  #leave: (() => void) | null = null;
  #shape: Shape = { side: 0, channels: 1, scale: 1 };

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#leave?.();
    this.#leave = null;
  }

  override willUpdate(changed: PropertyValues): void {
    if (changed.has("desk") || !this.#leave) {
      this.#leave?.();
      this.#leave = this.desk.listen(() => this.requestUpdate());
    }
  }

  #title({ kind, scale }: Row): string {
    const { rows } = this.desk.words;
    const shown = this.desk.store.text.number.significant(scale);
    return { scale: rows.scale(shown), plain: rows.plain, classifier: rows.classifier(shown), free: rows.free(shown) }[kind];
  }

  #top(row: Row): TemplateResult {
    const { rows } = this.desk.words;
    const { number } = this.desk.store.text;
    const share = accuracy(row);
    const aside = row.kind !== "scale" ? "" : row.scale === 1 ? rows.off : row.scale === 0 ? rows.ignored : "";
    return html`<div class="top">
      <h3>${this.#title(row)} ${aside ? html`<small>${aside}</small>` : nothing}</h3>
      ${share === null
        ? nothing
        : html`<span class="share number quiet">${this.desk.images ? rows.accuracyDigits : rows.accuracyPoints} <span class="value" data-accuracy=${share}>${number.percent(share)}</span></span>`}
    </div>`;
  }

  /** The same object for the same shape: pictures are painted again when theirs is another. */
  #shapeOf(side: number, channels: number, scale: number): Shape {
    const { side: s, channels: c, scale: most } = this.#shape;
    if (s !== side || c !== channels || most !== scale) this.#shape = { side, channels, scale };
    return this.#shape;
  }

  #images(row: Row): TemplateResult {
    const { desk } = this;
    const images = desk.images!;
    const shape = this.#shapeOf(images.side, images.channels, scaleOf(desk.store.config));
    const columns = new Set(row.labels).size;
    const { number } = desk.store.text;
    return html`<section class="result" data-kind=${row.kind} data-scale=${row.scale}>
      ${this.#top(row)}
      <div class="row plate" style="--columns:${columns}">
        ${row.samples.map((pixels, i) => html`<unnoise-picture .pixels=${pixels} .shape=${shape} .tones=${this.tones}
          label=${desk.words.rows.picture(desk.className(row.labels[i]!), number.whole(Math.floor(i / columns) + 1))}></unnoise-picture>`)}
      </div>
    </section>`;
  }

  #points(row: Row): TemplateResult {
    const { desk } = this;
    const { data, text } = desk.store as Store;
    const share = accuracy(row);
    const title = this.#title(row);
    const label = desk.words.rows.scatter(title, text.number.whole(row.labels.length), text.number.percent(share ?? 0));
    return html`<figure data-kind=${row.kind} data-scale=${row.scale}>
      <div class="plate">
        <unnoise-scatter .points=${row.samples[0]} .labels=${row.labels} .found=${row.found} .data=${data?.points ?? new Float32Array(0)} .classes=${desk.classes} label=${label}
          .themed=${this.tones}></unnoise-scatter>
      </div>
      <figcaption>${this.#top(row)}</figcaption>
    </figure>`;
  }

  protected override render(): TemplateResult {
    const { desk } = this;
    const { rows: words } = desk.words;
    const { store } = desk;
    const rows = desk.rows[this.way];
    if (rows.length === 0) return html`<p class="empty quiet">${words.empty}</p>`;
    const step = desk.step[this.way];
    const digits = desk.images ? (store as DigitsStore) : null;
    const fresh = digits?.origin.kind === "pretrained" && step === digits.originStep;
    const of = fresh ? words.pretrained : words.step(store.text.number.whole(step));
    return html`
      ${desk.images ? rows.map((row) => this.#images(row)) : html`<div class="panels" style="--columns:${rows.length === 4 ? 2 : Math.min(3, Math.max(2, rows.length))}">${rows.map((row) => this.#points(row))}</div>`}
      <p class="note quiet number">${of} ${desk.images ? (rows.some((row) => row.found) ? nothing : words.judge) : words.wrong}</p>
    `;
  }
}

customElements.define("unnoise-guidance-rows", GuidanceRows);
