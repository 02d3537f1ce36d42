import { css, html, nothing, type TemplateResult } from "lit";
import type { Task } from "../state/hash";
import type { Theme } from "../state/query";
import { base, controls } from "../styles/base";
import { icons, mark } from "./icons";
import { StoreElement } from "./store-element";

const THEMES: readonly Theme[] = ["system", "light", "dark"];
const TASKS: readonly Task[] = ["points", "digits"];

/** Name, tasks, one sentence, what it runs on, and the page-wide actions. Fires `theme`, `help` and, composed, `task`. */
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
      nav ul {
        display: flex;
        gap: 0.25rem;
        padding: 0.1875rem;
        border: 1px solid var(--line);
        border-radius: 4px;
        background: var(--plate);
      }
      nav a {
        display: block;
        padding: 0 0.875rem;
        line-height: 1.75rem;
        border-radius: 2px;
        font-weight: 550;
        text-decoration: none;
        color: var(--ink-2);
      }
      nav a:hover {
        color: var(--ink);
        background: var(--press);
      }
      nav a[aria-current] {
        background: var(--ink);
        color: var(--paper);
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
        nav {
          order: 1;
          flex-basis: 100%;
          padding-block: 0.25rem 0.5rem;
        }
        nav a {
          line-height: 2.5rem;
          text-align: center;
        }
        nav li {
          flex: 1;
        }
        .tagline {
          flex-basis: 100%;
          order: 2;
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

  /** A plain click stays in the page; one that opens a tab or a window is the browser's. */
  #pickTask = (event: MouseEvent, task: Task): void => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (task !== this.store.task) this.dispatchEvent(new CustomEvent("task", { detail: task, bubbles: true, composed: true }));
  };

  #pickTheme = (event: Event): void => {
    this.dispatchEvent(new CustomEvent("theme", { detail: (event.target as HTMLSelectElement).value }));
  };

  protected override render(): TemplateResult {
    const { adapter, text, tagline } = this.store;
    const { ui } = text;
    const words = ui.header;
    const copyText = this.#copied === "yes" ? words.copied : this.#copied === "no" ? words.copyFailed : words.copyLink;
    return html`
      <header>
        <h1>${mark}${ui.title}</h1>
        <nav aria-label=${words.tasks}>
          <ul>
            ${TASKS.map(
              (task) => html`<li>
                <a href=${task === "points" ? location.pathname + location.search : `#task=${task}`} aria-current=${task === this.store.task ? "page" : nothing}
                  @click=${(event: MouseEvent) => this.#pickTask(event, task)}>${words.taskNames[task]}</a>
              </li>`,
            )}
          </ul>
        </nav>
        <p class="tagline">${tagline}</p>
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
