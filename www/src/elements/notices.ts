/** Calm lines: what the page runs on when that is not a real GPU, and what happened. */
import { css, html, nothing, type TemplateResult } from "lit";
import type { Notice } from "../state/notices";
import { withQuery } from "../state/query";
import { base, controls } from "../styles/base";
import { icons } from "./icons";
import { StoreElement } from "./store-element";

export class Notices extends StoreElement {
  static override topics = ["notices", "state"] as const;
  static override styles = [
    base,
    controls,
    css`
      .list {
        display: grid;
        gap: 0.5rem;
      }
      .notice {
        display: flex;
        flex-wrap: wrap;
        align-items: start;
        gap: 0.5rem 1rem;
        padding: 0.25rem 0 0.25rem 0.875rem;
        border-left: 2px solid var(--ink-3);
      }
      .error {
        border-color: var(--alarm);
      }
      .text {
        flex: 1 1 14rem;
        min-width: 0;
        display: flex;
        flex-wrap: wrap;
        gap: 0 1.5rem;
        overflow-wrap: anywhere;
      }
      .text p {
        line-height: 1.5rem;
      }
      .close {
        min-width: 2rem;
        padding: 0;
      }
      details[open] {
        flex-basis: 100%;
      }
      dd {
        max-width: 80ch;
      }
      summary {
        display: inline-block;
        line-height: 1.5rem;
        cursor: pointer;
        text-decoration: underline;
        text-underline-offset: 0.2em;
        text-decoration-thickness: 1px;
      }
      dl {
        display: grid;
        gap: 0.5rem 1.5rem;
        padding: 0.5rem 0;
      }
      dt {
        font-weight: 650;
      }
      dd {
        color: var(--ink-2);
      }
      @media (min-width: 44rem) {
        dl {
          grid-template-columns: 12rem 1fr;
        }
      }
    `,
  ];

  /** Words about the backend; nothing at all when a real GPU does the work. */
  #backend(): TemplateResult | typeof nothing {
    const { adapter, text } = this.store;
    if (!adapter || adapter.reason === "gpu") return nothing;
    const { ui, number } = text;
    const words = ui.notices;
    const { measured } = adapter;
    const missing = adapter.reason === "no_webgpu" || adapter.reason === "no_adapter";
    const onGpu = adapter.backend === "webgpu";
    if (onGpu && !adapter.software) return nothing;
    const speed = (value: number): string => (value < 10 ? number.fixed(value, 1) : number.whole(value));
    const line = missing ? words.cpu : onGpu ? words.software(adapter.name) : adapter.reason === "requested" ? words.cpuRequested : words.softwareSlower;
    return html`<div class="notice" data-notice="backend">
      <div class="text">
        <p>
          ${line}
          ${measured ? words.measured(speed(measured.webgpu), speed(measured.cpu)) : ""}
          ${missing ? nothing : html`<a href=${withQuery("backend", onGpu ? "cpu" : adapter.reason === "requested" ? null : "webgpu")}>${onGpu ? words.useCpu : adapter.reason === "requested" ? words.useAuto : words.useWebgpu}</a>`}
        </p>
        ${adapter.reason === "requested"
          ? nothing
          : html`<details>
              <summary>${words.howTo}</summary>
              <dl>${ui.enable.map(([browser, how]) => html`<dt>${browser}</dt><dd>${how}</dd>`)}</dl>
            </details>`}
      </div>
    </div>`;
  }

  #notice = ({ id, tone, text, dismissible, actions }: Notice): TemplateResult => html`
    <div class="notice ${tone}" data-notice=${id} role=${tone === "error" ? "alert" : "status"}>
      <div class="text"><p>${text}</p></div>
      ${actions?.map(({ label, run }) => html`<button type="button" @click=${run}>${label}</button>`)}
      ${dismissible
        ? html`<button type="button" class="plain close" aria-label=${this.store.text.ui.notices.dismiss} @click=${() => this.store.dismiss(id)}>${icons.close}</button>`
        : nothing}
    </div>
  `;

  protected override render(): TemplateResult {
    const backend = this.#backend();
    const { notices } = this.store;
    // An empty list must not leave a gap in the column it stands in.
    this.hidden = backend === nothing && notices.length === 0;
    return html`<div class="list">${backend}${notices.map(this.#notice)}</div>`;
  }
}

customElements.define("unnoise-notices", Notices);
