/** Measuring in a worker of its own per backend: a fault of one, or what it leaves in memory, is none of the other's. */
import type { BackendName, BenchOutcome, DeviceInfo, Peaks } from "../engine-types";
import type { BenchWish } from "../worker/engine-api";
import type { Answer, Question } from "../worker/bench-worker";
import type { Fault } from "../worker/protocol";

/** What is known of a backend so far. */
export interface Measured {
  backend: BackendName;
  adapter: DeviceInfo | null;
  peaks: Peaks | null;
  outcomes: BenchOutcome[];
  fault: Fault | null;
}

/** Everything, for programs. */
export interface BenchJson {
  date: string;
  browser: string;
  depth: BenchWish["depth"];
  backends: Measured[];
}

/** What the worker says, up to its end. Leaving the loop or `signal` ends the worker, and with it the work. */
export async function* measure(backend: BackendName, wish: BenchWish, signal: AbortSignal): AsyncGenerator<Answer> {
  const worker = new Worker(new URL("./bench-worker.js", import.meta.url), { type: "module", name: `unnoise bench ${backend}` });
  const said: Answer[] = [];
  let wake = (): void => {};
  const hear = (answer: Answer): void => {
    said.push(answer);
    wake();
  };
  worker.onmessage = ({ data }: MessageEvent<Answer>) => hear(data);
  worker.onerror = ({ message }) => hear({ event: "fault", fault: { kind: "internal", field: null, message: message || "bench-worker.js" } });
  const abort = (): void => wake();
  signal.addEventListener("abort", abort);
  try {
    worker.postMessage({ backend, wish } satisfies Question);
    while (!signal.aborted) {
      const answer = said.shift();
      if (!answer) {
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      yield answer;
      if (answer.event === "done" || answer.event === "fault") return;
    }
  } finally {
    signal.removeEventListener("abort", abort);
    worker.terminate();
  }
}
