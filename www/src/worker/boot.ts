/** What every worker does first: load the wasm package, then hand each message to the session. */
import type { EngineModule } from "./engine-api";
import { toFault } from "./fault";
import type { Presets, Request, Update } from "./protocol";
import type { Post, Session } from "./session";

const scope = self as unknown as {
  postMessage(message: Update, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent<Request>) => void) | null;
};

const post: Post = (update, transfer = []) => scope.postMessage(update, transfer);

/** Starts the worker; `presets` tells the page of the configurations it may choose from. */
export async function boot(
  make: (module: EngineModule, post: Post) => Session,
  presets: (module: EngineModule) => Presets | null = () => null,
): Promise<void> {
  // Messages may arrive while the wasm module compiles; keep them in order.
  const early: Request[] = [];
  scope.onmessage = (event) => early.push(event.data);
  try {
    // A run-time URL keeps the package a separate file that any static host can serve beside this one.
    const address = new URL("./pkg/unnoise.js", import.meta.url).href;
    const engine = (await import(address)) as EngineModule;
    await engine.default();
    post({ type: "defaults", config: engine.default_config(), sample: engine.default_sample_options(), presets: presets(engine) });
    const session = make(engine, post);
    scope.onmessage = (event) => session.submit(event.data);
    for (const request of early) session.submit(request);
    await session.run();
  } catch (error) {
    post({ type: "trouble", fault: toFault(error), fatal: true });
  }
}
