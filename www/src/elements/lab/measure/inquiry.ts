/** Questions to a run that take their time: asked one after the other, given up or replaced, and forgotten when the run is. */
import { EngineError } from "../../../state/client";
import type { RunStore } from "../../../state/run-store";

/** Does the asking; `going` turns false when nobody waits for the answer any more. */
export type Work<Answer> = (going: () => boolean) => Promise<Answer | null>;

export class Inquiry<Answer> {
  answer: Answer | null = null;
  /** The training step that the answer is about. */
  step: number | null = null;
  /** Why there is no answer, in the engine's words, and the setting it names. */
  fault: { message: string; field: string | null } | null = null;
  /** One is being asked. */
  busy = false;
  /** When the last answer came, on the clock of `performance.now()`. */
  at = -Infinity;
  #store: RunStore;
  #turn = 0;
  #wanted: Work<Answer> | null = null;
  #working = false;
  #listeners = new Set<() => void>();

  constructor(store: RunStore) {
    this.#store = store;
    // Without metrics the run was replaced this moment.
    store.subscribe((topic) => topic === "data" && store.metrics === null && this.clear());
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Asks once the question under way is answered; of several that wait only the last is asked. */
  ask(work: Work<Answer>): void {
    this.#wanted = work;
    this.busy = true;
    this.fault = null;
    this.changed();
    if (!this.#working) void this.#work();
  }

  async #work(): Promise<void> {
    this.#working = true;
    let work: Work<Answer> | null;
    while ((work = this.#wanted)) {
      this.#wanted = null;
      const turn = ++this.#turn;
      const going = (): boolean => turn === this.#turn;
      try {
        const answer = await work(going);
        if (going()) Object.assign(this, { answer, step: this.#store.metrics?.step ?? 0, fault: null });
      } catch (error) {
        if (going()) this.fault = describeFault(error);
      }
      if (going() && !this.#wanted) this.busy = false;
      this.at = performance.now();
      this.changed();
    }
    this.#working = false;
  }

  /** Nobody waits any more; what was answered before stays. */
  cancel(): void {
    this.#turn++;
    this.#wanted = null;
    this.busy = false;
    this.changed();
  }

  clear(): void {
    this.answer = null;
    this.step = null;
    this.fault = null;
    this.at = -Infinity;
    this.cancel();
  }

  /** Tells the listeners that there is something to show. */
  changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function describeFault(error: unknown): { message: string; field: string | null } {
  if (error instanceof EngineError) return { message: error.fault.message, field: error.fault.field };
  return { message: error instanceof Error ? error.message : String(error), field: null };
}

const kept = new WeakMap<RunStore, Map<string, unknown>>();

/** What a tab knows of a run; it outlives the tab's element, so that coming back finds it. */
export function keep<State>(store: RunStore, tab: string, make: () => State): State {
  let all = kept.get(store);
  if (!all) kept.set(store, (all = new Map()));
  if (!all.has(tab)) all.set(tab, make());
  return all.get(tab) as State;
}
