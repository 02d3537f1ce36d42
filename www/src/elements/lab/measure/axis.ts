/** Where the ticks of an axis stand. */

/** From numbers on an axis to positions. */
export interface Axis {
  at(value: number): number;
  ticks: number[];
}

/** Round numbers from `low` to `high`, about `count` of them. */
function linearTicks(low: number, high: number, count: number): number[] {
  if (!(high > low)) return [low];
  const raw = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= raw * 0.999) ?? 10);
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high * (1 + 1e-9) + 1e-12; i++) ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}

/** Powers of ten, with 2 and 5 between them where there are few. */
function logTicks(low: number, high: number, count: number): number[] {
  const decades = Math.log10(high / low);
  const factors = decades < 1.2 ? [1, 2, 5] : decades < 2.4 ? [1, 3] : [1];
  const stride = Math.max(1, Math.ceil((decades * factors.length) / Math.max(1, count) - 0.999));
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    if (power % stride !== 0) continue;
    for (const factor of factors) {
      const tick = Number((factor * 10 ** power).toPrecision(3));
      if (tick >= low * 0.999 && tick <= high * 1.001) ticks.push(tick);
    }
  }
  return ticks;
}

/** An axis over `values` (with `from` to `to` in pixels). A logarithmic one leaves out what is not above 0. */
export function axis(low: number, high: number, log: boolean, from: number, to: number, count: number): Axis {
  if (log) {
    const [a, b] = [Math.log(low), Math.log(Math.max(high, low * 1.01))];
    return { at: (value) => from + ((Math.log(Math.max(value, low)) - a) / (b - a)) * (to - from), ticks: logTicks(low, high, count) };
  }
  const span = high - low || 1;
  return { at: (value) => from + ((value - low) / span) * (to - from), ticks: linearTicks(low, high, count) };
}
