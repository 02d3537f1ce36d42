/** Worker entry: loads the wasm package, then hands every message to the session. */
import type { EngineModule } from "./engine-api";
import { toFault } from "./fault";
import type { Request, Update } from "./protocol";
import { Session } from "./session";

const scope = self as unknown as {
  postMessage(message: Update, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent<Request>) => void) | null;
};

const post = (update: Update, transfer: Transferable[] = []): void => scope.postMessage(update, transfer);

async function main(): Promise<void> {
  // Messages may arrive while the wasm module compiles; keep them in order.
  const early: Request[] = [];
  scope.onmessage = (event) => early.push(event.data);
  try {
    // A run-time URL keeps the package a separate file that any static host can serve beside this one.
    const address = new URL("./pkg/unnoise.js", import.meta.url).href;
    const engine = (await import(address)) as EngineModule;
    await engine.default();
    post({ type: "defaults", config: engine.default_config(), sample: engine.default_sample_options() });
    const session = new Session(engine, post);
    scope.onmessage = (event) => session.submit(event.data);
    for (const request of early) session.submit(request);
    await session.run();
  } catch (error) {
    post({ type: "trouble", fault: toFault(error), fatal: true });
  }
}

void main();
