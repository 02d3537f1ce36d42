/** Worker of the bench page: measures the backend it is asked for, and answers with a report or a fault. */
import type { BackendName } from "../engine-types";
import type { BenchReport, EngineModule } from "./engine-api";
import { toFault } from "./fault";
import type { Fault } from "./protocol";

export type Answer = { report: BenchReport } | { fault: Fault };

const scope = self as unknown as {
  postMessage(answer: Answer): void;
  onmessage: ((event: MessageEvent<BackendName>) => void) | null;
};

async function measure(backend: BackendName): Promise<Answer> {
  try {
    // As in worker.ts: the package is a separate file beside this one.
    const address = new URL("./pkg/unnoise.js", import.meta.url).href;
    const engine = (await import(address)) as EngineModule;
    await engine.default();
    return { report: await engine.bench(backend) };
  } catch (error) {
    return { fault: toFault(error) };
  }
}

scope.onmessage = ({ data }) => void measure(data).then((answer) => scope.postMessage(answer));
