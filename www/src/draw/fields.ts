/** Paints vector fields over the plane, and how far two of them are apart. Knows no elements and no engine. */
import { rgb } from "./tiles";

/** A square grid of vectors from -extent to extent, x and y in turn, row by row from the lower left. */
export interface Field {
  grid: number;
  extent: number;
  vectors: readonly number[];
}

export interface FieldColours {
  /** Where the field is 0 … */
  low: string;
  /** … and where it is longest. */
  high: string;
  arrow: string;
  mark: string;
}

/** Arrows per side, at least this many pixels apart. */
const ARROW_SPACE = 15;
/** Stops of a map that grows evenly lighter and is told apart in any colour vision (viridis). */
const VIRIDIS = ["#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"].map(
  (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)) as [number, number, number],
);

export const viridisGradient = `linear-gradient(to right, ${VIRIDIS.map((c) => `rgb(${c.join()})`).join()})`;

function viridis(share: number): [number, number, number] {
  const at = Math.min(1, Math.max(0, share)) * (VIRIDIS.length - 1);
  const a = VIRIDIS[Math.floor(at)]!;
  const b = VIRIDIS[Math.ceil(at)]!;
  return [0, 1, 2].map((i) => a[i]! + (b[i]! - a[i]!) * (at - Math.floor(at))) as [number, number, number];
}

/** Length of each vector. */
export function lengths(vectors: readonly number[]): Float64Array {
  return Float64Array.from({ length: vectors.length / 2 }, (_, i) => Math.hypot(vectors[2 * i]!, vectors[2 * i + 1]!));
}

/** Length of the difference of each pair. */
export function distances(a: readonly number[], b: readonly number[]): Float64Array {
  return Float64Array.from({ length: a.length / 2 }, (_, i) => Math.hypot(a[2 * i]! - b[2 * i]!, a[2 * i + 1]! - b[2 * i + 1]!));
}

/** The value below which a share of the values lies. */
export function quantile(values: Float64Array, share: number): number {
  return Float64Array.from(values).sort()[Math.min(values.length - 1, Math.floor(share * values.length))] ?? 0;
}

/** The value at a point of the plane, between grid points interpolated. */
export function valueAt({ grid, extent, vectors }: Field, x: number, y: number): [number, number] {
  const place = (v: number): [number, number] => {
    const at = Math.min(grid - 1, Math.max(0, ((v + extent) / (2 * extent)) * (grid - 1)));
    const before = Math.min(grid - 2, Math.floor(at));
    return [before, at - before];
  };
  const [column, fx] = place(x);
  const [row, fy] = place(y);
  const mix = (c: 0 | 1): number => {
    const v = (i: number, j: number): number => vectors[2 * ((row + j) * grid + column + i) + c]!;
    return (v(0, 0) * (1 - fx) + v(1, 0) * fx) * (1 - fy) + (v(0, 1) * (1 - fx) + v(1, 1) * fx) * fy;
  };
  return [mix(0), mix(1)];
}

const stage = document.createElement("canvas");

/** Paints one value per grid point as colours, fitted smoothly to a square of `size`. */
function paintValues(context: CanvasRenderingContext2D, size: number, grid: number, colour: (i: number) => [number, number, number]): void {
  stage.width = stage.height = grid;
  const inner = stage.getContext("2d")!;
  const image = inner.createImageData(grid, grid);
  for (let row = 0; row < grid; row++) {
    for (let column = 0; column < grid; column++) {
      const to = ((grid - 1 - row) * grid + column) * 4;
      const [r, g, b] = colour(row * grid + column);
      image.data.set([r, g, b, 255], to);
    }
  }
  inner.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  // The outermost grid points lie on the edge.
  const cell = size / (grid - 1);
  context.drawImage(stage, -cell / 2, -cell / 2, size + cell, size + cell);
}

/** Shade and arrows: both grow with the square root of the length, `top` being the longest. */
export function paintField(context: CanvasRenderingContext2D, size: number, field: Field, top: number, colours: FieldColours): void {
  const { grid, vectors } = field;
  const [low, high] = [rgb(colours.low), rgb(colours.high)];
  const all = lengths(vectors);
  paintValues(context, size, grid, (i) => {
    const share = Math.sqrt(Math.min(1, all[i]! / (top || 1)));
    return [0, 1, 2].map((c) => low[c]! + (high[c]! - low[c]!) * share) as [number, number, number];
  });
  const count = Math.max(5, Math.min(13, Math.floor(size / ARROW_SPACE)));
  const space = size / count;
  context.strokeStyle = context.fillStyle = colours.arrow;
  context.lineWidth = 1.1;
  context.lineCap = "round";
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < count; column++) {
      const px = (column + 0.5) * space;
      const py = (row + 0.5) * space;
      const [vx, vy] = valueAt(field, ((2 * px) / size - 1) * field.extent, (1 - (2 * py) / size) * field.extent);
      const length = Math.hypot(vx, vy);
      const reach = Math.sqrt(Math.min(1, length / (top || 1))) * space * 0.92;
      if (reach < 0.8) {
        context.fillRect(px - 0.75, py - 0.75, 1.5, 1.5);
        continue;
      }
      arrow(context, px, py, vx / length, -vy / length, reach);
    }
  }
}

/** An arrow about a point, in a direction, so long. */
function arrow(context: CanvasRenderingContext2D, x: number, y: number, dx: number, dy: number, reach: number): void {
  const [tx, ty] = [x + (dx * reach) / 2, y + (dy * reach) / 2];
  const head = Math.min(4, reach * 0.45);
  context.beginPath();
  context.moveTo(x - (dx * reach) / 2, y - (dy * reach) / 2);
  context.lineTo(tx, ty);
  context.moveTo(tx - head * (dx * 0.87 - dy * 0.5), ty - head * (dy * 0.87 + dx * 0.5));
  context.lineTo(tx, ty);
  context.lineTo(tx - head * (dx * 0.87 + dy * 0.5), ty - head * (dy * 0.87 - dx * 0.5));
  context.stroke();
}

/** A map of lengths, `top` and longer being the lightest. */
export function paintMap(context: CanvasRenderingContext2D, size: number, grid: number, values: Float64Array, top: number): void {
  paintValues(context, size, grid, (i) => viridis(values[i]! / (top || 1)));
}

/** Points of the plane as small dots. */
export function paintDots(context: CanvasRenderingContext2D, size: number, extent: number, points: Float32Array, colour: string, radius = 0.8): void {
  context.fillStyle = colour;
  context.beginPath();
  for (let i = 0; i < points.length; i += 2) {
    const x = (points[i]! / extent / 2 + 0.5) * size;
    const y = (0.5 - points[i + 1]! / extent / 2) * size;
    context.moveTo(x + radius, y);
    context.arc(x, y, radius, 0, 7);
  }
  context.fill();
}

/** A cross with a ring, readable on any colour. */
export function paintCross(context: CanvasRenderingContext2D, size: number, extent: number, [x, y]: readonly [number, number], colour: string, under: string): void {
  const px = (x / extent / 2 + 0.5) * size;
  const py = (0.5 - y / extent / 2) * size;
  for (const [width, stroke] of [[3.5, under], [1.5, colour]] as const) {
    context.strokeStyle = stroke;
    context.lineWidth = width;
    context.beginPath();
    context.arc(px, py, 5, 0, 7);
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]] as const) {
      context.moveTo(px + 5 * dx, py + 5 * dy);
      context.lineTo(px + 10 * dx, py + 10 * dy);
    }
    context.stroke();
  }
}
