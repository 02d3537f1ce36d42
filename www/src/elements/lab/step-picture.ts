/** What one step does to one sample, as a picture: points with an arrow, or three images with a pixel marked. */
import { css, html, nothing, type TemplateResult } from "lit";
import { GAP, Tiles, type Images } from "../../draw/tiles";
import type { ImageConfig } from "../../engine-types";
import type { StepsStrings } from "../../strings/lab-steps.en";
import { base } from "../../styles/base";
import { PaintedElement } from "./painted";
import { tonesOf } from "../digits/tones";
import { nearest, paintStep, type StepColours } from "./step-points";
import { trackOf, type StepRun } from "./step-run";

type Kind = "x" | "clean" | "next";
const KINDS: readonly Kind[] = ["x", "clean", "next"];
/** Half the width of the world of points, in units of the data's scale. */
const HALF = 2.75;

export class StepPicture extends PaintedElement {
  static override properties = {
    ...PaintedElement.properties,
    run: { attribute: false },
    row: { attribute: false },
    sample: { attribute: false },
    pixel: { attribute: false },
    words: { attribute: false },
    images: { attribute: false },
    points: { attribute: false },
  };
  static override topics = [] as const;
  static override styles = [
    base,
    css`
      canvas {
        display: block;
        width: 100%;
      }
      .plate {
        aspect-ratio: 1;
        border: 1px solid var(--line);
        border-radius: 3px;
        cursor: crosshair;
      }
      .tiles {
        display: grid;
        grid-template-columns: repeat(3, minmax(0, 1fr));
        gap: 0.5rem;
        text-align: center;
      }
      .tiles canvas {
        aspect-ratio: 1;
        border-radius: 2px;
        cursor: crosshair;
      }
      .key {
        display: flex;
        flex-wrap: wrap;
        gap: 0.25rem 1.25rem;
        margin-top: 0.5rem;
      }
      .key span {
        display: inline-flex;
        align-items: center;
        gap: 0.375rem;
      }
      .key svg {
        width: 0.875rem;
        height: 0.875rem;
        stroke-width: 2;
      }
      .probe {
        position: absolute;
        visibility: hidden;
      }
    `,
  ];

  declare run: StepRun;
  declare row: number;
  declare sample: number;
  declare pixel: readonly [number, number];
  declare words: StepsStrings;
  declare images: ImageConfig | null;
  declare points: Float32Array | null;
  #tiles = new Tiles();

