/** A noise schedule as the logarithm of its signal-to-noise ratio over t, and the levels that follow from it. */

/** Values beyond this are as good as infinite. */
export const FLOOR = -24;

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Share of the signal's and of the noise's amplitude at a log-SNR. */
export const levelsOf = (logSnr: number): { signal: number; noise: number } => ({ signal: Math.sqrt(sigmoid(logSnr)), noise: Math.sqrt(sigmoid(-logSnr)) });

/** The monotone cubic through equally spaced knots, as a function of 0 … 1 (Fritsch and Carlson's slopes, as PCHIP has them). */
export function monotoneCubic(knots: readonly number[]): (u: number) => number {
  const n = knots.length;
  const d = Array.from({ length: n - 1 }, (_, i) => knots[i + 1]! - knots[i]!);
  const inner = (i: number): number => (d[i - 1]! * d[i]! <= 0 ? 0 : (2 * d[i - 1]! * d[i]!) / (d[i - 1]! + d[i]!));
  const end = (a: number, b: number): number => {
    const slope = (3 * a - b) / 2;
    if (slope * a <= 0) return 0;
    return a * b <= 0 && Math.abs(slope) > Math.abs(3 * a) ? 3 * a : slope;
  };
  const slopes = knots.map((_, i) => {
    if (n === 2) return d[0]!;
    if (i === 0) return end(d[0]!, d[1]!);
    return i === n - 1 ? end(d[n - 2]!, d[n - 3]!) : inner(i);
  });
  return (u) => {
    const at = Math.min(1, Math.max(0, u)) * (n - 1);
    const i = Math.min(n - 2, Math.floor(at));
    const s = at - i;
    const [a, b] = [knots[i]!, knots[i + 1]!];
    const s2 = s * s;
    const s3 = s2 * s;
    return a * (2 * s3 - 3 * s2 + 1) + slopes[i]! * (s3 - 2 * s2 + s) + b * (3 * s2 - 2 * s3) + slopes[i + 1]! * (s3 - s2);
  };
}

/** Values at `count` equally spaced places of a table. */
export function sampled(table: readonly number[], count: number): number[] {
  return Array.from({ length: count }, (_, i) => table[Math.round((i * (table.length - 1)) / (count - 1))]!);
}

/** Falling from each to the next, as the engine wants them: what is too high or infinite is brought down. */
export function falling(values: readonly number[], gap: number): number[] {
  const out: number[] = [];
  for (const value of values) {
    const bound = Number.isFinite(value) ? Math.max(FLOOR, value) : FLOOR;
    out.push(out.length ? Math.min(bound, out.at(-1)! - gap) : bound);
  }
  return out;
}

/** Where a falling table passes `value`, as a share of its length; 0 or 1 where it does not. */
export function crossing(table: readonly number[], value: number): number {
  const i = table.findIndex((v) => !(v > value));
  if (i < 0) return 1;
  return i / (table.length - 1);
}
