/** Rough outlines of the data sets for the picker's thumbnails. The real points come from the engine. */
import type { DatasetName } from "../engine-types";

type Point = [x: number, y: number];

/** A small repeatable generator; pictures should not change from visit to visit. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

export function normal(next: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}

const TURN = 2 * Math.PI;
const polar = (r: number, a: number): Point => [r * Math.cos(a), r * Math.sin(a)];

/** One point of each set from two uniform numbers: `u` picks the place along the shape, `k` the part of it. */
const SHAPES: Record<DatasetName, (u: number, k: number, wobble: () => number) => Point> = {
  two_moons: (u, k) => (k < 0.5 ? [Math.cos(Math.PI * u) - 0.5, Math.sin(Math.PI * u) - 0.25] : [0.5 - Math.cos(Math.PI * u), 0.25 - Math.sin(Math.PI * u)]),
  swiss_roll: (u) => polar(0.25 + 1.1 * Math.sqrt(u), 1.5 * TURN * Math.sqrt(u)),
  spirals: (u, k) => polar(0.1 + 1.25 * Math.sqrt(u), 0.85 * TURN * Math.sqrt(u) + (k < 0.5 ? 0 : Math.PI)),
  rings: (u, k) => polar(k < 0.33 ? 0.55 : 1.25, TURN * u),
  checkerboard: (u, k, wobble) => {
    const cell = Math.floor(k * 8);
    const row = Math.floor(cell / 2);
    const column = 2 * (cell % 2) + (row % 2);
    return [(column + u) * 0.65 - 1.3, (row + wobble()) * 0.65 - 1.3];
  },
  pinwheel: (u, k) => polar(0.2 + 1.15 * u, (Math.floor(k * 5) / 5) * TURN + 0.9 * u + 0.28 * (k * 5 - Math.floor(k * 5) - 0.5)),
  eight_gaussians: (_, k, wobble) => {
    const [x, y] = polar(1.15, (Math.floor(k * 8) / 8) * TURN);
    return [x + 0.25 * (wobble() - 0.5), y + 0.25 * (wobble() - 0.5)];
  },
  gaussian_grid: (_, k, wobble) => {
    const cell = Math.floor(k * 25);
    return [((cell % 5) - 2) * 0.6 + 0.16 * (wobble() - 0.5), (Math.floor(cell / 5) - 2) * 0.6 + 0.16 * (wobble() - 0.5)];
  },
  s_curve: (u) => {
    const a = 3 * Math.PI * (u - 0.5);
    return [0.95 * Math.sin(a), 0.65 * Math.sign(a) * (Math.cos(a) - 1)];
  },
  heart: (u) => {
    const a = TURN * u;
    return [1.25 * Math.sin(a) ** 3, (13 * Math.cos(a) - 5 * Math.cos(2 * a) - 2 * Math.cos(3 * a) - Math.cos(4 * a)) / 13 + 0.15];
  },
  smiley: (u, k) => {
    if (k < 0.6) return polar(1.3, TURN * u);
    if (k < 0.8) return polar(0.72, Math.PI * (1.15 + 0.7 * u));
    const [x, y] = polar(0.13, TURN * u);
    return [x + (k < 0.9 ? -0.45 : 0.45), y + 0.42];
  },
  blobs: (u, k, wobble) => {
    const [cx, cy] = [[-0.8, -0.6], [0.85, -0.4], [0, 0.85]][Math.floor(k * 3)] as Point;
    const [x, y] = polar(0.5 * Math.sqrt(wobble()), TURN * u);
    return [cx + x, cy + y];
  },
};

/** `count` points of the set, roughly within ±1.4, with y upwards. */
export function outline(name: DatasetName, count: number): Point[] {
  const next = random(11);
  return Array.from({ length: count }, (_, i) => {
    const [x, y] = SHAPES[name]((i + next()) / count, (i * 0.618034) % 1, next);
    return [x + 0.07 * (next() - 0.5), y + 0.07 * (next() - 0.5)];
  });
}

/** An SVG path whose zero-length strokes, with round caps, are dots at the points. */
export function dots(points: Iterable<readonly [number, number]>): string {
  let path = "";
  for (const [x, y] of points) path += `M${x.toFixed(2)} ${(-y).toFixed(2)}h0`;
  return path;
}
