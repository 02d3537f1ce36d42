/**
 * `<unnoise-lab>`: what there is to see of schedules, samplers and scores, one tab each, under the tool. Its code is fetched
 * when it comes into view.
 */
import { css, html, nothing, type TemplateResult } from "lit";
import type { Task } from "../../state/hash";
import { base } from "../../styles/base";
import { StoreElement } from "../store-element";
import { LAB_TABS, type LabTab } from "./tabs";

export class Lab extends StoreElement {
  static override topics = ["state", "settings"] as const;
  static override styles = [
    base,
    css`
      [role="tablist"] {
        display: flex;
        flex-wrap: wrap;
        gap: 0.25rem 1rem;
        border-bottom: 1px solid var(--line);
        margin-bottom: 1rem;
      }
      [role="tab"] {
        min-height: 2.75rem;
        border: 0;
        border-bottom: 2px solid transparent;
        border-radius: 0;
        padding: 0 0.125rem;
        background: none;
        color: var(--ink-2);
      }
      [role="tab"][aria-selected="true"] {
        color: var(--ink);
        border-bottom-color: currentColor;
      }
    `,
  ];

  #tabs(): LabTab[] {
    const task: Task = this.store.task;
    return LAB_TABS.filter((tab) => tab.tasks.includes(task));
  }

  #keys = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const tabs = this.#tabs();
    const at = tabs.findIndex((tab) => tab.name === this.#current(tabs)?.name);
    this.#open(tabs[(at + step + tabs.length) % tabs.length]!.name);
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>('[aria-selected="true"]')?.focus());
  };

  #open(name: string): void {
    void this.store.set("view.tab", name);
  }

  /** The tab that the settings, and so the address, name. */
  #current(tabs: LabTab[]): LabTab | undefined {
    return tabs.find((tab) => tab.name === this.store.settings?.["view.tab"]) ?? tabs[0];
  }

  protected override render(): TemplateResult | typeof nothing {
    if (!this.store || this.store.phase !== "ready") return nothing;
    const tabs = this.#tabs();
    const current = this.#current(tabs);
    if (!current) return nothing;
    const { lang } = this.store.text;
    return html`
      <div role="tablist" @keydown=${this.#keys}>
        ${tabs.map(
          (tab) => html`<button
            type="button"
            role="tab"
            id="tab-${tab.name}"
            aria-controls="panel"
            aria-selected=${tab === current}
            tabindex=${tab === current ? 0 : -1}
            @click=${() => this.#open(tab.name)}
          >
            ${tab.title(lang)}
          </button>`,
        )}
      </div>
      <div role="tabpanel" id="panel" aria-labelledby="tab-${current.name}">${current.render(this.store)}</div>
    `;
  }
}

customElements.define("unnoise-lab", Lab);
