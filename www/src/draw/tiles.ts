/** Paints images as tiles of a grid on a 2D canvas. Knows no elements and no engine. */

/** What 0 and 255 look like in grey images; images in colour are shown as they are. */
export interface Tones {
  dark: [number, number, number];
  light: [number, number, number];
}

/** Images as bytes, one after the other: [count, side, side, channels]. */
export interface Images {
  pixels: Uint8Array;
  side: number;
  channels: number;
}

/** Tiles are enlarged by whole pixels first and then fitted smoothly: all pixels look alike at any size. */
const ENLARGE = 4;
/** Space between tiles, as a share of one. */
export const GAP = 0.06;

export class Tiles {
  #atlas = document.createElement("canvas");
  #large = document.createElement("canvas");

  /**
   * Paints `count` images from number `first` on into a grid of `columns` at (x, y) with cells of `cell` pixels.
   * `mix` > 0 goes that far to the images that start at `second`.
   */
  paint(
    context: CanvasRenderingContext2D,
    images: Images,
    place: { x: number; y: number; cell: number; columns: number },
    tones: Tones,
    range: { first: number; count: number; second?: number; mix?: number },
  ): void {
    const { side } = images;
    const { count } = range;
    if (count === 0) return;
    this.#atlas.width = side * count;
    this.#atlas.height = side;
    const atlas = this.#atlas.getContext("2d")!;
    const data = atlas.createImageData(side * count, side);
    this.#fill(data.data, images, tones, range);
    atlas.putImageData(data, 0, 0);
    const scale = Math.max(1, Math.min(ENLARGE, Math.ceil(place.cell / side)));
    this.#large.width = side * scale;
    this.#large.height = side * scale;
    const large = this.#large.getContext("2d")!;
    large.imageSmoothingEnabled = false;
    const size = place.cell * (1 - GAP);
    context.imageSmoothingEnabled = true;
    for (let i = 0; i < count; i++) {
      large.drawImage(this.#atlas, i * side, 0, side, side, 0, 0, side * scale, side * scale);
      const x = place.x + (i % place.columns) * place.cell;
      const y = place.y + Math.floor(i / place.columns) * place.cell;
      context.drawImage(this.#large, x, y, size, size);
    }
  }

  #fill(out: Uint8ClampedArray, { pixels, side, channels }: Images, tones: Tones, { first, count, second, mix = 0 }: { first: number; count: number; second?: number; mix?: number }): void {
    const area = side * side;
    const { dark, light } = tones;
    for (let i = 0; i < count; i++) {
      for (let p = 0; p < area; p++) {
        const to = ((Math.floor(p / side) * count + i) * side + (p % side)) * 4;
        const a = ((first + i) * area + p) * channels;
        const b = second === undefined ? a : ((second + i) * area + p) * channels;
        for (let c = 0; c < 3; c++) {
          const channel = channels === 3 ? c : 0;
          const value = pixels[a + channel]! * (1 - mix) + pixels[b + channel]! * mix;
          out[to + c] = channels === 3 ? value : dark[c]! + ((light[c]! - dark[c]!) * value) / 255;
        }
        out[to + 3] = 255;
      }
    }
  }
}

/** The three parts of a computed CSS colour such as `rgb(1, 2, 3)`. */
export function rgb(colour: string): [number, number, number] {
  const [r = 0, g = 0, b = 0] = (colour.match(/[\d.]+/g) ?? []).map(Number);
  return [r, g, b];
}
