import { css, html, LitElement, type TemplateResult } from "lit";
import type { Strings } from "../strings/en";
import { base, controls } from "../styles/base";

export class HelpDialog extends LitElement {
  static override properties = { words: { attribute: false } };
  static override styles = [
    base,
    controls,
    css`
      dialog {
        width: min(28rem, calc(100vw - 2rem));
        padding: 1.5rem;
        border: 1px solid var(--edge);
        border-radius: 4px;
        background: var(--plate);
        color: var(--ink);
      }
      dialog::backdrop {
        background: rgb(0 0 0 / 0.45);
      }
      h2 {
        font-size: 1.25rem;
      }
      p {
        margin: 0.5rem 0 1rem;
      }
      dl {
        display: grid;
        grid-template-columns: auto 1fr;
        gap: 0.5rem 1.5rem;
        margin-bottom: 1.5rem;
      }
      dt {
        font: 600 0.8125rem/1.5rem var(--mono);
        white-space: nowrap;
      }
    `,
  ];
  declare words: Strings["help"];

  show(): void {
    const dialog = this.renderRoot.querySelector("dialog")!;
    if (!dialog.open) dialog.showModal();
  }

  protected override render(): TemplateResult {
    const { words } = this;
    return html`<dialog aria-labelledby="title">
      <h2 id="title">${words.title}</h2>
      <p class="quiet">${words.intro}</p>
      <dl>${words.keys.map(([keys, what]) => html`<dt>${keys}</dt><dd>${what}</dd>`)}</dl>
      <form method="dialog"><button class="primary">${words.close}</button></form>
    </dialog>`;
  }
}

customElements.define("unnoise-help", HelpDialog);
