/** Time per kernel, measured on request: what a training step is made of, and what it costs. */
import { css, html, nothing, type TemplateResult } from "lit";
import type { KernelTime } from "../engine-types";
import { base, controls } from "../styles/base";
import { StoreElement } from "./store-element";

const STEPS = 20;

export class Timing extends StoreElement {
  static override topics = ["state"] as const;
  static override styles = [
    base,
    controls,
    css`
      button {
        margin: 0.5rem 0;
      }
      table {
        width: 100%;
        border-collapse: collapse;
        font-size: 0.8125rem;
      }
      caption {
        position: absolute;
        width: 1px;
        height: 1px;
        overflow: hidden;
        clip-path: inset(50%);
      }
      th, td {
        padding: 0.125rem 0;
        text-align: right;
        font-weight: 400;
        font-variant-numeric: tabular-nums;
      }
      th:first-child {
        text-align: left;
        overflow-wrap: anywhere;
      }
      thead th {
        color: var(--ink-2);
        border-bottom: 1px solid var(--line);
      }
      tbody th {
        background: linear-gradient(var(--data), var(--data)) left bottom / var(--share) 2px no-repeat;
      }
    `,
  ];

  #times: KernelTime[] | null = null;
  #measuring = false;

  #measure = async (): Promise<void> => {
    this.#measuring = true;
    this.requestUpdate();
    this.#times = await this.store.profile(STEPS);
    this.#measuring = false;
    this.requestUpdate();
  };

  protected override render(): TemplateResult {
    const { timing } = this.store.text.ui;
    return html`
      <p class="quiet">${this.#times?.length === 0 ? timing.none : timing.hint}</p>
      <button type="button" ?disabled=${this.store.phase !== "ready" || this.#measuring} @click=${() => void this.#measure()}>
        ${this.#measuring ? timing.measuring : timing.measure}
      </button>
      ${this.#times?.length ? this.#table(this.#times) : nothing}
    `;
  }

  #table(times: KernelTime[]): TemplateResult {
    const { ui, number } = this.store.text;
    const { timing } = ui;
    const sorted = [...times].sort((a, b) => b.milliseconds - a.milliseconds);
    const total = sorted.reduce((sum, { milliseconds }) => sum + milliseconds, 0) || 1;
    return html`<table>
      <caption>${timing.caption}</caption>
      <thead><tr><th scope="col">${timing.kernel}</th><th scope="col">${timing.calls}</th><th scope="col">${timing.time}</th></tr></thead>
      <tbody>
        ${sorted.map(
          ({ kernel, calls, milliseconds }) => html`<tr>
            <th scope="row" style="--share:${(100 * milliseconds) / total}%">${kernel}</th>
            <td>${number.whole(calls)}</td>
            <td>${number.fixed(milliseconds, 2)}</td>
          </tr>`,
        )}
      </tbody>
    </table>`;
  }
}

customElements.define("unnoise-timing", Timing);
