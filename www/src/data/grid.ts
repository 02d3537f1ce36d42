/** How a sheet of sprites divides into cells. */

export interface Grid {
  columns: number;
  rows: number;
}

/** Sides of cells that sheets usually have, the likeliest first. */
const USUAL = [28, 32, 64, 16, 14, 24, 48, 20, 40, 8, 56, 96, 128];
/** Fewer cells than this are an image rather than a sheet, unless they stand in one row or column of squares. */
const FEWEST = 4;
/** A square file up to this side is one image rather than a sheet. */
const SINGLE = 64;

/**
 * The rows and columns of a sheet of this size; `null` if nothing usual divides it. Cells of `side` are preferred unless it is
 * small: images are often made smaller than they come, and then a cell is likely larger.
 */
export function guessGrid(width: number, height: number, side: number): Grid | null {
  if (width === height && (width === side || width <= SINGLE)) return { columns: 1, rows: 1 };
  for (const cell of side < USUAL[0]! ? [...USUAL, side] : [side, ...USUAL]) {
    if (width % cell || height % cell) continue;
    const grid = { columns: width / cell, rows: height / cell };
    if (grid.columns * grid.rows >= FEWEST) return grid;
  }
  if (width > height && width % height === 0) return { columns: width / height, rows: 1 };
  if (height > width && height % width === 0) return { columns: 1, rows: height / width };
  return null;
}

/** Whether `grid` divides a sheet of this size into whole cells. */
export function divides({ columns, rows }: Grid, width: number, height: number): boolean {
  const good = (count: number, length: number): boolean => Number.isInteger(count) && count >= 1 && count <= length && length % count === 0;
  return good(columns, width) && good(rows, height);
}

/**
 * Which of `count` images of `bytes` bytes have more than one value: sheets often end in empty cells, which would teach a
 * model to draw nothing.
 */
export function nonEmpty(pixels: Uint8Array, count: number, bytes: number, channels: number): number[] {
  const kept: number[] = [];
  for (let image = 0; image < count; image++) {
    const start = image * bytes;
    let flat = true;
    for (let k = channels; flat && k < bytes; k++) flat = pixels[start + k] === pixels[start + (k % channels)];
    if (!flat) kept.push(image);
  }
  return kept;
}
