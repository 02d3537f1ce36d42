/** The samples: a grid that denoises, its parts in step with the time bar, and a close look at one sample. */
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { GAP, Tiles, type Images, type Tones } from "../../draw/tiles";
import { COLUMNS, SHOWN, type Shown } from "../../state/digits-settings";
import type { DigitsStore } from "../../state/digits-store";
import type { Topic } from "../../state/board";
import { base, controls } from "../../styles/base";
import { gridStyles } from "../../styles/digits";
import type { ImageClip } from "../../worker/protocol";
import { icons } from "../icons";
import { StoreElement } from "../store-element";
import { tonesOf } from "./tones";

/** The spoken description follows the picture, but not at every frame. */
const DESCRIBE_EVERY_MS = 2000;
/** Space above the columns for the names of their classes, in CSS pixels. */
const HEAD = 20;
/** Side of a sample looked at closely, in CSS pixels. */
const CLOSE = 112;
/** Grids narrower than this have the close look at their edge. */
const NARROW = 480;

interface Placed {
  kind: "noisy" | "clean";
  x: number;
  y: number;
}

export class DigitsGrid extends StoreElement<DigitsStore> {
  static override topics = ["state", "settings", "clip", "time"] as const;
  static override styles = [base, controls, gridStyles];

  #tiles = new Tiles();
  #frame = 0;
  #observer: ResizeObserver | null = null;
  #ratio = 1;
  #cell = 0;
  #places: Placed[] = [];
  #selected: number | null = null;
  #tones: Tones | null = null;
  #media = matchMedia("(prefers-color-scheme: dark)");
  #recolour = (): void => this.themeChanged();
  #description = "";
  #described = -Infinity;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#media.addEventListener("change", this.#recolour);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#media.removeEventListener("change", this.#recolour);
    this.#observer?.disconnect();
    this.#observer = null;
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
  }

  themeChanged(): void {
    this.#tones = null;
    this.#paint();
  }

  get #clip(): ImageClip | null {
    return this.store.playback.clip as ImageClip | null;
  }

  get #shown(): Shown {
    return (this.store.settings?.["view.shown"] ?? "noisy") as Shown;
  }

  protected override changed(topic: Topic): void {
    if (topic === "settings") this.#tones = null;
    this.#wake();
    if (topic !== "time") this.requestUpdate();
  }

  override updated(_changed: PropertyValues): void {
    const canvas = this.renderRoot.querySelector<HTMLCanvasElement>("canvas.grid")!;
    if (!this.#observer) {
      this.#observer = new ResizeObserver(() => this.#resize(canvas));
      this.#observer.observe(canvas);
    }
    this.#paint();
  }

  #resize(canvas: HTMLCanvasElement): void {
    this.#ratio = Math.min(3, devicePixelRatio || 1);
    canvas.width = Math.max(1, Math.round(canvas.clientWidth * this.#ratio));
    canvas.height = Math.max(1, Math.round(canvas.clientHeight * this.#ratio));
    this.#paint();
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

  /** Where the grids stand, in CSS pixels: side by side or one above the other, whichever is larger. */
  #arrange(width: number, height: number, rows: number): void {
    const kinds: Placed["kind"][] = this.#shown === "both" ? ["noisy", "clean"] : [this.#shown as Placed["kind"]];
    const n = kinds.length;
    const between = n > 1 ? 16 : 0;
    const beside = Math.min((width - between) / n / COLUMNS, (height - HEAD) / rows);
    const stacked = Math.min(width / COLUMNS, (height - between - n * HEAD) / n / rows);
    const across = beside >= stacked;
    const cell = Math.floor(Math.max(beside, stacked));
    const [w, h] = [cell * COLUMNS, cell * rows + HEAD];
    const [columns, lines] = across ? [n, 1] : [1, n];
    const left = Math.round((width - columns * w - (columns - 1) * between) / 2 + (cell * GAP) / 2);
    const top = Math.round((height - lines * h - (lines - 1) * between) / 2);
    this.#cell = cell;
    this.#places = kinds.map((kind, i) => ({ kind, x: left + (across ? i * (w + between) : 0), y: top + HEAD + (across ? 0 : i * (h + between)) }));
  }

  #paint(): void {
    const canvas = this.renderRoot.querySelector<HTMLCanvasElement>("canvas.grid");
    const context = canvas?.getContext("2d");
    if (!canvas || !context || !this.store) return;
    const [width, height] = [canvas.width / this.#ratio, canvas.height / this.#ratio];
    context.setTransform(this.#ratio, 0, 0, this.#ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const clip = this.#clip;
    const count = clip?.count ?? Number(this.store.settings?.["sample.num_samples"] ?? 80);
    this.#arrange(width, height, Math.ceil(count / COLUMNS));
    this.#tones ??= tonesOf(this.renderRoot, this.store.dataset !== "own");
    if (!clip) {
      this.#paintEmpty(context, count);
      return;
    }
    const { frame, mix } = this.store.playback.at;
    const range = { first: frame * clip.count, count, second: Math.min(clip.frameCount - 1, frame + 1) * clip.count, mix };
    for (const place of this.#places) {
      this.#tiles.paint(context, this.#images(clip, place.kind), { x: place.x, y: place.y, cell: this.#cell, columns: COLUMNS }, this.#tones, range);
      this.#paintHeads(context, clip, place);
      if (this.#selected !== null) this.#outline(context, place, this.#selected);
    }
    this.#paintClose(clip);
  }

  #images({ frames, predicted, side, channels }: ImageClip, kind: Placed["kind"]): Images {
    return { pixels: kind === "noisy" ? frames : predicted, side, channels };
  }

  #paintEmpty(context: CanvasRenderingContext2D, count: number): void {
    context.fillStyle = `rgb(${this.#tones!.dark.join()})`;
    const size = this.#cell * (1 - GAP);
    for (const { x, y } of this.#places) {
      for (let i = 0; i < count; i++) context.fillRect(x + (i % COLUMNS) * this.#cell, y + Math.floor(i / COLUMNS) * this.#cell, size, size);
    }
  }

  #paintHeads(context: CanvasRenderingContext2D, clip: ImageClip, { x, y }: Placed): void {
    const style = getComputedStyle(this.renderRoot.querySelector(".probe")!);
    context.font = `11px ${style.getPropertyValue("--sans")}`;
    context.textAlign = "center";
    context.textBaseline = "alphabetic";
    context.fillStyle = style.getPropertyValue("outline-color");
    // More classes than columns: no column is of one class.
    if (clip.labels.some((label, i) => label !== clip.labels[i % COLUMNS])) return;
    for (let column = 0; column < Math.min(COLUMNS, clip.labels.length); column++) {
      const label = clip.labels[column]!;
      const name = this.store.classNames[label] ?? String(label);
      context.fillText(shortened(context, name, this.#cell), x + (column + 0.5 - GAP / 2) * this.#cell, y - 6);
    }
  }

  #outline(context: CanvasRenderingContext2D, { x, y }: Placed, index: number): void {
    const size = this.#cell * (1 - GAP);
    context.strokeStyle = getComputedStyle(this.renderRoot.querySelector(".probe")!).getPropertyValue("border-top-color");
    context.lineWidth = 2;
    context.strokeRect(x + (index % COLUMNS) * this.#cell - 1, y + Math.floor(index / COLUMNS) * this.#cell - 1, size + 2, size + 2);
  }

  #paintClose(clip: ImageClip): void {
    const index = this.#selected;
    if (index === null || index >= clip.count) return;
    const { frame, mix } = this.store.playback.at;
    const range = { first: frame * clip.count + index, count: 1, second: Math.min(clip.frameCount - 1, frame + 1) * clip.count + index, mix };
    for (const canvas of this.renderRoot.querySelectorAll<HTMLCanvasElement>(".close canvas")) {
      canvas.width = canvas.height = Math.round(CLOSE * this.#ratio);
      const place = { x: 0, y: 0, cell: canvas.width / (1 - GAP), columns: 1 };
      this.#tiles.paint(canvas.getContext("2d")!, this.#images(clip, canvas.dataset["kind"] as Placed["kind"]), place, this.#tones!, range);
    }
  }

  // Looking at one sample

  #select(index: number | null): void {
    if (index === this.#selected) return;
    this.#selected = index;
    this.requestUpdate();
  }

  #point = (event: PointerEvent): void => {
    const count = this.#clip?.count ?? 0;
    const found = this.#places.flatMap(({ x, y }) => {
      const [column, row] = [Math.floor((event.offsetX - x) / this.#cell), Math.floor((event.offsetY - y) / this.#cell)];
      const index = row * COLUMNS + column;
      return column >= 0 && column < COLUMNS && row >= 0 && index < count ? [index] : [];
    });
    this.#select(found[0] ?? null);
  };

  #leave = (): void => {
    if (!this.renderRoot.querySelector(".cells:focus-visible")) this.#select(null);
  };

  #key = (event: KeyboardEvent): void => {
    const count = this.#clip?.count ?? 0;
    const moves: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -COLUMNS, ArrowDown: COLUMNS };
    const move = moves[event.key];
    if (count === 0 || event.altKey || event.ctrlKey || event.metaKey || (move === undefined && event.key !== "Escape")) return;
    event.preventDefault();
    if (move === undefined) return this.#select(null);
    const next = this.#selected === null ? 0 : this.#selected + move;
    if (next >= 0 && next < count) this.#select(next);
  };

  #close(): TemplateResult | typeof nothing {
    const clip = this.#clip;
    const index = this.#selected;
    if (!clip || index === null || index >= clip.count) return nothing;
    const { words } = this.store;
    const { number } = this.store.text;
    const [row, column] = [Math.floor(index / COLUMNS), index % COLUMNS];
    const label = clip.labels[index];
    const name = label === undefined ? "" : (this.store.classNames[label] ?? String(label));
    const place = this.#places[0]!;
    // Beside the sample, on the side where there is room.
    const left = column < COLUMNS / 2 ? `left: ${place.x + (column + 1) * this.#cell + 8}px` : `right: calc(100% - ${place.x + column * this.#cell - 8}px)`;
    const upper = row < Math.ceil(clip.count / COLUMNS) / 2;
    const top = upper ? `top: ${place.y + row * this.#cell}px` : `bottom: calc(100% - ${place.y + (row + 1) * this.#cell}px)`;
    // On a phone there is room neither left nor right, and a finger below.
    const narrow = (this.renderRoot.querySelector("canvas.grid")?.clientWidth ?? 0) < NARROW;
    const docked = upper ? "bottom: 0" : "top: 0";
    return html`<figure class="close" style=${narrow ? docked : `${left}; ${top}`} ?data-docked=${narrow}>
      <div><canvas data-kind="noisy" aria-hidden="true"></canvas><span>${words.grid.shownNames.noisy}</span></div>
      <div><canvas data-kind="clean" aria-hidden="true"></canvas><span>${words.grid.shownNames.clean}</span></div>
      <figcaption aria-live="polite">${words.grid.cell(number.whole(row + 1), number.whole(column + 1), name)}</figcaption>
    </figure>`;
  }

  #describe(): string {
    const now = performance.now();
    if (this.#description && now - this.#described < DESCRIBE_EVERY_MS) return this.#description;
    this.#described = now;
    const { words, text, playback, classNames, dataset } = this.store;
    const clip = this.#clip;
    const { number } = text;
    const names = [...new Set(clip?.labels)].map((label) => classNames[label] ?? String(label)).join(", ");
    this.#description = clip
      ? words.grid.describe({
          count: number.whole(clip.count),
          set: words.data.names[dataset],
          classes: names && words.grid.ofClasses(names),
          timestep: number.whole(playback.timestep ?? 0),
          step: number.whole(clip.step),
        })
      : words.grid.describeEmpty;
    return this.#description;
  }

  #pick = (event: Event): void => {
    void this.store.set("view.shown", (event.target as HTMLInputElement).value);
  };

  protected override render(): TemplateResult {
    const { words, text, phase, settings } = this.store;
    const { grid } = words;
    const shown = this.#shown;
    return html`
      <div class="bar">
        <fieldset ?disabled=${!settings}>
          <legend class="visually-hidden">${grid.shown}</legend>
          ${SHOWN.map(
            (name) => html`<label title=${grid.shownLong[name]}>
              <input type="radio" name="shown" value=${name} .checked=${name === shown} aria-label="${grid.shownNames[name]}: ${grid.shownLong[name]}" @change=${this.#pick} />
              <span aria-hidden="true">${grid.shownNames[name]}</span>
            </label>`,
          )}
        </fieldset>
        <p class="quiet what" aria-hidden="true">${shown === "both" ? `${grid.noisy}; ${grid.clean}` : grid[shown]}</p>
        <button type="button" class="draw" title=${text.ui.stage.drawHint} ?disabled=${phase !== "ready"} @click=${() => void this.store.drawAgain()}>
          ${icons.dice}<span>${text.ui.stage.drawShort}</span>
        </button>
      </div>
      <div class="plate">
        <div class="cells" role="group" tabindex="0" aria-label=${grid.cells} @keydown=${this.#key} @pointermove=${this.#point} @pointerdown=${this.#point}
          @pointerleave=${this.#leave} @blur=${() => this.#select(null)}>
          <canvas class="grid" role="img" aria-label=${this.#describe()}></canvas>
          ${this.#close()}
        </div>
        <span class="probe"></span>
      </div>
    `;
  }
}

/** As much of a name as fits. */
function shortened(context: CanvasRenderingContext2D, name: string, width: number): string {
  if (context.measureText(name).width <= width) return name;
  for (let length = name.length - 1; length > 0; length--) {
    const text = `${name.slice(0, length).trimEnd()}…`;
    if (context.measureText(text).width <= width) return text;
  }
  return name.slice(0, 1);
}

customElements.define("unnoise-digits-grid", DigitsGrid);
