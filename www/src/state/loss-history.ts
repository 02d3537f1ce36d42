/** Losses of a run of any length in bounded memory: when full, neighbours are merged and the stride doubles. */
const CAPACITY = 1200;
/** Steps over which the smoothed curve averages, about; fewer at the start, where the loss falls fast. */
const SMOOTHING_STEPS = 60;
const SMOOTHING_SHARE = 0.15;

export class LossHistory {
  /** Last step of each bucket, its mean loss, and the smoothed loss at its end. */
  steps: number[] = [];
  raw: number[] = [];
  smooth: number[] = [];
  #stride = 1;
  #sum = 0;
  #count = 0;
  #average = 0;
  #weight = 0;

  clear(): void {
    this.steps = [];
    this.raw = [];
    this.smooth = [];
    this.#stride = 1;
    this.#sum = this.#count = this.#average = this.#weight = 0;
  }

  /** Adds losses; the first belongs to step `first`. */
  add(first: number, losses: readonly number[]): void {
    losses.forEach((loss, i) => {
      if (!Number.isFinite(loss)) return;
      const keep = 1 - 1 / Math.min(SMOOTHING_STEPS, 1 + SMOOTHING_SHARE * (first + i));
      this.#average = this.#average * keep + loss * (1 - keep);
      this.#weight = this.#weight * keep + (1 - keep);
      this.#sum += loss;
      this.#count += 1;
      if (this.#count < this.#stride) return;
      this.steps.push(first + i);
      this.raw.push(this.#sum / this.#count);
      this.smooth.push(this.#average / this.#weight);
      this.#sum = this.#count = 0;
      if (this.steps.length >= CAPACITY) this.#merge();
    });
  }

  #merge(): void {
    const odd = (_: number, i: number): boolean => i % 2 === 1;
    const raw = this.raw;
    this.raw = raw.filter(odd).map((value, i) => (value + raw[2 * i]!) / 2);
    this.steps = this.steps.filter(odd);
    this.smooth = this.smooth.filter(odd);
    this.#stride *= 2;
  }
}
