/** Time from noise to data: replay, scrub, and the switch between following the model and holding a picture. */
import { css, html, type TemplateResult } from "lit";
import { base, controls } from "../styles/base";
import { icons } from "./icons";
import { StoreElement } from "./store-element";

const RESOLUTION = 1000;

export class Timebar extends StoreElement {
  static override topics = ["state", "time", "clip"] as const;
  static override styles = [
    base,
    controls,
    css`
      .bar {
        display: grid;
        grid-template-columns: auto 1fr auto;
        align-items: start;
        gap: 0 1rem;
      }
      .replay {
        width: 2.5rem;
        min-height: 2.5rem;
        padding: 0;
      }
      input {
        --thumb: var(--samples) !important;
      }
      .labels {
        display: grid;
        grid-template-columns: 1fr auto 1fr;
        font-size: 0.8125rem;
        line-height: 1rem;
        color: var(--ink-2);
      }
      .labels :last-child {
        text-align: right;
      }
      output {
        color: var(--ink);
        font-variant-numeric: tabular-nums;
      }
      .live {
        min-height: 2.5rem;
        min-width: 5rem;
      }
      .dot {
        width: 0.5rem;
        height: 0.5rem;
        border-radius: 50%;
        border: 1.5px solid var(--ink-3);
      }
      [aria-checked="true"] .dot {
        border-color: var(--samples);
        background: var(--samples);
      }
      .caption {
        margin-top: 0.5rem;
        min-height: 1.25rem;
      }
      @media (pointer: coarse) {
        .replay, .live {
          min-height: 2.75rem;
          min-width: 2.75rem;
        }
      }
    `,
  ];

  #seek = (event: Event): void => {
    this.store.seek((event.target as HTMLInputElement).valueAsNumber / RESOLUTION);
  };

  #caption(): string {
    const { playback, text, caption } = this.store;
    return playback.clip && !playback.live ? `${caption} ${text.ui.time.held}` : caption;
  }

  protected override render(): TemplateResult {
    const { playback, text } = this.store;
    const { ui, number } = text;
    const t = playback.timestep;
    const shown = t === null ? "" : t === 0 ? ui.time.clean : ui.time.timestep(number.whole(t));
    const ready = playback.clip !== null;
    const value = Math.round(playback.position * RESOLUTION);
    return html`
      <div class="bar">
        <button type="button" class="replay" ?disabled=${!ready} aria-label=${playback.animating ? ui.time.stop : ui.time.replay}
          title=${playback.animating ? ui.time.stop : ui.time.replay} @click=${() => this.store.replay()}>
          ${playback.animating ? icons.stop : icons.play}
        </button>
        <div>
          <input type="range" min="0" max=${RESOLUTION} step="1" .value=${String(value)} ?disabled=${!ready}
            style="--filled:${value / (RESOLUTION / 100)}%"
            aria-label=${ui.time.label} aria-valuetext=${ui.time.value(number.whole(t ?? 0))} @input=${this.#seek} />
          <div class="labels" aria-hidden="true"><span>${ui.time.noise}</span><output>${shown}</output><span>${ui.time.data}</span></div>
        </div>
        <button type="button" class="live" role="switch" aria-checked=${playback.live} title=${ui.time.liveHint}
          @click=${() => this.store.setLive(!playback.live)}>
          <span class="dot"></span>${ui.time.live}
        </button>
      </div>
      <p class="caption quiet number">${this.#caption()}</p>
    `;
  }
}

customElements.define("unnoise-timebar", Timebar);
