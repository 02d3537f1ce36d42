/** The plate: data and samples on a canvas, with legend and caption. */
import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { Scene, type Palette } from "../draw/scene";
import type { DatasetName } from "../engine-types";
import type { Topic } from "../state/board";
import type { Store } from "../state/store";
import { base, controls } from "../styles/base";
import { icons } from "./icons";
import { StoreElement } from "./store-element";

/** The spoken description follows the picture, but not at every frame. */
const DESCRIBE_EVERY_MS = 2000;

export class Stage extends StoreElement<Store> {
  static override topics = ["state", "settings", "clip", "time", "data"] as const;
  static override styles = [
    base,
    controls,
    css`
      :host {
        position: relative;
        overflow: hidden;
        background: var(--plate);
        border: 1px solid var(--line);
        border-radius: 3px;
        height: var(--stage-height, 32rem);
      }
      canvas {
        display: block;
        width: 100%;
        height: 100%;
      }
      .over {
        position: absolute;
        left: 0.75rem;
        right: 0.75rem;
        top: 0.5rem;
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        align-items: start;
        gap: 0.25rem 1rem;
        pointer-events: none;
      }
      .legend {
        display: flex;
        gap: 1rem;
        line-height: 2rem;
        font-size: 0.8125rem;
      }
      .legend {
        padding: 0 0.5rem;
        margin-left: -0.5rem;
        background: color-mix(in srgb, var(--plate) 80%, transparent);
      }
      .legend li {
        display: flex;
        align-items: center;
        gap: 0.5rem;
      }
      .legend svg {
        width: 1.125rem;
        height: 0.75rem;
        overflow: visible;
      }
      .over button {
        pointer-events: auto;
      }
      @media (max-width: 40rem) {
        .over {
          flex-wrap: nowrap;
        }
        .legend {
          flex-wrap: wrap;
          gap: 0 0.75rem;
          line-height: 1.5rem;
        }
        .draw {
          min-width: 2.75rem;
          padding: 0;
        }
        .draw span {
          position: absolute;
          width: 1px;
          height: 1px;
          overflow: hidden;
          clip-path: inset(50%);
          white-space: nowrap;
        }
      }
      .probe {
        position: absolute;
        visibility: hidden;
      }
    `,
  ];

  #scene: Scene | null = null;
  #frame = 0;
  #observer: ResizeObserver | null = null;
  #described = 0;
  #media = matchMedia("(prefers-color-scheme: dark)");
  #recolour = (): void => this.#applyPalette();

  override connectedCallback(): void {
    super.connectedCallback();
    this.#media.addEventListener("change", this.#recolour);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#observer?.disconnect();
    this.#media.removeEventListener("change", this.#recolour);
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#scene = null;
  }

  /** To be called when the theme was changed by hand. */
  themeChanged(): void {
    this.#applyPalette();
  }

  protected override changed(topic: Topic): void {
    if (topic === "data") this.#scene?.setData(this.store.data?.points ?? new Float32Array(0));
    this.#wake();
    if (topic !== "time") this.requestUpdate();
  }

  override updated(_changed: PropertyValues): void {
    const canvas = this.renderRoot.querySelector("canvas");
    if (!canvas || this.#scene) return;
    this.#scene = new Scene(canvas, this.#colours());
    this.#scene.setData(this.store.data?.points ?? new Float32Array(0));
    this.#observer = new ResizeObserver(([entry]) => {
      if (!entry || !this.#scene) return;
      const { width, height } = entry.contentRect;
      this.#scene.resize(width, height, Math.min(3, devicePixelRatio || 1));
      this.#paint();
    });
    this.#observer.observe(canvas);
  }

  #colours(): Palette {
    const colour = (name: string): string => {
      const probe = this.renderRoot.querySelector<HTMLElement>(".probe")!;
      probe.style.color = `var(--${name})`;
      return getComputedStyle(probe).color;
    };
    return { plate: colour("plate"), grid: colour("line"), tick: colour("ink-3"), data: colour("data"), samples: colour("samples") };
  }

  #applyPalette(): void {
    if (!this.#scene) return;
    this.#scene.setPalette(this.#colours());
    this.#paint();
  }

  #paint(): void {
    if (!this.store) return;
    this.#scene?.paint(this.store.playback, String(this.store.settings?.["view.paths"] ?? "trail"));
  }

  /** Draws now and goes on frame by frame for as long as something moves. */
  #wake(): void {
    if (this.#frame) return;
    const turn = (now: number): void => {
      this.#frame = 0;
      const { playback } = this.store;
      const moved = playback.tick(now);
      this.#paint();
      if (moved) this.store.emit("time");
      if (playback.animating && !this.#frame) this.#frame = requestAnimationFrame(turn);
    };
    this.#frame = requestAnimationFrame(turn);
  }

  #description: string | null = null;

  #describe(): string {
    const now = performance.now();
    if (this.#description !== null && now - this.#described < DESCRIBE_EVERY_MS) return this.#description;
    this.#described = now;
    const { data, playback, settings, text } = this.store;
    const { ui, number } = text;
    const dataset = ui.datasets.names[(settings?.["data.dataset"] ?? "two_moons") as DatasetName];
    const points = number.whole((data?.points.length ?? 0) / 2);
    const { clip } = playback;
    this.#description = clip
      ? ui.stage.describe({
          dataset,
          data: points,
          samples: number.whole(clip.count),
          timestep: number.whole(playback.timestep ?? 0),
          step: number.whole(clip.step),
          distance: number.reading(clip.quality),
        })
      : ui.stage.describeEmpty(dataset, points);
    return this.#description;
  }

  protected override render(): TemplateResult {
    const { playback, text, phase, settings } = this.store;
    const { ui } = text;
    const { clip } = playback;
    return html`
      <canvas role="img" aria-label=${this.#describe()}></canvas>
      <span class="probe"></span>
      <div class="over">
        <ul class="legend" aria-hidden="true">
          <li><svg viewBox="0 0 18 12"><g fill="var(--data)"><rect x="1" y="7" width="2" height="2" /><rect x="5" y="2" width="2" height="2" /><rect x="9" y="8" width="2" height="2" /><rect x="13" y="4" width="2" height="2" /></g></svg>${ui.stage.data}</li>
          <li><svg viewBox="0 0 18 12"><g fill="var(--samples)"><circle cx="4" cy="8" r="2.2" /><circle cx="13" cy="4" r="2.2" /></g></svg>${ui.stage.samples}</li>
          ${settings?.["view.paths"] === "off"
            ? nothing
            : html`<li class="path"><svg viewBox="0 0 18 12"><path d="M1 3c4-2 6 6 16 7" fill="none" stroke="var(--samples)" opacity=".7" /></svg>${ui.stage.paths}</li>`}
        </ul>
        <button type="button" class="draw" title=${ui.stage.drawHint} ?disabled=${phase !== "ready"} @click=${() => void this.store.drawAgain()}>
          ${icons.dice}<span>${clip ? ui.stage.drawShort : ui.stage.draw}</span>
        </button>
      </div>
    `;
  }
}

customElements.define("unnoise-stage", Stage);
