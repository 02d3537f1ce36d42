/** A titled group of settings that folds. It opens by itself when one of its controls has something to say. */
import { css, html, LitElement, type TemplateResult } from "lit";
import { base } from "../styles/base";

export class Group extends LitElement {
  static override properties = { heading: {}, hint: {}, open: { type: Boolean, reflect: true } };
  static override styles = [
    base,
    css`
      :host {
        border-top: 1px solid var(--line);
      }
      summary {
        display: flex;
        align-items: center;
        gap: 0.5rem;
        min-height: 2.75rem;
        cursor: pointer;
        list-style: none;
        border-radius: 3px;
      }
      summary::-webkit-details-marker {
        display: none;
      }
      summary h2 {
        flex: 1;
      }
      svg {
        width: 0.75rem;
        height: 0.75rem;
        fill: none;
        stroke: var(--ink-2);
        stroke-width: 1.75;
        transition: transform 0.15s;
      }
      [open] svg {
        transform: rotate(90deg);
      }
      .hint {
        margin: -0.25rem 0 0.5rem;
      }
      .body {
        padding-bottom: 1rem;
      }
      @media (prefers-reduced-motion: reduce) {
        svg {
          transition: none;
        }
      }
    `,
  ];
  declare heading: string;
  declare hint: string;
  declare open: boolean;

  #toggled = (event: Event): void => {
    this.open = (event.target as HTMLDetailsElement).open;
  };

  protected override render(): TemplateResult {
    return html`
      <details ?open=${this.open} @toggle=${this.#toggled}>
        <summary><h2>${this.heading}</h2><svg viewBox="0 0 12 12" aria-hidden="true"><path d="m4 2 4 4-4 4" /></svg></summary>
        ${this.hint ? html`<p class="hint quiet">${this.hint}</p>` : ""}
        <div class="body"><slot></slot></div>
      </details>
    `;
  }
}

customElements.define("unnoise-group", Group);
