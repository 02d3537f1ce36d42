/**
 * The board on which one marks what the model is to forget: with mouse, finger or keyboard. It changes the mask it was given and
 * fires `marked`; `width` is asked for by [ and ].
 */
import { css, html, LitElement, type PropertyValues, type TemplateResult } from "lit";
import { Tiles, type Tones } from "../../draw/tiles";
import type { LabEditStrings } from "../../strings/lab-edit";
import type { Numbers } from "../../strings";
import { base } from "../../styles/base";
import { toBytes, type Shape } from "./edit-images";
import type { Mask } from "./edit-mask";

export const WIDTHS = { least: 1, most: 11, step: 2 };
const MOVES: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const WHOLE = 1 / 0.94;

export class Brush extends LitElement {
  static override properties = {
    pixels: { attribute: false },
    shape: { attribute: false },
    tones: { attribute: false },
    mask: { attribute: false },
    words: { attribute: false },
    number: { attribute: false },
    width: { type: Number },
    forget: { type: Boolean },
    version: { attribute: false },
  };
  static override styles = [
    base,
    css`
      :host {
        position: relative;
      }
      canvas {
        display: block;
        width: 100%;
        aspect-ratio: 1;
        border: 1px solid var(--line);
        border-radius: 3px;
        background: var(--tile);
        cursor: crosshair;
        touch-action: none;
      }
      .where {
        min-height: 1.25rem;
      }
      /* A finger beside the board still scrolls the page. */
      @media (pointer: coarse) {
        canvas {
          max-width: 18rem;
        }
      }
      .probe {
        position: absolute;
        visibility: hidden;
      }
    `,
  ];
  declare pixels: Float32Array | null;
  declare shape: Shape;
  declare tones: Tones | null;
  declare mask: Mask;
  declare words: LabEditStrings;
  declare number: Numbers;
  declare width: number;
  declare forget: boolean;
  /** Another one whenever the mask may have changed from outside. */
  declare version: object;
  #tiles = new Tiles();
  #cursor = { x: 0, y: 0, shown: false, keyed: false };
  /** Where the pointer was last while it draws. */
  #from: [number, number] | null = null;
  #observer: ResizeObserver | null = null;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#observer?.disconnect();
    this.#observer = null;
  }

  override willUpdate(changed: PropertyValues): void {
    if (!changed.has("mask")) return;
    const middle = Math.floor(this.mask.side / 2);
    this.#cursor = { x: middle, y: middle, shown: false, keyed: false };
  }

  override updated(): void {
    const canvas = this.#canvas;
    if (!this.#observer) {
      this.#observer = new ResizeObserver(() => this.#paint());
      this.#observer.observe(canvas);
    }
    this.#paint();
  }

  get #canvas(): HTMLCanvasElement {
    return this.renderRoot.querySelector("canvas")!;
  }

  #marked(): void {
    this.dispatchEvent(new CustomEvent("marked"));
    this.requestUpdate();
  }

  // Pointer

  #pixelOf(event: PointerEvent): [number, number] {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    const place = (at: number, size: number): number => Math.min(this.mask.side - 1, Math.max(0, Math.floor((at / size) * this.mask.side)));
    return [place(event.clientX - left, width), place(event.clientY - top, height)];
  }

  #down = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    this.#canvas.setPointerCapture(event.pointerId);
    this.mask.remember();
    this.#from = this.#pixelOf(event);
    this.#draw(this.#from);
  };

  #move = (event: PointerEvent): void => {
    const [x, y] = this.#pixelOf(event);
    if (x !== this.#cursor.x || y !== this.#cursor.y || !this.#cursor.shown) {
      this.#cursor = { x, y, shown: true, keyed: false };
      this.requestUpdate();
    }
    if (this.#from) this.#draw([x, y]);
  };

  #draw([x, y]: [number, number]): void {
    const [x0, y0] = this.#from!;
    this.mask.stroke(x0, y0, x, y, this.width, this.forget);
    this.#from = [x, y];
    this.#cursor = { x, y, shown: true, keyed: false };
    this.#marked();
  }

  #up = (): void => void (this.#from = null);

  #leave = (): void => {
    if (this.#from) return;
    this.#cursor.shown = false;
    this.requestUpdate();
  };

  // Keyboard

  #key = (event: KeyboardEvent): void => {
    if (event.altKey) return;
    const { side } = this.mask;
    const move = MOVES[event.key];
    const { x, y } = this.#cursor;
    if (event.ctrlKey || event.metaKey) {
      if (event.key.toLowerCase() !== "z" || event.shiftKey) return;
      this.mask.undo();
      this.#marked();
    } else if (move) {
      const [nextX, nextY] = [Math.min(side - 1, Math.max(0, x + move[0])), Math.min(side - 1, Math.max(0, y + move[1]))];
      if (event.shiftKey) {
        this.mask.remember();
        this.mask.stroke(x, y, nextX, nextY, this.width, this.forget);
      }
      this.#cursor = { x: nextX, y: nextY, shown: true, keyed: true };
      if (event.shiftKey) this.#marked();
    } else if (event.key === " ") {
      this.mask.remember();
      this.mask.stroke(x, y, x, y, this.width, !this.mask.at(x, y));
      this.#cursor = { x, y, shown: true, keyed: true };
      this.#marked();
    } else if (event.key === "[" || event.key === "]") {
      const width = this.width + (event.key === "[" ? -WIDTHS.step : WIDTHS.step);
      this.dispatchEvent(new CustomEvent("width", { detail: Math.min(WIDTHS.most, Math.max(WIDTHS.least, width)) }));
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    this.requestUpdate();
  };

  #focus = (): void => {
    if (!this.#canvas.matches(":focus-visible")) return;
    this.#cursor = { ...this.#cursor, shown: true, keyed: true };
    this.requestUpdate();
  };

  #blur = (): void => {
    this.#cursor = { ...this.#cursor, shown: false, keyed: false };
    this.requestUpdate();
  };

  // Picture

  #paint(): void {
    const canvas = this.#canvas;
    const { pixels, shape, tones, mask } = this;
    if (!canvas?.clientWidth || !pixels || !tones) return;
    const size = Math.round(canvas.clientWidth * Math.min(3, devicePixelRatio || 1));
    canvas.width = canvas.height = size;
    const context = canvas.getContext("2d")!;
    const { side, channels, scale } = shape;
    this.#tiles.paint(context, { pixels: toBytes(pixels, scale), side, channels }, { x: 0, y: 0, cell: size * WHOLE, columns: 1 }, tones, { first: 0, count: 1 });
    const cell = size / side;
    const edge = Math.max(1, size / 200);
    const forgotten = new Path2D();
    const outline = new Path2D();
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        if (!mask.at(x, y)) continue;
        forgotten.rect(x * cell, y * cell, cell, cell);
        border(outline, x, y, cell, (column, row) => column >= 0 && row >= 0 && column < side && row < side && mask.at(column, row));
      }
    }
    context.fillStyle = this.#colour("plate");
    context.fill(forgotten);
    context.save();
    context.clip(forgotten);
    context.strokeStyle = this.#colour("samples");
    context.lineWidth = edge * 0.75;
    context.globalAlpha = 0.55;
    const gap = size / 36;
    for (let at = -size; at < size; at += gap) {
      context.beginPath();
      context.moveTo(at, size);
      context.lineTo(at + size, 0);
      context.stroke();
    }
    context.restore();
    context.strokeStyle = this.#colour("samples");
    context.lineWidth = edge * 1.5;
    context.stroke(outline);
    if (this.#cursor.shown) this.#paintCursor(context, cell, edge);
  }

  #paintCursor(context: CanvasRenderingContext2D, cell: number, edge: number): void {
    const { x, y, keyed } = this.#cursor;
    const { side } = this.mask;
    const under = new Set(this.mask.under(x, y, this.width));
    const outline = new Path2D();
    for (const pixel of under) {
      border(outline, pixel % side, Math.floor(pixel / side), cell, (column, row) => column >= 0 && row >= 0 && column < side && row < side && under.has(row * side + column));
    }
    context.lineWidth = edge * 3;
    context.strokeStyle = this.#colour("plate");
    context.stroke(outline);
    context.lineWidth = edge * (keyed ? 1.75 : 1.25);
    context.strokeStyle = this.#colour(keyed ? "focus" : "ink");
    context.stroke(outline);
  }

  #colour(name: string): string {
    const probe = this.renderRoot.querySelector<HTMLElement>(".probe")!;
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  }

  protected override render(): TemplateResult {
    const { inpaint } = this.words;
    const { x, y, keyed } = this.#cursor;
    const where = keyed ? inpaint.cursor(this.number.whole(y + 1), this.number.whole(x + 1), this.mask.at(x, y)) : "";
    const counted = inpaint.counted(this.number.whole(this.mask.count), this.number.whole(this.mask.side ** 2));
    return html`
      <canvas tabindex="0" role="application" aria-label=${inpaint.canvas} aria-roledescription=${inpaint.role} aria-describedby="help"
        @pointerdown=${this.#down} @pointermove=${this.#move} @pointerup=${this.#up} @pointercancel=${this.#up} @pointerleave=${this.#leave}
        @keydown=${this.#key} @focus=${this.#focus} @blur=${this.#blur}></canvas>
      <span class="probe"></span>
      <p class="where quiet number" aria-hidden="true">${where || counted}</p>
      <p class="visually-hidden" role="status">${where}</p>
      <p class=${keyed ? "quiet" : "visually-hidden"} id="help">${inpaint.help}</p>
    `;
  }
}

/** Adds those edges of a cell beyond which `inside` does not hold. */
function border(path: Path2D, x: number, y: number, cell: number, inside: (x: number, y: number) => boolean): void {
  const line = (x0: number, y0: number, x1: number, y1: number): void => {
    path.moveTo(x0 * cell, y0 * cell);
    path.lineTo(x1 * cell, y1 * cell);
  };
  if (!inside(x, y - 1)) line(x, y, x + 1, y);
  if (!inside(x, y + 1)) line(x, y + 1, x + 1, y + 1);
  if (!inside(x - 1, y)) line(x, y, x, y + 1);
  if (!inside(x + 1, y)) line(x + 1, y, x + 1, y + 1);
}

customElements.define("unnoise-brush", Brush);
