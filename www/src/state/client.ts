/** The page's end of the worker: commands become promises, updates go to one listener. */
import type { Command, Fault, Results, Update } from "../worker/protocol";

/** A failed command; `fault` is what the engine said. */
export class EngineError extends Error {
  readonly fault: Fault;
  constructor(fault: Fault) {
    super(fault.message);
    this.fault = fault;
  }
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: EngineError): void;
}

export class Client {
  #worker: Worker;
  #next = 1;
  #waiting = new Map<number, Waiting>();

  /** `script` is the worker's file beside this one. */
  constructor(script: string, listen: (update: Update) => void) {
    this.#worker = new Worker(new URL(script, import.meta.url), { type: "module", name: "unnoise" });
    this.#worker.onmessage = ({ data }: MessageEvent<Update>) => {
      if (data.type === "done") this.#settle(data.id)?.resolve(data.result);
      else if (data.type === "failed") this.#settle(data.id)?.reject(new EngineError(data.fault));
      else listen(data);
    };
    this.#worker.onerror = (event) => {
      listen({ type: "trouble", fatal: true, fault: { kind: "internal", field: null, message: event.message || script } });
    };
  }

  call<C extends Command>(command: C, transfer: Transferable[] = []): Promise<Results[C["type"]]> {
    const id = this.#next++;
    this.#worker.postMessage({ ...command, id }, transfer);
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve: resolve as Waiting["resolve"], reject }));
  }

  end(): void {
    this.#worker.terminate();
    this.#waiting.clear();
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }
}
