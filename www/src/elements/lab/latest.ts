/** Questions to the engine one at a time: while one runs, only the latest of those that follow is kept. */
import { EngineError } from "../../state/client";
import type { Fault } from "../../worker/protocol";

export class Latest {
  #busy = false;
  #next: (() => Promise<void>) | null = null;

  get busy(): boolean {
    return this.#busy;
  }

  /** `job` must not throw. */
  run(job: () => Promise<void>): void {
    this.#next = job;
    if (!this.#busy) void this.#work();
  }

  async #work(): Promise<void> {
    this.#busy = true;
    while (this.#next) {
      const job = this.#next;
      this.#next = null;
      await job();
    }
    this.#busy = false;
  }
}

/** What the engine said, whatever was thrown. */
export function faultOf(error: unknown): Fault {
  return error instanceof EngineError ? error.fault : { kind: "internal", field: null, message: error instanceof Error ? error.message : String(error) };
}
