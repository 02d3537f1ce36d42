/** Paints the plate: data, trajectories and samples on one 2D canvas. Knows no elements and no engine. */
import type { PointsPlayback } from "../state/playback";

export interface Palette {
  plate: string;
  grid: string;
  tick: string;
  data: string;
  samples: string;
}

/** Half the height of the visible world: three standard deviations of the noise nearly fit. */
const HALF_HEIGHT = 2.75;
/** On narrow plates the world is at least this wide to each side. */
const HALF_WIDTH = 2.75;
const DATA_SHOWN = 5000;
const TRAIL_SHARE = 0.16;
/** Share of the time over which trails shorten at the end. */
const TRAIL_FADE = 0.15;
const TRAIL_BANDS = 6;
const TRAIL_POINTS = 500;
const PATHS_SHOWN = 140;

export class Scene {
  #canvas: HTMLCanvasElement;
  #context: CanvasRenderingContext2D;
  /** Grid and data do not change between frames; they are kept as one picture. */
  #backdrop = document.createElement("canvas");
  #backdropStale = true;
  #width = 0;
  #height = 0;
  #ratio = 1;
  #data: Float32Array = new Float32Array(0);
  #palette: Palette;

  constructor(canvas: HTMLCanvasElement, palette: Palette) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d", { alpha: false })!;
    this.#palette = palette;
  }

  resize(width: number, height: number, ratio: number): void {
    this.#width = width;
    this.#height = height;
    this.#ratio = ratio;
    for (const canvas of [this.#canvas, this.#backdrop]) {
      canvas.width = Math.max(1, Math.round(width * ratio));
      canvas.height = Math.max(1, Math.round(height * ratio));
    }
    this.#backdropStale = true;
  }

  setData(points: Float32Array): void {
    this.#data = points;
    this.#backdropStale = true;
  }

  setPalette(palette: Palette): void {
    this.#palette = palette;
    this.#backdropStale = true;
  }

  get #scale(): number {
    return Math.min(this.#height / (2 * HALF_HEIGHT), this.#width / (2 * HALF_WIDTH));
  }

  paint(playback: PointsPlayback, paths: string): void {
    const c = this.#context;
    c.setTransform(1, 0, 0, 1, 0, 0);
    if (this.#backdropStale) this.#paintBackdrop();
    c.drawImage(this.#backdrop, 0, 0);
    if (!playback.clip) return;
    c.setTransform(this.#ratio, 0, 0, this.#ratio, 0, 0);
    if (paths === "trail") this.#paintTrails(c, playback);
    if (paths === "full") this.#paintPaths(c, playback);
    this.#paintSamples(c, playback.points());
  }

  #paintBackdrop(): void {
    this.#backdropStale = false;
    const c = this.#backdrop.getContext("2d", { alpha: false })!;
    const [w, h, s] = [this.#width, this.#height, this.#scale];
    c.setTransform(this.#ratio, 0, 0, this.#ratio, 0, 0);
    c.fillStyle = this.#palette.plate;
    c.fillRect(0, 0, w, h);
    // A plate that has no height for a moment has no end of columns either.
    if (!(s > 0)) return;
    this.#paintAxes(c, w, h, s);
    c.fillStyle = this.#palette.data;
    c.globalAlpha = 0.5;
    const size = Math.max(1.1, Math.min(1.6, s / 70));
    const shown = Math.min(DATA_SHOWN, this.#data.length / 2);
    for (let i = 0; i < shown; i++) {
      const x = w / 2 + this.#data[2 * i]! * s;
      const y = h / 2 - this.#data[2 * i + 1]! * s;
      c.fillRect(x - size / 2, y - size / 2, size, size);
    }
    c.globalAlpha = 1;
  }

  /** Crosses at whole numbers and small figures along the lower and left edge, as on graph paper. */
  #paintAxes(c: CanvasRenderingContext2D, w: number, h: number, s: number): void {
    const columns = Math.floor(w / 2 / s);
    const rows = Math.floor(h / 2 / s);
    c.strokeStyle = this.#palette.grid;
    c.lineWidth = 1;
    c.beginPath();
    for (let i = -columns; i <= columns; i++) {
      for (let j = -rows; j <= rows; j++) {
        const x = Math.round(w / 2 + i * s) + 0.5;
        const y = Math.round(h / 2 - j * s) + 0.5;
        const arm = i === 0 && j === 0 ? 8 : 3;
        c.moveTo(x - arm, y);
        c.lineTo(x + arm, y);
        c.moveTo(x, y - arm);
        c.lineTo(x, y + arm);
      }
    }
    c.stroke();
    c.fillStyle = this.#palette.tick;
    c.font = "11px ui-monospace, 'SF Mono', Menlo, 'Cascadia Mono', 'Liberation Mono', monospace";
    c.textAlign = "center";
    c.textBaseline = "bottom";
    const sign = (n: number): string => (n < 0 ? `−${-n}` : `${n}`);
    for (let i = -columns; i <= columns; i++) {
      const x = w / 2 + i * s;
      if (x > 24 && x < w - 12) c.fillText(sign(i), x, h - 6);
    }
    c.textAlign = "left";
    c.textBaseline = "middle";
    for (let j = -rows; j <= rows; j++) {
      const y = h / 2 - j * s;
      if (y > 40 && y < h - 24) c.fillText(sign(j), 8, y);
    }
  }

  /** The last stretch of each sample's way, older parts fainter. */
  #paintTrails(c: CanvasRenderingContext2D, playback: PointsPlayback): void {
    const { frameCount, count } = playback.clip!;
    const head = playback.position * (frameCount - 1);
    // Near the end the trails shorten, so that the result stands clear.
    const left = Math.min(1, (1 - playback.position) / TRAIL_FADE);
    const length = Math.max(2, frameCount * TRAIL_SHARE * (0.3 + 0.7 * left));
    const stride = Math.max(1, Math.ceil(count / TRAIL_POINTS));
    c.strokeStyle = this.#palette.samples;
    c.lineWidth = 1;
    c.lineJoin = "round";
    for (let band = 0; band < TRAIL_BANDS; band++) {
      const from = head - length * (1 - band / TRAIL_BANDS);
      const to = head - length * (1 - (band + 1) / TRAIL_BANDS);
      if (to <= 0) continue;
      c.globalAlpha = 0.05 + (0.34 * (band + 1)) / TRAIL_BANDS;
      c.beginPath();
      for (let i = 0; i < count; i += stride) this.#trace(c, playback, i, Math.max(0, from), to);
      c.stroke();
    }
    c.globalAlpha = 1;
  }

  #paintPaths(c: CanvasRenderingContext2D, playback: PointsPlayback): void {
    const { frameCount, count } = playback.clip!;
    const stride = Math.max(1, Math.ceil(count / PATHS_SHOWN));
    const head = playback.position * (frameCount - 1);
    c.strokeStyle = this.#palette.samples;
    c.lineWidth = 1;
    c.lineJoin = "round";
    for (const [from, to, alpha] of [[0, head, 0.42], [head, frameCount - 1, 0.14]] as const) {
      c.globalAlpha = alpha;
      c.beginPath();
      for (let i = 0; i < count; i += stride) this.#trace(c, playback, i, from, to);
      c.stroke();
    }
    c.globalAlpha = 1;
  }

  /** Adds sample `i`'s way between two (fractional) frames to the current path. */
  #trace(c: CanvasRenderingContext2D, playback: PointsPlayback, i: number, from: number, to: number): void {
    const { frames, frameCount, count } = playback.clip!;
    const [cx, cy, s] = [this.#width / 2, this.#height / 2, this.#scale];
    const put = (at: number, begin: boolean): void => {
      const a = Math.min(frameCount - 1, Math.floor(at));
      const b = Math.min(frameCount - 1, a + 1);
      const mix = at - a;
      const p = (a * count + i) * 2;
      const q = (b * count + i) * 2;
      const x = cx + (frames[p]! * (1 - mix) + frames[q]! * mix) * s;
      const y = cy - (frames[p + 1]! * (1 - mix) + frames[q + 1]! * mix) * s;
      if (begin) c.moveTo(x, y);
      else c.lineTo(x, y);
    };
    put(from, true);
    for (let frame = Math.floor(from) + 1; frame < to; frame++) put(frame, false);
    put(to, false);
  }

  #paintSamples(c: CanvasRenderingContext2D, points: Float32Array): void {
    const [cx, cy, s] = [this.#width / 2, this.#height / 2, this.#scale];
    const radius = Math.max(1.4, Math.min(2.4, s / 55)) * (points.length > 6000 ? 0.75 : 1);
    c.fillStyle = this.#palette.samples;
    c.beginPath();
    for (let i = 0; i < points.length; i += 2) {
      const x = cx + points[i]! * s;
      const y = cy - points[i + 1]! * s;
      c.moveTo(x + radius, y);
      c.arc(x, y, radius, 0, 7);
    }
    c.fill();
  }
}
