/** Settings that are seldom needed, folded away; open as soon as one of them has something to say. */
import { css, html, nothing, type TemplateResult } from "lit";
import { base } from "../styles/base";
import "./field";
import { StoreElement } from "./store-element";

export class More extends StoreElement {
  static override properties = { ...StoreElement.properties, keys: { attribute: false } };
  static override topics = ["settings"] as const;
  static override styles = [
    base,
    css`
      summary {
        display: inline-flex;
        align-items: center;
        gap: 0.375rem;
        min-height: 2.5rem;
        color: var(--ink-2);
        font-size: 0.8125rem;
        cursor: pointer;
        list-style: none;
        border-radius: 3px;
      }
      summary::-webkit-details-marker {
        display: none;
      }
      summary:hover {
        color: var(--ink);
      }
      svg {
        width: 0.625rem;
        height: 0.625rem;
        fill: none;
        stroke: currentColor;
        stroke-width: 1.75;
        transition: transform 0.15s;
      }
      [open] svg {
        transform: rotate(90deg);
      }
      .fields {
        padding-left: 0.75rem;
        border-left: 1px solid var(--line);
      }
      @media (prefers-reduced-motion: reduce) {
        svg {
          transition: none;
        }
      }
      @media (pointer: coarse) {
        summary {
          min-height: 2.75rem;
        }
      }
    `,
  ];

  declare keys: readonly string[];
  #open = false;

  #toggled = (event: Event): void => {
    this.#open = (event.target as HTMLDetailsElement).open;
  };

  protected override render(): TemplateResult | typeof nothing {
    const { store } = this;
    const shown = shownKeys(store, this.keys);
    if (shown.length === 0) return nothing;
    this.#open ||= shown.some((key) => store.faults.has(key));
    return html`<details ?open=${this.#open} @toggle=${this.#toggled}>
      <summary><svg viewBox="0 0 12 12" aria-hidden="true"><path d="m4 2 4 4-4 4" /></svg>${store.text.ui.settings.more}</summary>
      <div class="fields">${shown.map((key) => html`<unnoise-field .store=${store} key=${key} data-key=${key}></unnoise-field>`)}</div>
    </details>`;
  }
}

/** Settings that mean something beside the others, and any that there is a message about. */
export function shownKeys({ table, settings, faults }: StoreElement["store"], keys: readonly string[]): string[] {
  return keys.filter((key) => faults.has(key) || !settings || table.knows(key, settings));
}

customElements.define("unnoise-more", More);
