/** Worker of the bench page: measures the backend it is asked for, and tells what comes of it as it goes. */
import type { BackendName, BenchEvent } from "../engine-types";
import type { BenchWish, EngineModule } from "./engine-api";
import { toFault } from "./fault";
import type { Fault } from "./protocol";

export interface Question {
  backend: BackendName;
  wish: BenchWish;
}

export type Answer = BenchEvent | { event: "done" } | { event: "fault"; fault: Fault };

const scope = self as unknown as {
  postMessage(answer: Answer): void;
  onmessage: ((event: MessageEvent<Question>) => void) | null;
};

async function measure({ backend, wish }: Question): Promise<Answer> {
  try {
    // A package of its own: the page does without what only the bench calls.
    const address = new URL("./bench/pkg/unnoise.js", import.meta.url).href;
    const engine = (await import(address)) as EngineModule;
    await engine.default();
    await engine.bench(backend, wish.depth, wish.only, (event) => scope.postMessage(event));
    return { event: "done" };
  } catch (error) {
    return { event: "fault", fault: toFault(error) };
  }
}

scope.onmessage = ({ data }) => void measure(data).then((answer) => scope.postMessage(answer));
