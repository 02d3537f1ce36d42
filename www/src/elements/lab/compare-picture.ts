/** The samples of one column at one place between noise and data. */
import { css, html, type TemplateResult } from "lit";
import { GAP, Tiles } from "../../draw/tiles";
import type { ImageConfig } from "../../engine-types";
import { base } from "../../styles/base";
import type { Drawn } from "../../worker/ask";
import { tonesOf } from "../digits/tones";
import { PaintedElement } from "./painted";

/** Half the width of the world of points, in units of the data's scale. */
const HALF = 2.75;
const COLUMNS = 5;
const DATA_SHOWN = 1500;

export class ComparePicture extends PaintedElement {
  static override properties = { ...PaintedElement.properties, drawn: { attribute: false }, position: { attribute: false }, images: { attribute: false }, points: { attribute: false }, label: {} };
  static override topics = [] as const;
  static override styles = [
    base,
    css`
      canvas {
        display: block;
        width: 100%;
        border: 1px solid var(--line);
        border-radius: 3px;
        background: var(--plate);
      }
      .probe {
        position: absolute;
        visibility: hidden;
      }
    `,
  ];

  declare drawn: Drawn | null;
  declare position: number;
  declare images: ImageConfig | null;
  declare points: Float32Array | null;
  declare label: string;
  #tiles = new Tiles();
  /** All frames as bytes, made once. */
  #bytes: { of: Drawn; pixels: Uint8Array } | null = null;

  /** Two frames and how far it is from the first to the second. */
  #place({ frameCount }: Drawn): { first: number; second: number; mix: number } {
    const at = this.position * (frameCount - 1);
    const first = Math.min(frameCount - 1, Math.floor(at));
    return { first, second: Math.min(frameCount - 1, first + 1), mix: at - first };
  }

  protected paint(): void {
    const canvas = this.renderRoot.querySelector("canvas");
    const context = canvas?.getContext("2d");
    if (!canvas || !context || !canvas.clientWidth) return;
    const ratio = Math.min(3, devicePixelRatio || 1);
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (this.images) this.#paintImages(context, width);
    else this.#paintPoints(context, width, height);
  }

  #paintImages(context: CanvasRenderingContext2D, width: number): void {
    const { drawn } = this;
    if (!drawn) return;
    const { side, channels } = this.images!;
    const scale = Number(this.store.settings?.["images.scale"] ?? 1) || 1;
    if (this.#bytes?.of !== drawn) this.#bytes = { of: drawn, pixels: new Uint8Array(Uint8ClampedArray.from(drawn.frames, (v) => (v / scale + 1) * 127.5).buffer) };
    const { first, second, mix } = this.#place(drawn);
    const cell = (width - 12) / (COLUMNS - GAP);
    const tones = tonesOf(this.renderRoot, this.store.settings?.["images.dataset"] !== "own");
    this.#tiles.paint(context, { pixels: this.#bytes.pixels, side, channels }, { x: 6, y: 6, cell, columns: COLUMNS }, tones, { first: first * drawn.count, count: drawn.count, second: second * drawn.count, mix });
  }

  #paintPoints(context: CanvasRenderingContext2D, width: number, height: number): void {
    const probe = this.renderRoot.querySelector<HTMLElement>(".probe")!;
    const colour = (name: string): string => {
      probe.style.color = `var(--${name})`;
      return getComputedStyle(probe).color;
    };
    const scale = Math.min(width, height) / (2 * HALF * Math.max(1, Number(this.store.settings?.["data.scale"] ?? 1)));
    const dot = (x: number, y: number, r: number): void => {
      const [px, py] = [width / 2 + x * scale, height / 2 - y * scale];
      context.moveTo(px + r, py);
      context.arc(px, py, r, 0, 7);
    };
    context.fillStyle = colour("plate");
    context.fillRect(0, 0, width, height);
    context.globalAlpha = 0.45;
    context.fillStyle = colour("data");
    const data = this.points ?? new Float32Array(0);
    context.beginPath();
    for (let i = 0; i < Math.min(DATA_SHOWN, data.length / 2); i++) dot(data[2 * i]!, data[2 * i + 1]!, 0.7);
    context.fill();
    context.globalAlpha = 1;
    if (!this.drawn) return;
    const { frames, count } = this.drawn;
    const { first, second, mix } = this.#place(this.drawn);
    context.fillStyle = colour("samples");
    context.beginPath();
    for (let i = 0; i < count; i++) {
      const [a, b] = [2 * (first * count + i), 2 * (second * count + i)];
      dot(frames[a]! * (1 - mix) + frames[b]! * mix, frames[a + 1]! * (1 - mix) + frames[b + 1]! * mix, 1.5);
    }
    context.fill();
  }

  protected override render(): TemplateResult {
    const rows = Math.ceil((this.drawn?.count ?? 20) / COLUMNS);
    const shape = this.images ? `${COLUMNS} / ${rows}` : "1";
    return html`<span class="probe"></span><canvas role="img" aria-label=${this.label} style="aspect-ratio: ${shape}"></canvas>`;
  }
}

customElements.define("unnoise-compare-picture", ComparePicture);
