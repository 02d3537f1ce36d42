/** One image of the engine's, as a tile that fills its width. */
import { css, html, LitElement, type PropertyValues, type TemplateResult } from "lit";
import { Tiles, type Tones } from "../../draw/tiles";
import { base } from "../../styles/base";
import { toBytes, type Shape } from "./edit-images";

/** The picture is kept this many times as large as it is; the browser makes it smaller smoothly. */
const ENLARGE = 6;
/** A cell that leaves no gap. */
const WHOLE = 1 / 0.94;

export class Picture extends LitElement {
  static override properties = { pixels: { attribute: false }, shape: { attribute: false }, tones: { attribute: false }, label: {} };
  static override styles = [
    base,
    css`
      :host {
        aspect-ratio: 1;
        background: var(--tile);
      }
      canvas {
        display: block;
        width: 100%;
        height: 100%;
      }
    `,
  ];
  declare pixels: Float32Array | null;
  declare shape: Shape;
  declare tones: Tones;
  /** What it shows, for those who do not see it; empty where the words beside it say so. */
  declare label: string;
  #tiles = new Tiles();

  constructor() {
    super();
    this.pixels = null;
    this.label = "";
  }

  override updated(changed: PropertyValues): void {
    if (!["pixels", "shape", "tones"].some((name) => changed.has(name)) || !this.tones) return;
    const canvas = this.renderRoot.querySelector("canvas")!;
    const { side, channels, scale } = this.shape;
    canvas.width = canvas.height = ENLARGE * side;
    if (!this.pixels) return;
    const place = { x: 0, y: 0, cell: canvas.width * WHOLE, columns: 1 };
    this.#tiles.paint(canvas.getContext("2d")!, { pixels: toBytes(this.pixels, scale), side, channels }, place, this.tones, { first: 0, count: 1 });
  }

  protected override render(): TemplateResult {
    return this.label ? html`<canvas role="img" aria-label=${this.label}></canvas>` : html`<canvas aria-hidden="true"></canvas>`;
  }
}

customElements.define("unnoise-picture", Picture);
