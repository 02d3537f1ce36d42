/** ᾱ_t as the two schedules define it; the essay's figure needs it on the page's side. */
import type { BetaSchedule } from "../engine-types";

const T = 1000;

export function alphaBar(schedule: BetaSchedule): Float64Array {
  const bars = new Float64Array(T);
  const level = (t: number): number => Math.cos((((t + 0.008) / 1.008) * Math.PI) / 2) ** 2;
  let product = 1;
  for (let t = 0; t < T; t++) {
    const beta =
      schedule === "linear" ? 0.0001 + ((0.02 - 0.0001) * t) / (T - 1) : Math.min(0.999, 1 - level((t + 1) / T) / level(t / T));
    product *= 1 - beta;
    bars[t] = product;
  }
  return bars;
}
