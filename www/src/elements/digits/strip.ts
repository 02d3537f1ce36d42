/** Some training images, and the same with ever more noise. */
import { css, html, type PropertyValues, type TemplateResult } from "lit";
import { normal, random } from "../../draw/shapes";
import { GAP, Tiles } from "../../draw/tiles";
import type { DigitsStore } from "../../state/digits-store";
import type { Topic } from "../../state/board";
import { base } from "../../styles/base";
import type { ScheduleTable } from "../../worker/ask";
import type { ImageStrip } from "../../worker/protocol";
import { StoreElement } from "../store-element";
import { tonesOf } from "./tones";

/** Tiles are about this wide, in CSS pixels. */
const TILE = 40;

export class DigitsStrip extends StoreElement<DigitsStore> {
  static override topics = ["data", "settings", "state"] as const;
  static override styles = [
    base,
    css`
      canvas {
        display: block;
        width: 100%;
        margin: 0.25rem 0;
      }
      .scale {
        display: flex;
        justify-content: space-between;
        gap: 1rem;
        text-align: center;
        white-space: nowrap;
      }
      .scale :nth-child(2) {
        white-space: normal;
      }
      .probe {
        position: absolute;
        visibility: hidden;
      }
    `,
  ];

  #tiles = new Tiles();
  #drawn = "";
  #observer: ResizeObserver | null = null;
  #media = matchMedia("(prefers-color-scheme: dark)");
  #recolour = (): void => this.themeChanged();

  override connectedCallback(): void {
    super.connectedCallback();
    this.#media.addEventListener("change", this.#recolour);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#media.removeEventListener("change", this.#recolour);
    this.#observer?.disconnect();
    this.#observer = null;
  }

  themeChanged(): void {
    this.#drawn = "";
    this.#paint();
  }

  #strip: ImageStrip | null = null;
  #levels: ScheduleTable | null = null;
  #asked = "";

  protected override changed(_topic: Topic): void {
    if (this.store.strip !== this.#strip) this.#drawn = "";
    this.#strip = this.store.strip;
    void this.#ask();
    this.requestUpdate();
  }

  /** How much noise goes with each timestep. */
  async #ask(): Promise<void> {
    const { config, phase } = this.store;
    const asked = JSON.stringify(config?.schedule);
    if (!config || phase !== "ready" || asked === this.#asked) return;
    this.#asked = asked;
    // A schedule that the engine refuses has its message beside the setting.
    const levels = await this.store.ask("schedule_table", config.schedule).catch(() => null);
    if (asked !== this.#asked || !levels) return;
    this.#levels = levels;
    this.#drawn = "";
    this.requestUpdate();
  }

  override updated(_changed: PropertyValues): void {
    const canvas = this.renderRoot.querySelector("canvas")!;
    if (!this.#observer) {
      this.#observer = new ResizeObserver(() => this.#paint());
      this.#observer.observe(canvas);
    }
    this.#paint();
  }

  #paint(): void {
    const canvas = this.renderRoot.querySelector("canvas");
    const { strip } = this.store;
    if (!canvas || !canvas.clientWidth) return;
    const ratio = Math.min(3, devicePixelRatio || 1);
    const key = `${canvas.clientWidth} ${ratio} ${this.store.dataset}`;
    if (key === this.#drawn || !strip) return;
    this.#drawn = key;
    const count = Math.min(strip.labels.length, Math.max(6, Math.floor(canvas.clientWidth / TILE)));
    const cell = canvas.clientWidth / (count - GAP);
    canvas.width = Math.round(canvas.clientWidth * ratio);
    canvas.height = Math.round(2 * cell * ratio);
    canvas.style.height = `${2 * cell}px`;
    const context = canvas.getContext("2d")!;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const tones = tonesOf(this.renderRoot, this.store.dataset !== "own");
    const { side, channels } = strip;
    this.#tiles.paint(context, strip, { x: 0, y: 0, cell, columns: count }, tones, { first: 0, count });
    if (!this.#levels) return;
    const noised = { pixels: withNoise(strip, count, this.#levels), side, channels };
    this.#tiles.paint(context, noised, { x: 0, y: cell, cell, columns: count }, tones, { first: 0, count });
  }

  protected override render(): TemplateResult {
    const { words, strip, text } = this.store;
    const { data } = words;
    const label = strip ? `${data.stripClean}. ${data.stripNoised}.` : data.stripEmpty;
    return html`
      <h2>${data.strip}</h2>
      <canvas role="img" aria-label=${label} ?hidden=${!strip}></canvas>
      <p class="scale quiet number" aria-hidden="true" ?hidden=${!strip}>
        <span>${data.stripScale(text.number.whole(0))}</span><span>${data.stripNoised}</span><span>${data.stripScale(text.number.whole((this.#levels?.signal.length ?? 1000) - 1))}</span>
      </p>
      <p class="quiet" ?hidden=${strip !== null}>${data.stripEmpty}</p>
      <span class="probe"></span>
    `;
  }
}

/** The first image at t = 0, the last at the end of the schedule, always with the same noise. */
function withNoise({ pixels, side, channels }: ImageStrip, count: number, { signal, noise }: ScheduleTable): Uint8Array {
  const size = side * side * channels;
  const out = new Uint8ClampedArray(count * size);
  const next = random(7);
  for (let i = 0; i < count; i++) {
    const t = Math.round(((signal.length - 1) * i) / Math.max(1, count - 1));
    for (let p = 0; p < size; p++) {
      const clean = pixels[i * size + p]! / 127.5 - 1;
      out[i * size + p] = (signal[t]! * clean + noise[t]! * normal(next) + 1) * 127.5;
    }
  }
  return new Uint8Array(out.buffer);
}

customElements.define("unnoise-digits-strip", DigitsStrip);
