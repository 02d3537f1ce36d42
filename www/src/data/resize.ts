/** Square images to another side, by area averaging: the same bytes as the engine's `ImageSet::resized` makes natively. */

/** For each of `to` cells of an axis: the first cell of `from` it overlaps, and the lengths of the overlaps, in 1 / (from · to). */
function cover(from: number, to: number): { first: number; weights: number[] }[] {
  return Array.from({ length: to }, (_, cell) => {
    const [start, end] = [cell * from, (cell + 1) * from];
    const [first, last] = [Math.floor(start / to), Math.ceil(end / to)];
    const weights: number[] = [];
    for (let old = first; old < last; old++) weights.push(Math.min(end, (old + 1) * to) - Math.max(start, old * to));
    return { first, weights };
  });
}

/**
 * Images `[n, from, from, channels]` as `[n, to, to, channels]`: a new pixel is the mean of the area it covers, rounded half
 * up. 28 to 14 is the mean of 2 × 2 pixels.
 */
export function resized(pixels: Uint8Array, from: number, to: number, channels: number): Uint8Array {
  if (from === to) return pixels;
  const count = pixels.length / (from * from * channels);
  const out = new Uint8Array(count * to * to * channels);
  const cells = cover(from, to);
  const area = from * from;
  const row = from * channels;
  // Each row of new pixels is made of weighted sums of old rows, whole numbers below 2^53 throughout.
  const sums = new Float64Array(row);
  let at = 0;
  for (let image = 0; image < count; image++) {
    for (const down of cells) {
      sums.fill(0);
      down.weights.forEach((weight, k) => {
        const start = (image * from + down.first + k) * row;
        for (let x = 0; x < row; x++) sums[x] = sums[x]! + weight * pixels[start + x]!;
      });
      for (const { first, weights } of cells) {
        for (let channel = 0; channel < channels; channel++) {
          let sum = 0;
          for (let k = 0; k < weights.length; k++) sum += weights[k]! * sums[(first + k) * channels + channel]!;
          out[at++] = Math.floor((2 * sum + area) / (2 * area));
        }
      }
    }
  }
  return out;
}