  /** The second evaluation of a step, at the place where the first led. */
  get #second(): boolean {
    const row = this.run.table.rows[this.row]!;
    return this.run.process.sampler === "heun" && row.c_1 !== 0;
  }

  get #half(): number {
    return HALF * Math.max(1, Number(this.store.settings?.["data.scale"] ?? 1));
  }

  #colours(): StepColours {
    const probe = this.renderRoot.querySelector<HTMLElement>(".probe")!;
    const colour = (name: string): string => {
      probe.style.color = `var(--${name})`;
      return getComputedStyle(probe).color;
    };
    return { plate: colour("plate"), grid: colour("line"), data: colour("data"), samples: colour("samples"), ink: colour("ink"), label: colour("ink"), font: getComputedStyle(probe).fontFamily };
  }

  protected paint(): void {
    const ratio = Math.min(3, devicePixelRatio || 1);
    for (const canvas of this.renderRoot.querySelectorAll("canvas")) {
      if (!canvas.clientWidth) return;
      canvas.width = Math.round(canvas.clientWidth * ratio);
      canvas.height = Math.round(canvas.clientHeight * ratio);
      if (this.images) this.#paintTile(canvas, canvas.dataset["kind"] as Kind);
    }
    const plate = this.renderRoot.querySelector<HTMLCanvasElement>(".plate");
    if (!plate) return;
    const { frames, count } = this.run.drawn;
    const clean = trackOf(this.run, this.sample, [0, 1]).clean[this.row]!;
    const points = { frames, count, frame: this.row, tracked: this.sample, clean, data: this.points ?? new Float32Array(0), half: this.#half };
    paintStep(plate, ratio, points, this.#colours());
  }

  #paintTile(canvas: HTMLCanvasElement, kind: Kind): void {
    const { side, channels } = this.images!;
    const { frames, predicted, count, dim } = this.run.drawn;
    const scale = Number(this.store.settings?.["images.scale"] ?? 1) || 1;
    const [list, frame] = kind === "clean" ? [predicted, this.row + 1] : [frames, kind === "x" ? this.row : this.row + 1];
    const begin = (frame * count + this.sample) * dim;
    const pixels = Uint8ClampedArray.from(list.subarray(begin, begin + dim), (v) => (v / scale + 1) * 127.5);
    const image: Images = { pixels: new Uint8Array(pixels.buffer), side, channels };
    const context = canvas.getContext("2d")!;
    const cell = canvas.width / (1 - GAP);
    this.#tiles.paint(context, image, { x: 0, y: 0, cell, columns: 1 }, tonesOf(this.renderRoot, this.store.settings?.["images.dataset"] !== "own"), { first: 0, count: 1 });
    const size = canvas.width / side;
    context.strokeStyle = this.#colours().samples;
    context.lineWidth = Math.max(2, size / 5);
    context.strokeRect(this.pixel[1] * size, this.pixel[0] * size, size, size);
  }

  #tell(detail: { sample?: number; pixel?: [number, number] }): void {
    this.dispatchEvent(new CustomEvent("track", { detail }));
  }

  #pickPoint = (event: MouseEvent): void => {
    const canvas = event.currentTarget as HTMLCanvasElement;
    const { frames, count } = this.run.drawn;
    this.#tell({ sample: nearest({ frames, count, frame: this.row, half: this.#half }, canvas.clientWidth, canvas.clientHeight, event.offsetX, event.offsetY) });
  };

  #pickPixel = (event: MouseEvent): void => {
    const canvas = event.currentTarget as HTMLCanvasElement;
    const at = (offset: number): number => Math.min(this.images!.side - 1, Math.max(0, Math.floor((offset / canvas.clientWidth) * this.images!.side)));
    this.#tell({ pixel: [at(event.offsetY), at(event.offsetX)] });
  };

  #describe(): string {
    const { number } = this.store.text;
    const coordinates = this.images ? [(this.pixel[0] * this.images.side + this.pixel[1]) * this.images.channels] : [0, 1];
    const { x, clean } = trackOf(this.run, this.sample, coordinates);
    const say = (value: readonly number[]): string => value.map((v) => number.fixed(v, 2)).join("; ");
    const whole = (value: number): string => number.whole(value);
    return this.words.picture(whole(this.row + 1), whole(this.run.table.rows.length), whole(this.sample + 1), say(x[this.row]!), say(x[this.row + 1]!), say(clean[this.row]!));
  }

  #key(): TemplateResult {
    const { key } = this.words;
    return html`<p class="key quiet">
      <span><svg viewBox="-7 -7 14 14" aria-hidden="true"><circle r="5" fill="var(--samples)" stroke="var(--ink)" /></svg>${key.x}</span>
      <span><svg viewBox="-7 -7 14 14" aria-hidden="true"><path d="M0-6 6 0 0 6-6 0z" fill="var(--plate)" stroke="var(--ink)" /></svg>${key.clean}</span>
      <span><svg viewBox="-7 -7 14 14" aria-hidden="true"><circle r="5" fill="var(--plate)" stroke="var(--samples)" /></svg>${key.next}</span>
      <span><svg viewBox="-7 -7 14 14" aria-hidden="true"><path d="M-7 3-2-3 2 3 7-3" fill="none" stroke="var(--data)" /></svg>${key.way}</span>
    </p>`;
  }

  protected override render(): TemplateResult | typeof nothing {
    if (!this.run) return nothing;
    const label = this.#describe();
    const { tiles } = this.words;
    return html`<span class="probe"></span>
      ${this.images
        ? html`<div class="tiles" role="img" aria-label=${label}>
            ${KINDS.map((kind) => html`<div><canvas data-kind=${kind} @click=${this.#pickPixel}></canvas><span class="quiet">${kind === "x" && this.#second ? tiles.second : tiles[kind]}</span></div>`)}
          </div>`
        : html`<canvas class="plate" role="img" aria-label=${label} @click=${this.#pickPoint}></canvas>${this.#key()}`}`;
  }
}

customElements.define("unnoise-step-picture", StepPicture);
