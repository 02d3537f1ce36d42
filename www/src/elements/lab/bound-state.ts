/** The variational bound and the likelihood, measured in batches: each batch sharpens the numbers, and one can stop after any. */
import type { RunStore } from "../../state/run-store";
import type { Likelihood, VariationalBound } from "../../worker/ask";
import { Inquiry } from "./measure/inquiry";

/** Samples of one question. */
const BATCH = { bound: { points: 128, digits: 16 }, likelihood: { points: 32, digits: 8 } };

/** What all measurements in batches tell. */
export interface Measured<Result> {
  result: Result;
  /** Samples so far, of how many. */
  count: number;
  wanted: number;
  /** Training steps of the first and the last batch. */
  from: number;
  to: number;
}

/** The bound, and the standard error of its total where there were several batches. */
export type Bound = VariationalBound & { standard_error: number | null };

interface Batch<Result> {
  count: number;
  result: Result;
}

const weighted = <Result>(batches: Batch<Result>[], read: (result: Result) => number): number => {
  const all = batches.reduce((sum, { count }) => sum + count, 0);
  return batches.reduce((sum, { count, result }) => sum + count * read(result), 0) / all;
};

/** The mean of the batches; their spread says how sure it is. */
export function poolBounds(batches: Batch<VariationalBound>[]): Bound {
  const total = weighted(batches, (result) => result.total);
  const spread = batches.reduce((sum, { result }) => sum + (result.total - total) ** 2, 0);
  const n = batches.length;
  return {
    prior: weighted(batches, ({ prior }) => prior),
    decoder: weighted(batches, ({ decoder }) => decoder),
    total,
    terms: batches[0]!.result.terms.map(({ timestep }, i) => ({ timestep, bits: weighted(batches, ({ terms }) => terms[i]!.bits) })),
    standard_error: n > 1 ? Math.sqrt(spread / (n - 1) / n) : null,
  };
}

/** As if all samples had been measured at once. */
export function poolLikelihoods(batches: Batch<Likelihood>[]): Likelihood {
  const mean = weighted(batches, (result) => result.bits_per_dim);
  const all = batches.reduce((sum, { count }) => sum + count, 0);
  const squares = batches.reduce((sum, { count, result }) => sum + (count - 1) * count * result.standard_error ** 2 + count * (result.bits_per_dim - mean) ** 2, 0);
  const exact = batches.every(({ result }) => result.exact_bits_per_dim !== null);
  return {
    bits_per_dim: mean,
    standard_error: Math.sqrt(squares / Math.max(1, all - 1) / all),
    exact_bits_per_dim: exact ? weighted(batches, (result) => result.exact_bits_per_dim!) : null,
  };
}

/** One of the two, with what the visitor asks for. */
export class Counted<Result, Raw> {
  readonly inquiry: Inquiry<Measured<Result>>;
  count: number;
  /** Terms, or steps. */
  fineness: number;
  done = 0;
  /** Samples of the measurement under way. */
  wanted = 0;
  #store: RunStore;
  #batch: number;
  #ask: (count: number, fineness: number, seed: number) => Promise<Raw>;
  #pool: (batches: Batch<Raw>[]) => Result;

  constructor(store: RunStore, defaults: { count: number; fineness: number; batch: number }, ask: (count: number, fineness: number, seed: number) => Promise<Raw>, pool: (batches: Batch<Raw>[]) => Result) {
    this.#store = store;
    this.inquiry = new Inquiry(store);
    this.count = defaults.count;
    this.fineness = defaults.fineness;
    this.#batch = defaults.batch;
    this.#ask = ask;
    this.#pool = pool;
  }

  measure(): void {
    const { inquiry } = this;
    const { count: wanted, fineness } = this;
    this.wanted = wanted;
    this.done = 0;
    inquiry.ask(async (going) => {
      const batches: Batch<Raw>[] = [];
      let answer: Measured<Result> | null = null;
      let done = 0;
      const step = (): number => this.#store.metrics?.step ?? 0;
      const from = step();
      do {
        // A count that is none is the engine's to refuse.
        const count = wanted > 0 ? Math.min(this.#batch, wanted - done) : wanted;
        const result = await this.#ask(count, fineness, batches.length);
        if (!going()) return null;
        batches.push({ count, result });
        done += count;
        answer = { result: this.#pool(batches), count: done, wanted, from, to: step() };
        this.done = done;
        inquiry.answer = answer;
        inquiry.step = answer.to;
        inquiry.changed();
      } while (done < wanted);
      return answer;
    });
  }
}

export class BoundState {
  logarithmic = true;
  readonly bound: Counted<Bound, VariationalBound>;
  readonly likelihood: Counted<Likelihood, Likelihood>;

  constructor(store: RunStore) {
    const { task } = store;
    const points = task === "points";
    this.bound = new Counted(
      store,
      { count: points ? 512 : 64, fineness: points ? 50 : 20, batch: BATCH.bound[task] },
      (count, terms, seed) => store.ask("variational_bound", { count, terms, seed }),
      poolBounds,
    );
    this.likelihood = new Counted(
      store,
      { count: 256, fineness: 50, batch: BATCH.likelihood[task] },
      (count, steps, seed) => store.ask("likelihood", { count, steps, seed }),
      poolLikelihoods,
    );
  }
}
