import { css, html, type TemplateResult } from "lit";
import type { Theme } from "../state/query";
import { base, controls } from "../styles/base";
import { icons, mark } from "./icons";
import { StoreElement } from "./store-element";

const THEMES: readonly Theme[] = ["system", "light", "dark"];

/** Name, one sentence, what it runs on, and the page-wide actions. Fires `theme` and `help`. */
export class Header extends StoreElement {
  static override properties = { ...StoreElement.properties, theme: {} };
  static override topics = ["state", "settings"] as const;
  static override styles = [
    base,
    controls,
    css`
      header {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.5rem 1.5rem;
      }
      h1 {
        display: flex;
        align-items: center;
        gap: 0.625rem;
        margin: 0;
        font-size: 1.5rem;
        line-height: 2.5rem;
        font-weight: 700;
        letter-spacing: -0.035em;
      }
      h1 svg {
        width: 2.25rem;
        height: 1.75rem;
      }
      .tagline {
        flex: 1 1 16rem;
        font-size: 0.9375rem;
        color: var(--ink-2);
      }
      .tools {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.5rem;
      }
      .chip {
        padding: 0 0.5rem;
        font-size: 0.8125rem;
        line-height: 2rem;
        color: var(--ink-2);
        max-width: 18rem;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .chip b {
        color: var(--ink);
        font-weight: 650;
      }
      select {
        width: auto;
      }
      .theme {
        display: flex;
        align-items: center;
        gap: 0.5rem;
        font-size: 0.8125rem;
        color: var(--ink-2);
      }
      .theme select {
        color: var(--ink);
      }
      .help {
        min-width: 2rem;
        padding: 0;
      }
      @media (max-width: 40rem) {
        header {
          gap: 0 1rem;
        }
        .tagline {
          flex-basis: 100%;
          order: 1;
          line-height: 1.25rem;
          padding-bottom: 0.5rem;
        }
        .tools {
          margin-left: auto;
        }
        .tools .chip, .theme span {
          display: none;
        }
        .link span {
          position: absolute;
          width: 1px;
          height: 1px;
          overflow: hidden;
          clip-path: inset(50%);
        }
        .link, .help {
          min-width: 2.75rem;
          padding: 0;
        }
      }
    `,
  ];
  declare theme: Theme;
  #copied: "" | "yes" | "no" = "";

  #copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(location.href);
      this.#copied = "yes";
    } catch {
      this.#copied = "no";
    }
    this.requestUpdate();
    setTimeout(() => {
      this.#copied = "";
      this.requestUpdate();
    }, 2500);
  };

  #pickTheme = (event: Event): void => {
    this.dispatchEvent(new CustomEvent("theme", { detail: (event.target as HTMLSelectElement).value }));
  };

  protected override render(): TemplateResult {
    const { adapter, text } = this.store;
    const { ui } = text;
    const words = ui.header;
    const copyText = this.#copied === "yes" ? words.copied : this.#copied === "no" ? words.copyFailed : words.copyLink;
    return html`
      <header>
        <h1>${mark}${ui.title}</h1>
        <p class="tagline">${adapter?.software || adapter?.backend === "cpu" ? ui.tagline.cpu : ui.tagline.gpu}</p>
        <div class="tools">
          ${adapter
            ? html`<span class="chip" title=${adapter.name}><b>${ui.backend[adapter.backend]}</b> ${adapter.backend === "cpu" ? "" : adapter.software ? ui.backend.software : adapter.name}</span>`
            : ""}
          <button type="button" class="plain link" title=${words.copyLink} @click=${this.#copy}>${icons.link}<span role="status">${copyText}</span></button>
          <label class="theme"><span>${words.theme}</span>
            <select aria-label=${words.theme} @change=${this.#pickTheme}>
              ${THEMES.map((name) => html`<option value=${name} ?selected=${name === this.theme}>${words.themes[name]}</option>`)}
            </select>
          </label>
          <button type="button" class="plain help" aria-label=${words.help} title=${words.help} @click=${() => this.dispatchEvent(new CustomEvent("help"))}>?</button>
        </div>
      </header>
    `;
  }
}

customElements.define("unnoise-header", Header);
