/** Reset, train or pause, step; and the state in words. */
import { css, html, type TemplateResult } from "lit";
import { base, controls } from "../styles/base";
import { icons } from "./icons";
import { StoreElement } from "./store-element";

export class Transport extends StoreElement {
  static override topics = ["state", "metrics"] as const;
  static override styles = [
    base,
    controls,
    css`
      .row {
        display: grid;
        grid-template-columns: 1fr 1.5fr 1fr;
        gap: 0.5rem;
      }
      button {
        min-height: 2.75rem;
      }
      .state {
        display: flex;
        align-items: center;
        gap: 0.5rem;
        margin-top: 0.5rem;
      }
      .lamp {
        flex: none;
        width: 0.5rem;
        height: 0.5rem;
        border-radius: 50%;
        border: 1.5px solid var(--ink-3);
      }
      .lamp.on {
        border-color: var(--ink);
        background: var(--ink);
      }
    `,
  ];

  #phase(): string {
    const { phase, running, wanted, hidden, resumed, metrics, text, waiting } = this.store;
    const words = text.ui.phase;
    if (waiting) return waiting;
    if (phase !== "ready") return words[phase];
    if (metrics?.frozen_at != null) return words.frozen;
    if (hidden && wanted) return words.hidden;
    if (running && resumed) return words.resumed;
    return running ? words.training : words.paused;
  }

  protected override render(): TemplateResult {
    const { store } = this;
    const { transport } = store.text.ui;
    const ready = store.phase === "ready";
    return html`
      <div class="row" role="group" aria-label=${transport.label}>
        <button type="button" id="reset" title=${transport.resetHint} ?disabled=${!ready} @click=${() => void store.reset()}>
          ${icons.reset}${transport.reset}
        </button>
        <button type="button" id="play" class="primary" title=${transport.playHint} ?disabled=${store.phase === "failed"} @click=${() => void store.toggle()}>
          ${store.wanted ? icons.pause : icons.play}${store.wanted ? transport.pause : transport.play}
        </button>
        <button type="button" id="step" title=${transport.stepHint} ?disabled=${!ready} @click=${() => void store.step(1)}>
          ${icons.step}${transport.step}
        </button>
      </div>
      <p class="state quiet"><span class="lamp ${store.running ? "on" : ""}"></span>${this.#phase()}</p>
    `;
  }
}

customElements.define("unnoise-transport", Transport);
