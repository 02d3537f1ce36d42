/** One piece of work at a time: a newer one replaces what waits, and what was cancelled is not shown. */
import { EngineError } from "../../state/client";

class Superseded extends Error {}

/** What a piece of work has of its place in the queue. */
export class Turn {
  alive = true;
  readonly #tell: (progress: string) => void;

  constructor(tell: (progress: string) => void) {
    this.#tell = tell;
  }

  /** Says how far it is; ends the work if nobody wants its result any more. */
  progress(text: string): void {
    this.check();
    this.#tell(text);
  }

  /** Awaits a question to the engine; ends the work if it was cancelled meanwhile. */
  async of<T>(question: Promise<T>): Promise<T> {
    const answer = await question;
    this.check();
    return answer;
  }

  check(): void {
    if (!this.alive) throw new Superseded();
  }
}

export type Work = (turn: Turn) => Promise<void>;

export class Runner {
  /** How far the work is, in words; empty before there is something to say. */
  progress = "";
  /** The last work came to its end; said to those who do not see the result appear. */
  finished = false;
  /** What went wrong last. */
  fault: { field: string | null; message: string } | null = null;
  #turn: Turn | null = null;
  #next: Work | null = null;
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get busy(): boolean {
    return this.#turn !== null;
  }

  /** Cancelled, but the engine still works on what it was last asked. */
  get stopping(): boolean {
    return this.#turn !== null && !this.#turn.alive && this.#next === null;
  }

  start(work: Work): void {
    this.fault = null;
    if (this.#turn) {
      this.#turn.alive = false;
      this.#next = work;
      this.#changed();
    } else {
      void this.#run(work);
    }
  }

  cancel(): void {
    this.#next = null;
    if (this.#turn) this.#turn.alive = false;
    this.#changed();
  }

  async #run(work: Work): Promise<void> {
    const turn = new Turn((progress) => {
      this.progress = progress;
      this.#changed();
    });
    this.#turn = turn;
    this.finished = false;
    this.progress = "";
    this.#changed();
    try {
      await work(turn);
      this.finished = turn.alive;
    } catch (error) {
      // What a cancelled question ends in is of no interest.
      if (turn.alive) this.fault = { field: error instanceof EngineError ? error.fault.field : null, message: error instanceof Error ? error.message : String(error) };
    }
    this.#turn = null;
    this.progress = "";
    const next = this.#next;
    this.#next = null;
    if (next) void this.#run(next);
    else this.#changed();
  }
}
